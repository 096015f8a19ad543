"""One process at a time reads the files of a folder and writes them anew.

    with locked(Path("nodes")):
        values = read(...)
        write_all({...})

Without it of two that read the same, the second one writes away what the first has written.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filmgauge_host.atomic_file import make_folder
from filmgauge_host.errors import FilmgaugeError

_LOCK_FILE = ".lock"  # a file, since NFS locks no folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder. One that is missing is made, and goes again where nothing was put
    into it. Not to be nested. Raises FilmgaugeError."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    lock = folder / _LOCK_FILE
    try:
        handle = _held(lock)
    except OSError as error:
        raise FilmgaugeError(f"{lock} cannot be written: {error.strerror}") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        for each in new:
            with suppress(OSError):  # there is something in it
                each.rmdir()
        os.close(handle)


def _held(lock: Path) -> int:
    while True:
        make_folder(lock.parent)
        with suppress(FileNotFoundError):  # the folder went again
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_at(lock, handle):
                return handle
            os.close(handle)  # of one that who had it has taken away


def _is_at(path: Path, handle: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False
