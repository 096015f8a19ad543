"""The state that a node keeps, decoded with the firmware's own classes."""

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from filmgauge.config import Config
from filmgauge.control.protection import Protection, Unprotected
from filmgauge.gauge.fuel_gauge import FuelGauge, LedgerOnly
from filmgauge.gauge.ledger import LINES
from filmgauge.gauge.profile import Profile
from filmgauge.state import State
from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_link import BoardError, BoardLink


@dataclass(frozen=True)
class StoredState:
    """Charges in nAh, a line of the ledger each; None for what a node without profile lacks."""

    boot: int
    seq: int
    wakes: int
    faults: int
    limits: int | None
    soc_ppm: int | None
    sigma_ppm: int | None
    stored_nah: int | None
    full_nah: int | None
    ledger_nah: list[int]


def read_state(link: BoardLink, block: bytes) -> StoredState | None:
    """Read a block with the configuration and the profile that are on the board.

    Returns None for a block of another version of the firmware. Raises ValueError for a
    configuration that this version does not read.
    """
    state = State()
    if len(block) != len(state.buffer):
        return None
    state.buffer[:] = block
    gauge, protection = _owners(link)
    if not state.unpack(gauge, protection):
        return None
    return StoredState(
        state.boot,
        state.seq,
        state.wakes,
        state.faults,
        protection.limits_word(),
        gauge.soc_ppm(),
        gauge.sigma_ppm(),
        gauge.stored_nah(),
        gauge.full_nah(),
        [gauge.ledger.line_nah(line) for line in range(LINES)],
    )


def _owners(link: BoardLink) -> tuple[Any, Any]:
    """Return the gauge and the protection of the node, to be filled from its block."""
    files = BoardFiles(link)
    config: Any = Config(**json.loads(files.read("/config.json")))
    try:
        profile = Profile.from_bytes(files.read("/profile.bin"))
    except (BoardError, ValueError):  # then it only counts
        return LedgerOnly(), Unprotected()
    no_pins = SimpleNamespace(latch=None)
    return FuelGauge(profile, config.shunt_mohm), Protection(no_pins, config, profile)
