"""A virtual board with the firmware on its flash, wired well or badly, on a serial port."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from filmgauge_host.cli.app import main
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.circuit.wiring import WiringSection
from filmgauge_sim.nodes.serial_bench import bench_board
from filmgauge_sim.nodes.virtual_node import Broker, board_configuration
from filmgauge_sim.scenario.scenario import (
    AmbientSection,
    CellSection,
    CyclerStep,
    FirmwareSection,
    NodeSection,
    SensorSection,
)

NOWHERE = Broker("127.0.0.1", 9)  # discard: nobody listens
AT_PROMPT = {"/main.py": b""}
FLOWING_UA = -2.202  # C/5 of 1 cm2 of evp-li


def section(
    board: str = "esp32-c3",
    wiring: WiringSection | None = None,
    fitted_ohm: float = 1000.0,
    rate_c: float = 0.2,
    mean_c: float = 22.0,
    **firmware: Any,
) -> NodeSection:
    """Return a node on the bench whose cell a cycler discharges; its switch is fitted."""
    step = CyclerStep(action="discharge", rate_c=rate_c, hours=1000.0)
    rest = CyclerStep(action="rest", hours=1000.0)
    return NodeSection(
        name="bench",
        board=board,
        cell=CellSection(set="evp-li", area_cm2=1.0),
        cycler=[step if rate_c else rest],
        ambient=AmbientSection(mean_c=mean_c),
        sensor=SensorSection(errors="ideal", shunt_ohm=fitted_ohm),
        wiring=wiring or WiringSection(),
        firmware=FirmwareSection(**{"zero_every": 360, **firmware}),
    )


@contextmanager
def wired(
    folder: Path,
    bytecode: dict[str, bytes],
    node: NodeSection,
    speed: float = 1.0,
    broker: Broker = NOWHERE,
    **files: bytes | None,
) -> Iterator[SerialBoard]:
    """Give a started board. files: name -> content that differs, None for one that is missing."""
    board = bench_board(node.board, folder, SerialOptions(speed=speed), section=node, blocks=128)
    profile = compile_profile(load_parameters(node.cell.set), node.cell.area_cm2)
    installed: dict[str, bytes | None] = {
        **bytecode,
        "/config.json": json.dumps(board_configuration(node, broker)).encode(),
        "/profile.bin": profile.to_bytes(),
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
