"""What a node has written into its flash, read from outside as whoever fetches it would."""

from filmgauge.gauge.fuel_gauge import LedgerOnly
from filmgauge.record.record import Record
from filmgauge.state import SIZE, State
from filmgauge.store.block import unseal
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.littlefs_outside import fetch, listing

_BACKLOG = "/backlog"


def state_in(block: bytes) -> State | None:
    """Return the state in a sealed block, None where there is none."""
    if unseal(block, SIZE) is None:
        return None
    state = State()
    state.buffer[:] = block[: len(state.buffer)]
    return state if state.unpack(LedgerOnly(shunt_mohm=1_000_000)) else None


def backlog(flash: Flash) -> list[str]:
    """Return the names of the records that wait on a node, oldest first."""
    return sorted(name for name in listing(flash, _BACKLOG) if name.isdigit())


class StoredRecords:
    """Reads the records of a node that only stores them, each one once."""

    def __init__(self, flash: Flash) -> None:
        self.made = 0  # so far, dropped ones included: their numbers go on
        self._flash = flash
        self._programs = -1

    @property
    def next_number(self) -> int:
        """The number that the next record will have."""
        names = backlog(self._flash)
        return int(names[-1]) + 1 if names else 0

    def boot_since(self, number: int) -> int | None:
        """Return the boot of the newest record from `number` on, None where there is none."""
        names = backlog(self._flash)
        if not names or int(names[-1]) < number:
            return None
        boot, *_ = self._read(names[-1]).values()
        return boot

    def new(self) -> list[Record]:
        """Return the records that have come since the last call, oldest first."""
        if self._flash.programs == self._programs:
            return []
        self._programs = self._flash.programs
        fresh = [name for name in backlog(self._flash) if int(name) >= self.made]
        if fresh:
            self.made = int(fresh[-1]) + 1
        return [self._read(name) for name in fresh]

    def _read(self, name: str) -> Record:
        return Record.from_bytes(fetch(self._flash, f"{_BACKLOG}/{name}"))
