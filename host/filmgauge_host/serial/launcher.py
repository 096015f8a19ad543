"""What host and board agree on while a board is flashed: taken from the launcher of the board.

`firmware/launch.py` and `update.py` are the home of the names of files, of the format of the
archive and of moving /flash to /; a host runs them on a board that does not have them yet.
"""

import importlib.util
import inspect
from typing import Any

from filmgauge_sim.board.firmware_image import beside_package


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(
        f"filmgauge_{name}", beside_package(f"{name}.py")
    )
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
DEFLATED: bytes = _launch.DEFLATED
WINDOW_BITS: int = _launch.WINDOW_BITS
PACKAGE: str = _launch.PACKAGE  # of the firmware, with / around it

MOUNT_AT_ROOT = f"import os, sys\n{inspect.getsource(_launch.mount_at_root)}mount_at_root()\n"


def update_code() -> str:
    """Return the code of update.py, for a board that has another version of it, or none."""
    return beside_package("update.py").read_text()
