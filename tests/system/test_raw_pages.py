"""Raw pages beside the file system of a board on a cable: made, left alone, and erased."""

from dataclasses import replace
from pathlib import Path

import pytest
from flashed_board import OPTIONS, Silent, flash, make_board, wanted
from mqtt_brokers import Broker

from filmgauge.store.bonds import Bonds
from filmgauge.store.page_store import BOND_PAGES, FILE_SYSTEM_PAGES, PAGE
from filmgauge_sim.board.flash import make_flash
from filmgauge_sim.board.littlefs_outside import found_bytes, install, listing
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.flash_reader import PagesOutside, backlog, journal_state

KIND = "stm32wb55"
ERASE = replace(OPTIONS, erase=True)
SHORT = FILE_SYSTEM_PAGES * PAGE


def test_a_new_board_gets_them(embedded: Broker, tmp_path: Path) -> None:
    with make_board(KIND, tmp_path) as board:
        assert flash(board, wanted(KIND, embedded.url)).record is not None
        board.pull()
        memory = board.board.flash
        assert found_bytes(memory) == SHORT
        assert not {"state", "backlog", "counter"} & set(listing(memory, "/"))
        state = journal_state(memory)
        assert state is not None
        assert state.boot >= 1
        assert backlog(memory)


@pytest.mark.parametrize("path", ["/mine.py", "/main.py", "/mine/data"])
def test_what_is_somebodys_own_is_left_alone(path: str, embedded: Broker, tmp_path: Path) -> None:
    image = make_flash(tmp_path / "image", BOARDS[KIND].flash_pages, BOARDS[KIND].flash)
    install(image, {path: b"print('mine')\n"})
    image.close()
    with make_board(KIND, tmp_path, image=tmp_path / "image") as board:
        listener = Silent()
        assert flash(board, wanted(KIND, embedded.url), listener=listener).record is not None
        assert any("takes the whole storage" in line for line in listener.lines)
        board.pull()
        memory = board.board.flash
        assert found_bytes(memory) == memory.pages * PAGE
        assert path == "/main.py" or path[1:5] in " ".join(listing(memory, "/"))
        assert "state" in listing(memory, "/")
        board.plug()
        assert flash(board, wanted(KIND, embedded.url), ERASE).record is not None
        assert found_bytes(memory) == SHORT


def test_erasing_begins_a_new_life(embedded: Broker, tmp_path: Path) -> None:
    whole = wanted(KIND, embedded.url)
    with make_board(KIND, tmp_path) as board:
        first = flash(board, whole).record
        assert first is not None
        again = flash(board, whole).record
        assert again is None or again["boot"] > first["boot"]
        erased = flash(board, whole, ERASE).record
        assert erased is not None
        assert (erased["boot"], erased["seq"], erased["backlog"]) == (1, 0, 0)


def test_erasing_forgets_the_bonds(embedded: Broker, tmp_path: Path) -> None:
    whole = wanted(KIND, embedded.url)
    with make_board(KIND, tmp_path) as board:
        flash(board, whole)
        board.pull()
        memory = board.board.flash
        begin = len(memory.image) - BOND_PAGES * PAGE
        end = len(memory.image)
        Bonds("/none", PagesOutside(memory, begin, end)).put(1, b"peer", b"secret")
        assert Bonds("/none", PagesOutside(memory, begin, end)).count() == 1
        board.plug()
        assert flash(board, whole, ERASE).record is not None
        board.pull()
        assert Bonds("/none", PagesOutside(memory, begin, end)).count() == 0
