"""Fixtures of the board tests: ROM folders of small programs stay out of the user's cache, and the
firmware gets its short names once. All workers of a run share both.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from filmgauge_sim.board.firmware_image import firmware_sources, shortened


@pytest.fixture(scope="session", autouse=True)
def rom_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.getbasetemp()
    # That of a worker lies in the one of the run.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def short_firmware(rom_cache: Path) -> dict[str, str]:
    """The firmware's files with short names: path on the board -> source text."""
    kept = rom_cache / "short.json"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        made = kept.with_suffix(f".{os.getpid()}")
        made.write_text(json.dumps(shortened(firmware_sources())))
        made.rename(kept)
    return json.loads(kept.read_text())
