"""What host and board agree on while a board is flashed: taken from the launcher of the board.

`firmware/launch.py` and `update.py` are the home of the names of files, of the format of the
archive and of moving /flash to /; a host runs them on a board that does not have them yet.
"""

import importlib.util
import inspect
from pathlib import Path
from typing import Any

import filmgauge

_PACKAGE = Path(filmgauge.__file__).resolve().parent


def firmware_file(name: str) -> Path:
    """Return where a file of the firmware outside of its package lies: launch.py, main.py ..."""
    in_wheel = _PACKAGE / "_launcher" / name
    return in_wheel if in_wheel.exists() else _PACKAGE.parent / name


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"filmgauge_{name}", firmware_file(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_launch = _load("launch")

APP: str = _launch.ARCHIVE
SWITCH: str = _launch.SWITCH
TRIAL: str = _launch.TRIAL
STARTS: int = _launch.STARTS
REPORTED: str = _launch.REPORTED
FIRST_RECORD: str = _launch.FIRST_RECORD
GUARD_MS: int = _launch.GUARD_MS
MAGIC: bytes = _launch.MAGIC
PACKAGE: str = _launch.PACKAGE  # of the firmware, with / around it

MOUNT_AT_ROOT = f"import os, sys\n{inspect.getsource(_launch.mount_at_root)}mount_at_root()\n"


def update_code() -> str:
    """Return the code of update.py, for a board that has another version of it, or none."""
    return firmware_file("update.py").read_text()
