"""Writes files so that all of them change, or none, and none is ever half written.

Of a symbolic link the file behind it changes, and a pipe or a character device is written to.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

from filmgauge_host.errors import FilmgaugeError


class Content(NamedTuple):
    """What a file is to hold, and who may read it."""

    data: bytes
    mode: int = 0o644


def write_all(files: Mapping[Path, Content]) -> None:
    """Write every file beside its place, then put all in place; undo it where one fails.

    Folders that are missing are made, for their owner only where a file in them is. Pipes and
    devices are written to before anything is put in place: that cannot be undone. Raises
    FilmgaugeError naming the file.
    """
    targets: dict[Path, Path | None] = {}
    staged: dict[Path, Path] = {}
    made: list[Path] = []
    path = Path()
    try:
        for path in files:
            targets[path] = replaced_file(path)
        private = {t.parent for path, t in targets.items() if t and is_private(files[path].mode)}
        for path, content in files.items():
            target = targets[path]
            if target is not None:
                if target in staged:
                    raise FileExistsError(errno.EEXIST, "it is the same as another of these files")
                made += make_folder(target.parent, 0o700 if target.parent in private else 0o755)
                staged[target] = _write_beside(target, content)
        for path, content in files.items():
            if targets[path] is None:
                path.write_bytes(content.data)
        _put_in_place(staged)
    except OSError as error:
        for scratch in staged.values():
            scratch.unlink(missing_ok=True)
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # somebody else has put something in it
                folder.rmdir()
        raise FilmgaugeError(f"{path} cannot be written: {error.strerror}") from None


def replaced_file(path: Path) -> Path | None:
    """Return the file to replace, None for a pipe or a character device, which is written to.

    Raises OSError for what is neither.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    if not stat.S_ISREG(mode):  # a disk, say
        raise OSError(errno.EINVAL, "it is no file, pipe or character device")
    return path.resolve() if path.is_symlink() else path


def make_folder(folder: Path, mode: int = 0o755) -> list[Path]:
    """Make a folder with its parents; return those that are new. Raises OSError.

    Only their owner may write into them, whatever the umask is.
    """
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    new.reverse()
    for each in new:
        each.mkdir(mode if each == folder else 0o755, exist_ok=True)
    return new


def is_private(mode: int) -> bool:
    """Return whether a mode gives nothing to others than the owner."""
    return not mode & (stat.S_IRWXG | stat.S_IRWXO)


def _scratch(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _write_beside(path: Path, content: Content) -> Path:
    scratch = _scratch(path)
    scratch.unlink(missing_ok=True)
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, content.mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, content.mode)  # whatever the umask is
        file.write(content.data)
        file.flush()
        os.fsync(handle)
    return scratch


def _put_in_place(staged: Mapping[Path, Path]) -> None:
    before = {
        path: Content(path.read_bytes(), path.stat().st_mode & 0o777)
        for path in staged
        if path.exists()
    }
    done: list[Path] = []
    try:
        for path, scratch in staged.items():
            scratch.replace(path)
            done.append(path)
        _sync_folders(staged)
    except OSError:
        for path in done:
            if path in before:
                _write_beside(path, before[path]).replace(path)
            else:
                path.unlink()
        raise


def _sync_folders(paths: Iterable[Path]) -> None:
    """Bring the names of files to the disk: until then a power cut brings the old ones back."""
    for folder in {path.parent for path in paths}:
        with contextlib.suppress(OSError):  # a file system that knows no such thing
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write in turn, which takes the place of `path` when all went well.

    Where it did not, what was there before stays as it was. A pipe or a character device is given
    itself. Raises FilmgaugeError naming the file.
    """
    try:
        target = replaced_file(path)
        if target is None:
            with path.open("wb") as file:
                yield file
            return
        scratch = _scratch(target)
        try:
            with scratch.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(target)
            _sync_folders([target])
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise FilmgaugeError(f"{path} cannot be written: {error.strerror}") from None
