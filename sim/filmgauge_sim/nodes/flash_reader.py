"""What a node has written into its flash, read from outside as whoever fetches it would."""

import contextlib
from collections.abc import Iterator

from filmgauge.config_copy import NAME, effective
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.record.record import Record
from filmgauge.state import SIZE, State
from filmgauge.store.block import HEAD_SIZE, OVERHEAD, unseal
from filmgauge.store.journal import Journal
from filmgauge.store.page_pair import PagePair
from filmgauge.store.page_store import BOND_PAGES, LEAST_PAGES, PAGE, STATE_AT, PageStore
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.littlefs_outside import (
    FilesAtRest,
    fetch,
    found_bytes,
    install,
    listing,
)
from filmgauge_sim.board.shims._protocol import STM32_BLOCK

_BACKLOG = "/backlog"
_CONFIG = "/config.json"
_JOURNAL = "/state"
_ALL = 1 << 30
_NUMBER_BYTES = 4


def state_in(block: bytes) -> State | None:
    """Return the state in a sealed block, None where there is none."""
    for state in _states():
        if unseal(block, state.size) is not None:
            state.buffer[:] = block[: len(state.buffer)]
            return _unpacked(state)
    return None


def journal_state(flash: Flash) -> State | None:
    """Return the state as the journal has it, None where there is none."""
    pages = raw_pages(flash)
    for state in _states():
        if pages is not None and PageStore(pages, state.buffer, _ALL).read_state(state.buffer):
            return _unpacked(state)
    for state in _states():
        if _JournalOutside(flash, size=state.size).load(state.buffer):
            return _unpacked(state)
    return None


def _states() -> Iterator[State]:
    """Yield states to be filled: of a node that always reports alike, and of one that plans."""
    yield State()
    yield State(planned=1)


def backlog(flash: Flash) -> list[str]:
    """Return the names of the records that wait on a node, oldest first."""
    pages = raw_pages(flash)
    if pages is not None:
        return list(PageStore(pages, State().buffer, _ALL).names(_ALL))
    return sorted(name for name in listing(flash, _BACKLOG) if name.isdigit())


def stored_record(flash: Flash, name: str) -> Record:
    """Return a record that waits on a node."""
    pages = raw_pages(flash)
    if pages is not None:
        return Record.from_bytes(PageStore(pages, State().buffer, _ALL).read(name))
    return Record.from_bytes(fetch(flash, f"{_BACKLOG}/{name}"))


def stored_records(flash: Flash) -> list[Record]:
    """Return the records that wait on a node, oldest first, without those that a power cut has
    torn."""
    files = FilesAtRest(flash)
    pages = raw_pages(flash)
    store = PageStore(pages, State().buffer, _ALL) if pages is not None else None
    found = []
    for name in backlog(flash):
        data = store.read(name) if store else files.fetch(f"{_BACKLOG}/{name}")
        with contextlib.suppress(ValueError):
            found.append(Record.from_bytes(data))
    return found


def store_records(flash: Flash, records: list[bytes]) -> None:
    """Let these records wait on a node that keeps them in raw pages, and no others."""
    pages = raw_pages(flash)
    assert pages is not None, "records of this board are files: install them"
    for state in _states():
        store = PageStore(pages, state.buffer, _ALL)
        if store.read_state(state.buffer):
            break
    else:
        store = PageStore(pages, State().buffer, _ALL)
    if newest := store.newest():
        store.forget(*newest, lambda: None)
    for record in records:
        store.add(record)


def stored_number(flash: Flash, path: str) -> int:
    """Return a number that only ever grows, by its path; 0 where there is none."""
    pages = raw_pages(flash)
    if pages is not None and (number := PageStore(pages, State().buffer, _ALL).number(path)):
        return number
    buffer = bytearray(_NUMBER_BYTES + OVERHEAD)
    found = _JournalOutside(flash, path, _NUMBER_BYTES).load(buffer)
    return int.from_bytes(buffer[HEAD_SIZE:][:_NUMBER_BYTES], "little") if found else 0


def configuration(flash: Flash) -> bytes:
    """Return the configuration that counts on a node: the file, or what its pages have."""
    file = fetch(flash, _CONFIG)
    pages = raw_pages(flash)
    if pages is None:
        return file
    end = len(flash.image)
    return effective(file, PagePair(PagesOutside(flash, end - BOND_PAGES * PAGE, end)).read(NAME))


def spoil_states(flash: Flash) -> None:
    """Let nobody read a state that a node has saved, whole or not; all else stays."""
    pages = raw_pages(flash)
    if pages is not None:
        for page in range(pages.ioctl(4, 0) * STM32_BLOCK // PAGE):
            pages.writeblocks(page * PAGE // STM32_BLOCK, bytearray(8), STATE_AT)
        pages.ioctl(3, 0)
    spoilt = {
        f"{_JOURNAL}/{name}": b"spoilt" for name in listing(flash, _JOURNAL) if name[0] in "01"
    }
    if spoilt:
        install(flash, spoilt)


def _unpacked(state: State) -> State | None:
    return state if state.unpack(LedgerOnly()) else None


class PagesOutside:
    """The block device of raw pages from one address to another, as they were at one moment."""

    def __init__(self, flash: Flash, begin: int, end: int) -> None:
        self._image = bytearray(flash.image[begin:end])
        self._flash, self._begin = flash, begin

    def readblocks(self, block: int, buffer: bytearray, offset: int) -> int:
        start = block * STM32_BLOCK + offset
        buffer[:] = self._image[start : start + len(buffer)]
        return 0

    def writeblocks(self, block: int, buffer: bytearray, offset: int) -> int:
        start = block * STM32_BLOCK + offset
        self._image[start : start + len(buffer)] = buffer
        self._flash.program(self._begin + start, bytes(buffer))
        return 0

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 3:
            self._flash.sync()
            return 0
        return len(self._image) // STM32_BLOCK


def raw_pages(flash: Flash) -> PagesOutside | None:
    """Return the block device of a node's raw pages, None where it has none."""
    begin = found_bytes(flash)
    if begin is None or begin + LEAST_PAGES * PAGE > len(flash.image):
        return None
    return PagesOutside(flash, begin, len(flash.image) - BOND_PAGES * PAGE)


class _JournalOutside(Journal):
    """The firmware's own journal, read from outside."""

    def __init__(self, flash: Flash, path: str = _JOURNAL, size: int = SIZE) -> None:
        super().__init__(path, size)
        self._files = FilesAtRest(flash)

    def _read(self, slot: int, part: int) -> bytes | None:
        try:
            return self._files.fetch(self._name(slot, part))
        except FileNotFoundError:
            return None
