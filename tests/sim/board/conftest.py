"""Fixtures of the board tests: ROM folders of small programs stay out of the user's cache, and the
firmware gets its short names once.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filmgauge_sim.board.firmware_image import firmware_sources, shortened

pytest.register_assert_rewrite("board_program")


@pytest.fixture(scope="session", autouse=True)
def rom_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def short_firmware() -> dict[str, str]:
    """The firmware's files with short names: path on the board -> source text."""
    return shortened(firmware_sources())
