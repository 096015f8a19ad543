"""What a node has written into its flash, read from outside as whoever fetches it would."""

from filmgauge.gauge.fuel_gauge import LedgerOnly
from filmgauge.record.record import Record
from filmgauge.state import SIZE, State
from filmgauge.store.block import unseal
from filmgauge.store.journal import Journal
from filmgauge.store.page_store import LEAST_PAGES, PAGE, PageStore
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.littlefs_outside import fetch, found_bytes, listing
from filmgauge_sim.board.shims._protocol import STM32_BLOCK

_BACKLOG = "/backlog"
_JOURNAL = "/state"
_ALL = 1 << 30


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
    pages = _pages(flash)
    if pages is not None and PageStore(pages, state.buffer, _ALL).load(state.buffer):
        return _unpacked(state)
    return _unpacked(state) if _JournalOutside(flash).load(state.buffer) else None


def backlog(flash: Flash) -> list[str]:
    """Return the names of the records that wait on a node, oldest first."""
    pages = _pages(flash)
    if pages is not None:
        return PageStore(pages, State().buffer, _ALL).names(_ALL)
    return sorted(name for name in listing(flash, _BACKLOG) if name.isdigit())


def stored_record(flash: Flash, name: str) -> Record:
    """Return a record that waits on a node."""
    pages = _pages(flash)
    if pages is not None:
        return Record.from_bytes(PageStore(pages, State().buffer, _ALL).read(name))
    return Record.from_bytes(fetch(flash, f"{_BACKLOG}/{name}"))


def _unpacked(state: State) -> State | None:
    return state if state.unpack(LedgerOnly()) else None


class _PagesOutside:
    """The block device of raw pages behind the file system, to read."""

    def __init__(self, flash: Flash, begin: int) -> None:
        self._image = bytes(flash.image[begin:])

    def readblocks(self, block: int, buffer: bytearray, offset: int) -> int:
        start = block * STM32_BLOCK + offset
        buffer[:] = self._image[start : start + len(buffer)]
        return 0

    def ioctl(self, operation: int, argument: int) -> int:
        return len(self._image) // STM32_BLOCK


def _pages(flash: Flash) -> _PagesOutside | None:
    begin = found_bytes(flash)
    if begin is None or begin + LEAST_PAGES * PAGE > len(flash.image):
        return None
    return _PagesOutside(flash, begin)


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
