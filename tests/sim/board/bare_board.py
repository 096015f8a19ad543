"""A world of bare wires for a virtual board, and a kind of board with round numbers."""

from pathlib import Path
from typing import Any

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.board_kind import BoardKind, BoardPins
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.flash import make_flash
from filmgauge_sim.board.wifi import AccessPoint
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.tmp117 import Tmp117

KIND = BoardKind(
    pins=BoardPins(scl=9, sda=8, gate=10, sensors=11, disconnect=12, charge=13),
    name="round",
    boot_us=100_000,
    boot_ua=10_000.0,
    active_ua=1_000.0,
    light_sleep_ua=100.0,
    deep_sleep_ua=5.0,
    associating_ua=50_000.0,
    connected_ua=30_000.0,
)
PAGES = 32


class BareWorld:
    """A TMP117 at 0x48 on the bus; notes what the pins do and when."""

    def __init__(self) -> None:
        self.bus = I2CBus()
        self.reached_us = 0
        self.pins: list[tuple[int, int, int]] = []
        self.tmp117 = Tmp117(offset_c=0.0)
        self.bus.attach(self.tmp117)
        self.tmp117.power(True, 0)

    def advance_to(self, now_us: int) -> None:
        assert now_us >= self.reached_us
        self.reached_us = now_us
        self.tmp117.advance(now_us, 25.0)

    def set_pin(self, pin: int, level: int, now_us: int) -> None:
        self.pins.append((pin, level, now_us))


def bare_board(folder: Path, **changes: Any) -> VirtualBoard:
    """Return a board of `KIND` in a world of its own; its flash is `folder`/flash."""
    kind = changes.get("kind", KIND)
    driver = BOARDS["stm32wb55"].flash if kind.port == "stm32" else kind.flash
    flash = make_flash(folder / "flash", PAGES, driver)
    given = {
        "kind": KIND,
        "world": BareWorld(),
        "flash": flash,
        "access_point": AccessPoint(ssid="lab", password="secret"),
        "clock": BoardClock(),
        "seed": 1,
        "unique_id": b"\1\2\3\4\5\6",
        "real_wait_ms": 50,
    }
    return VirtualBoard(**{**given, **changes})
