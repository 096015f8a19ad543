"""NOR flash and the board's file system seen from outside."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.board.flash import PAGE, Flash
from filmgauge_sim.board.littlefs_outside import fetch, install, listing


def content(flash: Flash) -> bytes:
    """What the interpreter sees."""
    return flash.path.read_bytes()


def test_new_flash_is_erased(tmp_path: Path):
    flash = Flash(tmp_path / "image", 16)
    assert content(flash) == b"\xff" * (16 * PAGE)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2 * PAGE - 8), st.binary(min_size=1, max_size=8))))
def test_bits_only_fall_until_the_block_is_erased(tmp_path_factory, writes):
    flash = Flash(tmp_path_factory.mktemp("nor") / "image", 2)
    expected = bytearray(b"\xff" * (2 * PAGE))
    for address, data in writes:
        flash.program(address, data)
        for i, byte in enumerate(data):
            expected[address + i] &= byte
    assert content(flash) == expected
    flash.erase(0)
    assert content(flash) == b"\xff" * PAGE + expected[PAGE:]


def test_each_program_and_erase_takes_time_and_is_counted(tmp_path: Path):
    flash = Flash(tmp_path / "image", 16)
    spent: list[int] = []
    flash.program(0, b"\0" * 256, spent.append)
    flash.program(256, b"\0" * 257, spent.append)
    flash.erase(3, spent.append)
    assert 0 < spent[0] < spent[2]
    assert spent[1] == 2 * spent[0]
    assert (flash.programs, flash.erases) == (2, 1)
    assert flash.wear[:5] == [0, 0, 0, 1, 0]


@pytest.mark.parametrize("address", [16 * PAGE, 16 * PAGE - 3])
def test_nothing_is_programmed_beyond_the_end(tmp_path: Path, address: int):
    flash = Flash(tmp_path / "image", 16)
    with pytest.raises(ValueError, match=str(16 * PAGE)):
        flash.program(address, b"\0\0\0\0")
    assert content(flash) == b"\xff" * (16 * PAGE)
    assert flash.programs == 0


@pytest.mark.parametrize("block", [-1, 16])
def test_no_block_beyond_the_end_is_erased(tmp_path: Path, block: int):
    flash = Flash(tmp_path / "image", 16)
    with pytest.raises(ValueError, match="0 to 15"):
        flash.erase(block)


def test_image_persists(tmp_path: Path):
    flash = Flash(tmp_path / "image", 16)
    flash.program(5000, b"kept")
    flash.close()
    again = Flash(tmp_path / "image", 16)
    assert content(again)[5000:5004] == b"kept"
    again.program(5000, b"\0")
    assert content(again)[5000:5004] == b"\0ept"


def test_image_of_another_size_is_refused(tmp_path: Path):
    Flash(tmp_path / "image", 16).close()
    with pytest.raises(ValueError, match=f"{17 * PAGE}"):
        Flash(tmp_path / "image", 17)


@settings(max_examples=20)
@given(
    st.dictionaries(
        st.from_regex(r"/[a-z]{1,8}\.[a-z]{1,3}", fullmatch=True),
        st.binary(max_size=9000),
        max_size=5,
    )
)
def test_files_come_back_as_they_went(tmp_path_factory, files):
    flash = Flash(tmp_path_factory.mktemp("nor") / "image", 64)
    install(flash, files)
    assert {path: fetch(flash, path) for path in files} == files
    names = [name for name in listing(flash, "/") if name not in (".", "..")]
    assert sorted(names) == sorted(path[1:] for path in files)


def test_installing_again_replaces_the_content(tmp_path: Path):
    flash = Flash(tmp_path / "image", 16)
    install(flash, {"/a": b"long content" * 100, "/b": b"stays"})
    install(flash, {"/a": b"new"})
    assert (fetch(flash, "/a"), fetch(flash, "/b")) == (b"new", b"stays")


def test_what_is_not_there(tmp_path: Path):
    flash = Flash(tmp_path / "image", 16)
    install(flash, {})
    with pytest.raises(FileNotFoundError):
        fetch(flash, "/nothing")
    assert listing(flash, "/nothing") == []
