"""Power that goes at any page operation of a save: the node boots, with what it had acknowledged.

`make soak` cuts in more wakes and in more parts of an operation.
"""

import os
from itertools import count
from pathlib import Path

import pytest
from page_cuts import AfterCut, cut_at, cut_node

from filmgauge_sim.board.flash import FlashCut
from filmgauge_sim.board.littlefs_outside import install, listing
from filmgauge_sim.nodes.flash_reader import journal_state

SOAK = os.environ.get("FILMGAUGE_SOAK")
PARTS = (0.0, 0.25, 0.5, 0.75, 1.0) if SOAK else (0.5,)
WAKES = range(60) if SOAK else (0, 3, 4)


def cuts(folder: Path, board: str, wakes: int, part: float) -> list[AfterCut]:
    """Cut a node at each operation of one of its wakes."""
    found = []
    for operation in count(1):
        given = FlashCut(operation, part)
        made = cut_at(lambda: cut_node(folder / str(operation), board), wakes, given)  # noqa: B023
        if made is None:
            return found
        found.append(made)
    return found


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("wakes", WAKES)
@pytest.mark.parametrize("board", ["esp32-c3", "pico-w", "stm32wb55"])
def test_a_node_outlives_a_cut_with_what_it_had_acknowledged(
    tmp_path: Path, board: str, wakes: int, part: float
) -> None:
    found = cuts(tmp_path, board, wakes, part)
    assert found
    for cut in found:
        assert cut.lives
        if cut.before is None:
            continue
        assert cut.after is not None
        assert cut.before.wakes <= cut.after.wakes <= cut.before.wakes + 1
        assert cut.after.newest >= cut.before.newest


def test_a_node_whose_file_system_takes_all_keeps_its_state_in_files(tmp_path: Path) -> None:
    """As one that was flashed before there were raw pages."""
    node = cut_node(tmp_path, "stm32wb55", whole=True)
    try:
        for _ in range(8):
            node.step()
            assert node.dead is None
        assert [name for name in listing(node.flash, "/backlog") if name.isdigit()]
        assert listing(node.flash, "/state")
        assert journal_state(node.flash) is not None
    finally:
        node.close()


def test_a_journal_in_files_is_gone_on_with(tmp_path: Path) -> None:
    """Files of an older node, in a file system that was made shorter: boot and ledger go on."""
    old = cut_node(tmp_path / "old", "pico-w")
    node = cut_node(tmp_path / "new", "stm32wb55")
    try:
        while old.wakes < 2:
            old.step()
        state = journal_state(old.flash)
        assert state is not None
        from filmgauge_sim.board.littlefs_outside import fetch, listing

        names = [name for name in listing(old.flash, "/state") if name not in (".", "..")]
        install(
            node.flash, {f"/state/{each}": fetch(old.flash, f"/state/{each}") for each in names}
        )
        node.step()
        after = journal_state(node.flash)
        assert after is not None
        assert after.boot == state.boot + 1
    finally:
        old.close()
        node.close()
