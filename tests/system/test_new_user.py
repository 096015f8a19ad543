"""The whole way of somebody who has a film and a board: from the questions to the first record."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from bthome_receiver import Receiver
from click.testing import CliRunner
from flashed_board import SPEED, configuration

from filmgauge_host.cli.app import main
from filmgauge_host.provision.node_file import read_node
from filmgauge_sim.air.air import Air
from filmgauge_sim.board.flash import make_flash
from filmgauge_sim.board.littlefs_outside import fetch
from filmgauge_sim.board.radio_port import Advertisement
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.sections import CellSection
from filmgauge_sim.nodes.serial_bench import bench_board
from filmgauge_sim.nodes.surroundings import CyclerStep, WorldSection

ANSWERS = (
    """leaf-1
stm32wb55
film
pre-li
20
n
60
"""
    + "\n" * 14
)


def filmgauge(*arguments: object, answers: str = "") -> Any:
    """Run a command that must succeed; return the object that it printed."""
    ran = CliRunner().invoke(main, [*map(str, arguments), "--json"], input=answers)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a node that has been asked for."""
    done = filmgauge("provision", "--out", tmp_path / "nodes", answers=ANSWERS)
    assert done["made"] == ["ble_key", "command_key"]
    return tmp_path / "nodes/leaf-1"


def test_its_budget_is_printed_line_by_line(folder: Path) -> None:
    budget = filmgauge("node", "budget", folder)
    assert {"asleep", "converter", "leakage"} <= {line["name"] for line in budget["lines"]}
    power_uw = sum(line["power_uw"] for line in budget["lines"])
    assert budget["power_uw"] == pytest.approx(power_uw)
    assert budget["harvester_uw"] > power_uw / 0.9  # peak efficiency of the converter
    assert budget["cell_days"] == pytest.approx(322.2 / budget["cell_uah_day"], rel=1e-3)
    assert budget["booked"]["own_uw"] > 0
    text = CliRunner().invoke(main, ["node", "budget", str(folder)]).output
    assert text.count(" uAh a day") == 1 + sum(1 for line in budget["lines"] if line["power_uw"])


def test_from_the_questions_to_the_first_record(folder: Path, tmp_path: Path) -> None:
    air = Air(seed=1)
    scanner = air.scanner()
    options, radio_port = SerialOptions(speed=SPEED), air.radio_port("leaf-1")
    with bench_board("stm32wb55", tmp_path, options, radio_port=radio_port) as board:
        flashed = filmgauge("flash", "--port", board.port.path, "--node", folder)
    record = flashed["record"]
    assert (record["boot"], record["seq"], record["faults"]) == (1, 0, "none")
    assert record["soc_pct"] == pytest.approx(60, abs=1)

    # What was flashed is what is simulated, bit for bit.
    out = tmp_path / "run"
    short = ("--runtime", "cpython", "--duration", "10min", "--speed", "max", "--out", out)
    assert filmgauge("run", "--node", folder, *short)["nodes"][0]["sent"] == 1
    real = board.board.flash
    simulated = make_flash(out / "leaf-1.flash", real.pages, real.driver)
    for path in ("/config.json", "/profile.bin"):
        assert fetch(real, path) == fetch(simulated, path)

    # And whoever has its key hears the record.
    air.run_to(board.board.now_us)
    reports = [report for report in scanner.drain() if not report.is_response]
    air.close()
    assert reports
    _, secrets = read_node(folder, lambda _: None)
    receiver = Receiver(secrets["ble_key"])
    address = bytes.fromhex(reports[0].address.replace(":", ""))
    first = Advertisement(reports[0].at_us, address, True, reports[0].data, b"", True)
    values = receiver.read(first)
    assert receiver.parser.bindkey_verified
    assert values["packet_id"] == record["seq"]
    assert values["battery"] == pytest.approx(record["soc_pct"], abs=1)
    assert values["temperature"] == pytest.approx(record["temperature_c"], abs=0.01)


def test_another_board_than_the_described_is_refused(folder: Path, tmp_path: Path) -> None:
    with bench_board("esp32-c3", tmp_path, SerialOptions(speed=SPEED)) as board:
        arguments = ["flash", "--port", str(board.port.path), "--node", str(folder)]
        ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 1
    assert ran.stderr.splitlines()[-1] == (
        "filmgauge: the board is to be stm32wb55, but the interpreter on it was made for: "
        "ESP32C3 module with ESP32C3"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give --node, or --board"),
        (("--node", "{node}", "--config", "x"), "not both"),
        (("--node", "{node}", "--board", "pico-w"), "--board is pico-w, but the node's is"),
        (("--node", "nowhere"), "nowhere cannot be read"),
    ],
)
def test_what_to_flash_must_be_clear(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    given = [argument.format(node=folder) for argument in arguments]
    ran = CliRunner().invoke(main, ["flash", "--port", "/nowhere", *given])
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    assert words in ran.stderr


def test_a_cell_of_another_area_begins_with_its_own_charge(tmp_path: Path) -> None:
    described = NodeDescription(
        name="n", board="stm32wb55", cell=CellSection(set="evp-li", area_cm2=1.0, soc=0.5)
    )
    discharged = WorldSection(cycler=[CyclerStep(action="discharge", rate_c=0.5, hours=1000.0)])
    config = tmp_path / "config.json"
    charge = {"initial_soc_ppm": 500_000, "initial_sigma_ppm": 1000}
    config.write_text(json.dumps(configuration("stm32wb55", "", **charge)))
    options = SerialOptions(speed=SPEED)
    with bench_board(described, tmp_path, options, surroundings=discharged) as board:
        port = ("--port", board.port.path)
        cell = ("--cell", "evp-li", "--area")
        flash = ("flash", *port, "--board", "stm32wb55")
        filmgauge(*flash, "--config", config, *cell, 1)
        time.sleep(4.0)  # which is a quarter of an hour for the node
        before = filmgauge("node", "status", *port)["state"]
        ran = CliRunner().invoke(main, [*map(str, (*flash, *cell, 2))])
        after = filmgauge("node", "status", *port)
    assert ran.exit_code == 0, ran.output
    assert before["soc_pct"] < 49
    assert before["ledger_uah"]["measured"] < -0.1
    # The first record closes the old ledger and says so; charge and size are the new cell's.
    done, advice, _ = ran.stdout.splitlines()
    assert done.startswith("done: node on ")
    assert "record 0 of boot" in done
    assert "faults: cell_changed" in done
    assert advice.startswith("what next: filmgauge node status --port ")
    assert float(done.split(": ")[2].split(" %")[0]) == pytest.approx(50, abs=0.5)
    state = after["state"]
    assert state["full_uah"] == pytest.approx(2 * before["full_uah"], rel=0.01)
    began_uah = state["stored_uah"] - state["ledger_uah"]["measured"]  # it discharges meanwhile
    assert began_uah == pytest.approx(before["full_uah"], rel=0.02)  # half of two
