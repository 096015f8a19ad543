"""Raw pages beside the file system of a board on a cable: made, left alone, and erased."""

import binascii
import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from flashed_board import OPTIONS, Silent, flash, flashed_board, make_board, wanted
from launched_node import version
from mqtt_brokers import Broker

from filmgauge.config_copy import NAME, sealed
from filmgauge.store.bonds import Bonds
from filmgauge.store.page_pair import PagePair
from filmgauge.store.page_store import BOND_PAGES, FILE_SYSTEM_PAGES, PAGE
from filmgauge_host.serial.flash_plan import FlashError
from filmgauge_sim.board.flash import Flash, make_flash
from filmgauge_sim.board.littlefs_outside import fetch, found_bytes, install, listing
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.flash_reader import PagesOutside, backlog, configuration, journal_state

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
    with flashed_board(KIND, tmp_path, whole) as board:
        first = flash(board, whole).record
        assert first is not None
        again = flash(board, whole).record
        assert again is None or again["boot"] > first["boot"]
        erased = flash(board, whole, ERASE).record
        assert erased is not None
        assert (erased["boot"], erased["seq"], erased["backlog"]) == (1, 0, 0)


def test_erasing_forgets_the_bonds(embedded: Broker, tmp_path: Path) -> None:
    whole = wanted(KIND, embedded.url)
    with flashed_board(KIND, tmp_path, whole) as board:
        flash(board, whole)
        board.pull()
        memory = board.board.flash
        bonds = Bonds("/none", bond_pages(memory))
        bonds.put(1, b"peer", b"secret")
        bonds.save()
        assert Bonds("/none", bond_pages(memory)).count() == 1
        board.plug()
        assert flash(board, whole, ERASE).record is not None
        board.pull()
        assert Bonds("/none", bond_pages(memory)).count() == 0


def bond_pages(memory: Flash) -> PagesOutside:
    """Return the pages that a pair of copies has, with the bonds and the configuration."""
    end = len(memory.image)
    return PagesOutside(memory, end - BOND_PAGES * PAGE, end)


class CutOff(Silent):
    """Ends the flashing while it copies."""

    def progress(self, what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("end", ["cut off", "switched back"])
def test_what_commands_have_changed_outlives_a_version_that_does_not_come(
    end: str, embedded: Broker, tmp_path: Path
) -> None:
    whole = wanted(KIND, embedded.url, command_key="11" * 16)
    assert whole.config is not None
    with flashed_board(KIND, tmp_path, whole) as board:
        flash(board, whole)
        board.pull()
        memory = board.board.flash
        changes = {"command_key": "22" * 16, "sample_s": 7}
        changed = sealed(json.dumps({**json.loads(whole.config), **changes}).encode())
        base = struct.pack("<I", binascii.crc32(fetch(memory, "/config.json")))
        PagePair(bond_pages(memory)).write(NAME, base + changed)
        board.plug()
        bad = version("0.9.0", {"charge/sampler": "raise ValueError('not today')\n"}, KIND)
        new = wanted(KIND, embedded.url, bad, **changes, report_every=2)
        if end == "cut off":
            with pytest.raises(KeyboardInterrupt):
                flash(board, new, listener=CutOff())
        else:
            with pytest.raises(FlashError, match="went back to the one before"):
                flash(board, new)
        board.pull()
        assert configuration(memory) == changed
        board.plug()
        flash(board, whole)  # whose file is there: what was changed is to be as in it
        assert configuration(memory) == whole.config
