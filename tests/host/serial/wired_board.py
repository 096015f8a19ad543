"""A virtual board with the firmware on its flash, wired well or badly, on a serial port."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from msgspec.structs import replace

from filmgauge_host.cli.app import main
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.circuit.wiring import WiringSection
from filmgauge_sim.nodes.configuration import NEW_NODE, Broker, board_files
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.sections import IntervalsSection
from filmgauge_sim.nodes.serial_bench import bench_board
from filmgauge_sim.nodes.surroundings import (
    AmbientSection,
    CyclerStep,
    SensorTruthSection,
    WorldSection,
)
from filmgauge_sim.scenario.scenario import ScenarioNode

NOWHERE = Broker("127.0.0.1", 9)  # discard: nobody listens
AT_PROMPT = {"/main.py": b""}
FLOWING_UA = -2.202  # C/5 of 1 cm2 of evp-li


def section(
    board: str = "esp32-c3",
    wiring: WiringSection | None = None,
    fitted_ohm: float = 1000.0,
    rate_c: float = 0.2,
    mean_c: float = 22.0,
    **intervals: int,
) -> ScenarioNode:
    """Return a node on the bench whose cell a cycler discharges; its switch is fitted."""
    step = CyclerStep(action="discharge", rate_c=rate_c, hours=1000.0)
    rest = CyclerStep(action="rest", hours=1000.0)
    return ScenarioNode(
        description=NodeDescription(
            name="bench",
            board=board,
            intervals=IntervalsSection(**{"offset_every": 360, **intervals}),
        ),
        world=WorldSection(
            cycler=[step if rate_c else rest],
            ambient=AmbientSection(mean_c=mean_c),
            sensor=SensorTruthSection(errors="ideal", shunt_ohm=fitted_ohm),
            wiring=wiring or WiringSection(),
        ),
    )


@contextmanager
def wired(
    folder: Path,
    bytecode: dict[str, bytes],
    node: ScenarioNode,
    speed: float = 1.0,
    broker: Broker = NOWHERE,
    **files: bytes | None,
) -> Iterator[SerialBoard]:
    """Give a started board. files: name -> content that differs, None for one that is missing."""
    described = node.description
    options = SerialOptions(speed=speed)
    powered = replace(described, supply="usb")  # by its serial port, as `filmgauge board` has it
    board = bench_board(powered, folder, options, surroundings=node.world, blocks=128)
    installed: dict[str, bytes | None] = {
        **bytecode,
        **NEW_NODE,
        **board_files(described, node.secrets, broker),
        **{f"/{name.replace('_', '.')}": content for name, content in files.items()},
    }
    install(board.board.flash, {k: v for k, v in installed.items() if v is not None})
    with board:
        yield board


def look_inside(folder: Path, command: str, *arguments: object) -> Result:
    """Run `filmgauge node` on the board of a folder."""
    port = str(folder / "port")
    return CliRunner().invoke(main, ["node", command, "--port", port, *map(str, arguments)])


def answered(folder: Path, command: str, *arguments: object) -> dict[str, Any]:
    ran = look_inside(folder, command, *arguments, "--json")
    assert ran.exit_code in (0, 1), ran.output
    assert ran.stdout.startswith("{"), ran.output
    return json.loads(ran.stdout.splitlines()[-1])
