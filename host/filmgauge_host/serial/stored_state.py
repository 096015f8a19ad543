"""The state that a node keeps, decoded with the firmware's own classes."""

import json
from types import SimpleNamespace
from typing import Any

from filmgauge.config import Config
from filmgauge.control.protection import Protection, Unprotected
from filmgauge.decoding.ledger_lines import LEDGER_LINES
from filmgauge.gauge.fuel_gauge import FuelGauge, LedgerOnly
from filmgauge.gauge.profile import Profile
from filmgauge.record.limit_text import limit_text
from filmgauge.record.record_text import fault_text
from filmgauge.state import State
from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_link import BoardError, BoardLink


def read_state(link: BoardLink, block: bytes) -> dict[str, Any]:
    """Read a block with the configuration and the profile that are on the board.

    Returns counters, shares in percent and charges in uAh, a line of the ledger each; None for
    what a node without profile lacks. Raises ValueError, one sentence, for a block or a
    configuration that this version does not read.
    """
    state = State()
    if len(block) == len(state.buffer):
        state.buffer[:] = block
    if len(block) != len(state.buffer) or not state.unpack():
        raise ValueError("what the node remembers is of another version")
    gauge, protection = _owners(link, state)
    state.unpack(gauge, protection)
    limits = protection.limits_word()
    return {
        "boot": state.boot,
        "seq": state.seq,
        "wakes": state.wakes,
        "faults": fault_text(state.faults),
        "memory_resets": state.memory_resets,
        "limits": None if limits is None else limit_text(limits),
        "soc_pct": scaled(gauge.soc_ppm(), 1e4),
        "soc_sigma_pct": scaled(gauge.sigma_ppm(), 1e4),
        "stored_uah": scaled(gauge.stored_nah(), 1000),
        "full_uah": scaled(gauge.full_nah(), 1000),
        "ledger_uah": {
            line: gauge.ledger.line_nah(number) / 1000 for number, line in enumerate(LEDGER_LINES)
        },
    }


def scaled(value: int | None, per: float) -> float | None:
    """Return a number in a unit that is `per` of its own; None stays."""
    return None if value is None else value / per


def _owners(link: BoardLink, state: State) -> tuple[Any, Any]:
    """Return the gauge and the protection of the node, to be filled from its block.

    Of another cell than the one on the board's files only the ledger can be read.
    """
    files = BoardFiles(link)
    config: Any = Config(**json.loads(files.read("/config.json")))
    try:
        profile = Profile.from_bytes(files.read("/profile.bin"))
    except (BoardError, ValueError):  # then it only counts
        return LedgerOnly(), Unprotected()
    if not state.is_of_cell(profile.crc, config.cell_number):
        return LedgerOnly(), Unprotected()
    no_pins = SimpleNamespace(latch=None)
    return FuelGauge(profile, config.shunt_mohm), Protection(no_pins, config, profile)
