"""What a board gets: the same modules as a virtual board, joined where they are bytecode."""

import re
from pathlib import Path

import pytest

from filmgauge_host.serial import firmware_build
from filmgauge_host.serial.firmware_build import archive_of_port, modules, modules_of_port
from filmgauge_sim.board.firmware_image import firmware_sources

FOLDER = "filmgauge/charge/"
PAGE = Path(__file__).resolve().parents[3] / "docs/flashing.md"


def test_real_boards_get_the_same() -> None:
    """Bytecode has fewer files than source."""
    names = {Path(path).with_suffix("").as_posix() for path in modules(source=True)}
    compiled = {Path(path).with_suffix("").as_posix() for path in modules()}
    assert compiled < names
    assert "filmgauge/charge/reading_check" not in compiled
    assert "filmgauge/charge/sampler" in compiled


def test_what_is_kept_is_what_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made anew, read again, and made where nothing can be kept: the same bytes in one order.

    A folder of the firmware: names are shortened and compiled as in all of it.
    """
    sources = {path: text for path, text in firmware_sources().items() if FOLDER in path}
    monkeypatch.setattr(firmware_build, "firmware_sources", lambda: sources)
    file = tmp_path / "file"
    file.write_bytes(b"")
    made = []
    for cache in (tmp_path / "cache", tmp_path / "cache", file):
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        firmware_build._compiled.cache_clear()
        made.append(list(modules().items()))
    firmware_build._compiled.cache_clear()
    assert made[0] == made[1] == made[2]
    assert list((tmp_path / "cache").rglob("sampler.mpy"))


def test_the_page_on_flashing_has_these_files_and_sizes() -> None:
    """Figures may be some per cent old; files may not."""
    page = PAGE.read_text()
    for path in firmware_build.start_files():
        assert f"`{path[1:]}`" in page, path
    sizes = [len(data) for data in modules_of_port("esp32").values()]
    deflated, plain = (
        len(archive_of_port("stm32").data),
        sum(map(len, modules_of_port("stm32").values())),
    )
    blocks = sum(-(-size // 4096) * 4096 for size in sizes)
    told = re.search(
        r"the (\d+)\nmodules of an ESP32, (\d+) KB together, would take (\d+) KB", page
    )
    assert told
    made = [len(sizes), sum(sizes) / 1e3, blocks / 1e3]
    assert [int(figure) for figure in told.groups()] == pytest.approx(made, rel=0.05)
    told = re.search(r"bytes: (\d+) KB instead of (\d+)\.", page)
    assert told
    assert [int(figure) for figure in told.groups()] == pytest.approx(
        [deflated / 1e3, plain / 1e3], rel=0.05
    )
