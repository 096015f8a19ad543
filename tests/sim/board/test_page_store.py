"""The firmware's raw pages over a driver with a page in RAM: cuts in every operation, and wear."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filmgauge.state import BLOCK as STATE_BLOCK
from filmgauge.store.block import HEAD_SIZE, OVERHEAD
from filmgauge.store.page_store import PAGE, PageStore
from filmgauge_sim.board.flash import FlashCut, FlashDriver, PageInRam
from filmgauge_sim.board.outcome import BoardStopped

STATE = 40
PAGES = 5
BLOCK = 512
MANY = 1 << 20


class Pages:
    """The block device that the port offers."""

    def __init__(self, flash: PageInRam) -> None:
        self._flash = flash

    def readblocks(self, block: int, buffer: bytearray, offset: int) -> int:
        at = block * BLOCK + offset
        buffer[:] = self._flash.image[at : at + len(buffer)]
        return 0

    def writeblocks(self, block: int, buffer: bytes, offset: int) -> int:
        self._flash.program(block * BLOCK + offset, bytes(buffer))
        return 0

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 4:
            return len(self._flash.image) // BLOCK
        self._flash.sync()
        return 0


def flash_in(folder: Path) -> PageInRam:
    return PageInRam(folder / "image", PAGES, FlashDriver(BLOCK, page_in_ram=True))


def opened(flash: PageInRam, capacity: int = MANY) -> PageStore:
    return PageStore(Pages(flash), bytearray(STATE + OVERHEAD), capacity, "none")


def record(number: int) -> bytes:
    """Return a record of boot 1 with this number as its seq."""
    return b"\3\1\0\0\0" + number.to_bytes(4, "little") + bytes((number & 255,)) * 116


Found = tuple[int | None, list[int], int]


def found_in(flash: PageInRam) -> Found:
    """Return what a node finds: its state, its records and its counter."""
    store, buffer = opened(flash), bytearray(STATE + OVERHEAD)
    state = buffer[HEAD_SIZE] if store.read_state(buffer) else None
    seqs = [int.from_bytes(store.read(name)[5:9], "little") for name in store.names(MANY)]
    assert [record(seq) for seq in seqs] == [store.read(name) for name in store.names(MANY)]
    return state, seqs, store.number("/counter")


def save(flash: PageInRam, number: int) -> None:
    buffer = bytearray(STATE + OVERHEAD)
    buffer[HEAD_SIZE] = number
    opened(flash).save(buffer)


Write = Callable[[PageInRam, int], object]
WRITES: dict[str, Write] = {
    "record": lambda flash, number: opened(flash).add(record(number)),
    "state": lambda flash, number: save(flash, number & 255),
    "counter": lambda flash, number: opened(flash).set_number("/counter", number),
    "forget": lambda flash, number: opened(flash).forget(1, number - 5, lambda: None),
}


@example(before=120, steps=[("record", 2, 0.0)])  # all pages are full
@settings(max_examples=40, deadline=None)
@given(
    before=st.integers(0, 130),
    steps=st.lists(
        st.tuples(st.sampled_from(sorted(WRITES)), st.integers(1, 2), st.floats(0, 1)),
        min_size=1,
        max_size=12,
    ),
)
def test_a_cut_costs_the_write_that_it_falls_into_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory,
    before: int,
    steps: list[tuple[str, int, float]],
) -> None:
    """Cuts one after the other, in erase or program, each followed by another try."""
    flash = flash_in(tmp_path_factory.mktemp("pages"))
    store = opened(flash)
    for number in range(before):
        store.add(record(number))
    for number, (what, operation, part) in enumerate(steps, before):
        was = found_in(flash)
        flash.cut = FlashCut(flash.operations + operation, part)
        try:
            WRITES[what](flash, number)
        except BoardStopped:
            flash.lose_power()
        has_cut, flash.cut = flash.cut is None, None
        found = found_in(flash)
        # Where no page was free, the oldest records may be gone that were to make room.
        gone = len(was[1]) - len(found[1])
        is_undone = gone in (0, 24) and found == (was[0], was[1][gone:], was[2])
        if has_cut and operation == 1:
            assert is_undone
        if has_cut and is_undone:
            WRITES[what](flash, number)
        if what == "record":
            assert found_in(flash)[1][-1] == number


def test_the_state_of_this_firmware_has_its_room(tmp_path: Path) -> None:
    pages = Pages(flash_in(tmp_path))
    buffer = bytearray(bytes(range(250)) * 4)[:STATE_BLOCK]
    store = PageStore(pages, buffer, MANY)
    store.add(record(7))
    again = bytearray(STATE_BLOCK)
    reopened = PageStore(pages, bytearray(STATE_BLOCK), MANY)
    assert reopened.read_state(again)
    assert again == buffer
    assert reopened.read("00000000") == record(7)


@pytest.mark.parametrize(("capacity", "forgets"), [(MANY, False), (30, False), (MANY, True)])
def test_all_pages_wear_alike(tmp_path: Path, capacity: int, forgets: bool) -> None:
    flash = flash_in(tmp_path)
    store = opened(flash, capacity)
    for number in range(PAGES * 24 * 8):
        store.add(record(number))
        if forgets and number % 7 == 6:
            store.forget(1, number, lambda: None)
    mean = sum(flash.wear) / PAGES
    assert max(flash.wear) < 1.15 * mean
    assert min(flash.wear) > 0.85 * mean
    assert len(flash.image) == PAGE * PAGES
