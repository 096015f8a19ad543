"""What a node has written into its flash, read from outside as whoever fetches it would."""

from filmgauge.gauge.fuel_gauge import LedgerOnly
from filmgauge.record.record import Record
from filmgauge.state import SIZE, State
from filmgauge.store.block import unseal
from filmgauge.store.journal import Journal
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.littlefs_outside import fetch, listing

_BACKLOG = "/backlog"
_JOURNAL = "/state"


def state_in(block: bytes) -> State | None:
    """Return the state in a sealed block, None where there is none."""
    if unseal(block, SIZE) is None:
        return None
    state = State()
    state.buffer[:] = block[: len(state.buffer)]
    return _unpacked(state)


def journal_state(flash: Flash) -> State | None:
    """Return the state as the journal has it, None where there is none."""
    state = State()
    return _unpacked(state) if _JournalOutside(flash).load(state.buffer) else None


def backlog(flash: Flash) -> list[str]:
    """Return the names of the records that wait on a node, oldest first."""
    return sorted(name for name in listing(flash, _BACKLOG) if name.isdigit())


def stored_record(flash: Flash, name: str) -> Record:
    """Return a record that waits on a node."""
    return Record.from_bytes(fetch(flash, f"{_BACKLOG}/{name}"))


def _unpacked(state: State) -> State | None:
    return state if state.unpack(LedgerOnly()) else None


class _JournalOutside(Journal):
    """The firmware's own journal, read from outside."""

    def __init__(self, flash: Flash) -> None:
        super().__init__(_JOURNAL, SIZE)
        self._flash = flash

    def _read(self, slot: int, part: int) -> bytes | None:
        try:
            return fetch(self._flash, self._name(slot, part))
        except FileNotFoundError:
            return None
