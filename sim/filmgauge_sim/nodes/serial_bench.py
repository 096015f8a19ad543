"""A virtual board on the bench with a serial port, its sensors wired to a film cell."""

import random
from pathlib import Path

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.board.wifi import AccessPoint
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.world import build_world
from filmgauge_sim.scenario.scenario import CellSection, NodeSection

SSID = "virtual"
_PORT = "port"


def bench_board(
    kind_name: str,
    folder: Path,
    options: SerialOptions | None = None,
    image: Path | None = None,
    section: NodeSection | None = None,
    real_wait_ms: int = 5000,
    blocks: int | None = None,
    seed: int = 1,
) -> SerialBoard:
    """Return a board of a kind, not started; its port is the link `folder`/port.

    image: a flash image to start with, which is copied; blocks: size of the flash, that of the
    kind unless given. ValueError for an unknown kind or an image of another size.
    """
    kind = board_kind(kind_name)
    rng = random.Random(f"{seed} {kind_name}")
    if section is None:
        section = NodeSection(name="bench", cell=CellSection())
    size = blocks or kind.file_system_blocks
    flash = Flash(image or folder / "flash", size)
    board = VirtualBoard(
        kind=kind,
        world=build_world(section, kind, rng),
        flash=flash,
        access_point=AccessPoint(ssid=SSID),
        clock=BoardClock(),
        seed=rng.getrandbits(32),
        unique_id=rng.randbytes(6),
        real_wait_ms=real_wait_ms,
    )
    return SerialBoard(board, folder / _PORT, options or SerialOptions())
