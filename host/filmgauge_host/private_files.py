"""Files with secrets: only their owner reads them, and only he can put others in their place."""

import stat
from pathlib import Path

from filmgauge_host.errors import InputError


def check_private(path: Path) -> None:
    """Raise InputError unless a file is its owner's alone; OSError where there is none.

    Its folder may be seen by others, but not be written by them.
    """
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise InputError(f"{path} holds keys and may be read by others: chmod 600 {path}")
    check_folder(path.parent)


def check_folder(folder: Path) -> None:
    """Raise InputError where others may write into a folder of such files; OSError for none."""
    mode = folder.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
        raise InputError(f"others may write into {folder}, which holds keys: chmod 700 {folder}")
