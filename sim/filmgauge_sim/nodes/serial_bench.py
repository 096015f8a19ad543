"""A virtual board on the bench with a serial port, its sensors wired to a film cell."""

import random
from pathlib import Path

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.flash import make_flash
from filmgauge_sim.board.radio_port import RadioPort
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.board.wifi import AccessPoint
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.configuration import VIRTUAL_SSID
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.world import build_world

_PORT = "port"


def bench_board(
    node: str | NodeDescription,
    folder: Path,
    options: SerialOptions | None = None,
    image: Path | None = None,
    surroundings: WorldSection | None = None,
    real_wait_ms: int = 5000,
    blocks: int | None = None,
    seed: int = 1,
    radio_port: RadioPort | None = None,
) -> SerialBoard:
    """Return a board, not started; its port is the link `folder`/port.

    node: what is wired to it, or a kind of board that is wired as usual; surroundings: a bench at
    rest unless given; image: a flash image to start with, which is copied; blocks: size of the
    flash, that of the kind unless given; radio_port: its way to a Bluetooth air. Raises ValueError
    for an unknown kind or an image of another size.
    """
    if isinstance(node, str):
        node = NodeDescription(name="bench", board=node)
    kind = node.kind
    rng = random.Random(f"{seed} {kind.name}")
    flash = make_flash(image or folder / "flash", blocks or kind.flash_pages, kind.flash)
    world = build_world(node, surroundings or WorldSection(), rng)
    board = VirtualBoard(
        kind=kind,
        world=world,
        flash=flash,
        access_point=AccessPoint(ssid=node.wifi.ssid or VIRTUAL_SSID),
        clock=BoardClock(),
        seed=rng.getrandbits(32),
        unique_id=rng.randbytes(6),
        real_wait_ms=real_wait_ms,
        supply=world if isinstance(world, HarvestingCircuit) else None,
        radio_port=radio_port,
    )
    return SerialBoard(board, folder / _PORT, options or SerialOptions())
