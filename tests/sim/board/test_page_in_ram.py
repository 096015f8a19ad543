"""Flash behind a driver that keeps a page in RAM, and what a loss of power leaves there."""

from pathlib import Path

import pytest
from board_program import Program, with_firmware
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.board.flash import PAGE, FlashCut, FlashDriver, PageInRam, make_flash
from filmgauge_sim.board.outcome import BoardStopped
from filmgauge_sim.nodes.boards import BOARDS

STM32 = BOARDS["stm32wb55"]
SAVES = """
from filmgauge.store.block import HEAD_SIZE, OVERHEAD
from filmgauge.store.journal import Journal
journal = Journal("/state", 503)
buffer = bytearray(503 + OVERHEAD)
print(journal.load(buffer))
for number in range(8):
    buffer[HEAD_SIZE] = number
    journal.save(buffer)
print("saved")
"""
SOURCES = with_firmware(SAVES)


def flash(folder: Path, pages: int = 4) -> PageInRam:
    return PageInRam(folder / "image", pages, FlashDriver(512, page_in_ram=True))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2 * PAGE - 300), st.binary(min_size=1, max_size=300))))
def test_what_is_written_is_read_and_stays_once_it_is_synced(tmp_path_factory, writes):
    paged = flash(tmp_path_factory.mktemp("paged"), 2)
    expected = bytearray(b"\xff" * (2 * PAGE))
    for address, data in writes:
        paged.program(address, data)
        expected[address : address + len(data)] = data
        assert paged.image[:] == expected
    paged.sync()
    paged.lose_power()
    assert paged.image[:] == expected


def test_a_page_in_ram_is_lost_with_the_power(tmp_path: Path):
    paged = flash(tmp_path)
    paged.program(0, b"kept")
    paged.program(PAGE, b"lost")  # another page: the first one goes into flash
    assert paged.wear == [1, 0, 0, 0]
    paged.lose_power()
    assert paged.image[:4] == b"kept"
    assert paged.image[PAGE : PAGE + 4] == b"\xff" * 4


@pytest.mark.parametrize(
    ("operation", "part", "left"),
    [
        (1, 0.0, b"oldold"),
        (1, 0.5, b"\xff\xff\xffold"),
        (2, 0.0, b"\xff" * 6),
        (2, 0.5, b"new\xff\xff\xff"),
    ],
)
def test_power_that_goes_in_a_rewrite_takes_the_page_along(
    tmp_path: Path, operation: int, part: float, left: bytes
):
    paged = flash(tmp_path)
    paged.program(0, b"old" * (PAGE // 3))
    paged.sync()
    paged.program(0, b"new" * (PAGE // 3))
    paged.cut = FlashCut(paged.operations + operation, part)
    with pytest.raises(BoardStopped):
        paged.sync()
    paged.lose_power()
    half = PAGE // 2
    around = half // 3 * 3
    assert paged.image[around - 3 : around] + paged.image[around + 3 : around + 6] == left


def test_it_takes_an_erase_and_a_program_a_page(tmp_path: Path):
    paged = PageInRam(tmp_path / "image", 4, STM32.flash)
    spent: list[int] = []
    paged.program(10, b"some", spent.append)
    paged.program(700, b"more", spent.append)
    assert not spent
    paged.sync(spent.append)
    paged.sync(spent.append)
    assert sum(spent) == 22_000 + 42_000
    assert (paged.erases, paged.programs, paged.operations) == (1, 1, 2)


@pytest.mark.parametrize("kind", ["esp32-c3", "pico-w", "stm32wb55"])
def test_littlefs_outlives_cuts_where_its_blocks_are_pages_and_not_elsewhere(
    tmp_path: Path, kind: str
):
    lost = cuts = 0
    while True:
        board = BOARDS[kind]
        folder = tmp_path / str(cuts)
        folder.mkdir()
        whole = _cut_in_saves(folder, kind, FlashCut(cuts + 1, 0.5))
        if whole is None:
            break
        cuts += 1
        lost += not whole
    assert cuts > 40
    assert (lost > cuts // 5) == board.flash.page_in_ram
    assert board.flash.page_in_ram or not lost


def _cut_in_saves(folder: Path, kind: str, cut: FlashCut) -> bool | None:
    """Cut eight saves of a journal; return whether the next boot finds files and journal, None
    where the saves have no such operation."""
    board = BOARDS[kind]
    paged = make_flash(folder / "flash", 32, board.flash)
    given = {"sources": SOURCES, "kind": board, "flash": paged}
    with Program(folder, "cpython", SAVES, **given) as program:
        program.boot()  # the first saves: from then on there is a state
        paged.cut = FlashCut(paged.operations + cut.operation, cut.part)
        program.boot()
        if paged.cut is not None:
            return None
        program.boot()
        return program.said[-2:] == ["True", "saved"]
