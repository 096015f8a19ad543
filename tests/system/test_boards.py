"""What all boards have in common: a cycle of `bench` on one that is not its own, and what the
firmware's board classes offer."""

import re
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
from bare_board import bare_board

import filmgauge.board as board_package
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.firmware_image import firmware_sources
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.outcome import ResetCause
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario


@pytest.mark.parametrize("board", ["pico-w"])
def test_a_cycle_of_bench_is_the_same_on_both_runtimes(tmp_path: Path, board: str) -> None:
    scenario = load_scenario("bench")
    (node,) = scenario.node
    description = varied(node.description, {"board": board})
    node = msgspec.structs.replace(node, description=description)
    # Charge, rest, discharge and rest, and the zero of the sensor behind its switch.
    scenario = msgspec.structs.replace(scenario, node=[node], duration="9h")
    results, truths = [], []
    runtimes: tuple[RuntimeName, ...] = ("micropython", "cpython")
    for runtime in runtimes:
        folder = tmp_path / runtime
        folder.mkdir()
        with RunSession(scenario, RunOptions(runtime), folder) as session:
            session.run(lambda *_: None, lambda: True)
            results.append(asdict(session.results()[0]))
            truths.append(list(session.simulation.nodes[0].truth))
    assert results[0] == results[1]
    assert truths[0] == truths[1]
    result = results[0]
    assert result["sent"] == result["received"] > 50
    assert result["lost"] == result["duplicated"] == 0
    assert result["within_2_sigma_pct"] >= 95.0
    assert result["soc_max_error_pct"] < 0.5


COMMON = (
    "name",
    "boots_anew",
    "retained",
    "clock_ms",
    "clock_leapt",
    "TAIL",
    "boot_cause",
    "mark_running",
    "feed",
    "i2c",
    "output",
    "latch",
    "watchdog",
    "pages",
    "nap",
    "uplink",
    "sleep",
    "reset",
)
# One program for all boards: firmware with another one takes long to make.
OFFERED = f"""
from filmgauge.board import this_board

board = this_board()
names = {(*COMMON, "radio_off", "doze")!r}
print("lacking", *[name for name in names if not hasattr(board, name)])
"""


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_offers_all_that_the_interface_says(tmp_path: Path, name: str) -> None:
    kind = BOARDS[name]
    names = list(COMMON)
    names += ["radio_off"] if kind.has_wifi else []
    names += ["doze"] if kind.has_bluetooth else []
    assert all(re.search(rf"\b{each}\b", board_package.__doc__ or "") for each in names)
    sources = {**firmware_sources(), "main.py": OFFERED}
    board = bare_board(tmp_path, kind=kind)
    install(board.flash, {"/there.txt": b""})
    runtime = MicroPythonRuntime(board.flash.path, tmp_path / "console", sources=sources)
    board.boot(ResetCause.POWER_ON)
    runtime.run(board)
    runtime.close()
    said, *lacking = (tmp_path / "console").read_text().splitlines()[0].split()
    assert said == "lacking"
    assert not set(lacking) & set(names)
