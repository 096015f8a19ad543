"""The files of a board that stands at its prompt."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from filmgauge_host.serial.board_link import ANSWER_S, BoardLink, LinkError

CHUNK = 3072  # bytes of a file a request: with base64 they are 4096
_COPIED_AT_ONCE = 16384  # bytes that the board copies a request, well within its watchdog's time
_HASHED_AT_ONCE = 16
_SLOW_S = 60.0

# What runs on the board: a few functions, sent once. `_file` is the file that is being written.
_AGENT = """\
import binascii, hashlib, os
_part = memoryview(bytearray(512))
def _blocks(path, offset, count):
    with open(path, 'rb') as file:
        file.seek(offset)
        while count:
            got = file.readinto(_part[:min(count, 512)])
            if not got:
                return
            yield _part[:got]
            count -= got
def file_system():
    kind = True
    try:
        import vfs
        kind = any('Lfs2' in str(type(each[0])) for each in vfs.mount() if each[1] == '/')
    except (ImportError, TypeError):
        pass
    room = os.statvfs('/')
    print(repr((room[0] * room[2], room[0] * room[3], room[0], kind)))
def sizes(path):
    try:
        for entry in os.ilistdir(path):
            if entry[1] & 0x8000:
                print(repr((entry[0], entry[3])))
    except OSError:
        pass
def folders():
    print(repr([each[0] for each in os.ilistdir('/') if each[1] & 0x4000]))
def digest(path, offset, count):
    total = hashlib.sha256()
    try:
        for block in _blocks(path, offset, count):
            total.update(block)
        print(repr(total.digest()))
    except OSError:
        print(None)
    feed()
def copy(path, offset, count):
    for block in _blocks(path, offset, count):
        _file.write(block)
def remove(path):
    try:
        os.remove(path)
    except OSError:
        pass
def clear(path, spared):
    for entry in os.ilistdir(path or '/'):
        name = path + '/' + entry[0]
        if name in spared:
            continue
        if entry[1] & 0x4000:
            clear(name, spared)
            os.rmdir(name)
        else:
            os.remove(name)
        feed()
def feed():
    if '_guard' in globals():
        _guard.feed()
"""
_WHOLE = 0x3FFFFFFF  # bytes: more than any file has
_MOUNTED = ("/rom", "/remote")  # by the interpreter, and by a host


class FileSystem(NamedTuple):
    """size, free, block: bytes."""

    size: int
    free: int
    block: int
    is_littlefs: bool


class BoardFiles:
    """Files of the board behind `link`, until its interpreter boots. Paths are absolute."""

    def __init__(self, link: BoardLink) -> None:
        self._link = link
        self._is_ready = False

    def file_system(self) -> FileSystem:
        """Return what the board says of its file system."""
        (found,) = self._values("file_system()")
        return FileSystem(*found)

    def sizes(self, folder: str = "/") -> dict[str, int]:
        """Return the files in a directory: path -> bytes; {} for a directory that is not there."""
        prefix = folder.rstrip("/") + "/"
        return {prefix + name: size for name, size in self._values(f"sizes({folder!r})")}

    def has_folders(self) -> bool:
        """Whether there is any directory of the board's own."""
        (found,) = self._values("folders()")
        return any("/" + name not in _MOUNTED for name in found)

    def digests(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the SHA-256 of files; files that are not there are left out."""
        every = list(paths)
        found = self._digests((path, 0, _WHOLE) for path in every)
        return {path: digest for path, digest in zip(every, found, strict=True) if digest}

    def part_digests(self, path: str, parts: Iterable[tuple[int, int]]) -> list[bytes]:
        """Return the SHA-256 of parts of a file: (offset, length) each."""
        return [digest or b"" for digest in self._digests((path, *part) for part in parts)]

    def read(self, path: str, offset: int = 0, count: int = _WHOLE) -> bytes:
        """Return the content of a file. Raises BoardError when it is not there."""
        text = self._link.run(
            "import binascii\n"
            f"with open({path!r}, 'rb') as file:\n"
            f" file.seek({offset})\n"
            f" left = {count}\n"
            " while left:\n"
            "  part = file.read(min(left, 384))\n"
            "  if not part: break\n"
            "  left -= len(part)\n"
            "  print(binascii.b2a_base64(part).decode(), end='')\n",
        )
        return b"".join(base64.b64decode(line) for line in text.split())

    def write(
        self, path: str, data: bytes, on_progress: Callable[[int], None] | None = None
    ) -> None:
        """Write a file so that it is whole or as it was: beside it first, then renamed.

        on_progress gets the bytes of each part. Raises LinkError when the hash differs.
        """
        part_path = path + ".part"
        self.create(part_path)
        self.append(data, on_progress)
        self.close()
        if self.digests([part_path]).get(part_path) != hashlib.sha256(data).digest():
            raise LinkError(f"{path} arrived damaged on the board: try again")
        self.rename(part_path, path)

    def create(self, path: str) -> None:
        """Begin a file, empty; `append`, `append_copy` and `close` go on with it."""
        self._run(f"_file = open({path!r}, 'wb')")

    def append(self, data: bytes, on_progress: Callable[[int], None] | None = None) -> None:
        """Send data to the end of the file that was begun."""
        for at in range(0, len(data), CHUNK):
            part = data[at : at + CHUNK]
            text = base64.b64encode(part).decode()
            self._run(f"_file.write(binascii.a2b_base64('{text}'))", 20)
            if on_progress is not None:
                on_progress(len(part))

    def append_copy(self, path: str, offset: int, length: int) -> None:
        """Have the board copy a part of another file to the end of the one that was begun."""
        for at in range(0, length, _COPIED_AT_ONCE):
            count = min(_COPIED_AT_ONCE, length - at)
            self._run(f"copy({path!r}, {offset + at}, {count})", 30)

    def close(self) -> None:
        """End the file that was begun."""
        self._run("_file.close()")

    def rename(self, path: str, new: str) -> None:
        """Give a file another name, in place of the one that has it."""
        self._run(f"os.rename({path!r}, {new!r})")

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        self._run(f"remove({path!r})")

    def remove_all(self, spared: Iterable[str] = ()) -> None:
        """Remove every file and directory but those of these paths."""
        self._run(f"clear('', {(*_MOUNTED, *spared)!r})", _SLOW_S)

    def _digests(self, parts: Iterable[tuple[str, int, int]]) -> list[bytes | None]:
        found: list[bytes | None] = []
        calls = [f"digest{part!r}\n" for part in parts]
        for at in range(0, len(calls), _HASHED_AT_ONCE):
            found += self._values("".join(calls[at : at + _HASHED_AT_ONCE]), _SLOW_S)
        return found

    def _run(self, code: str, timeout_s: float = ANSWER_S) -> None:
        self._send_agent()
        self._link.run(code, timeout_s)

    def _values(self, code: str, timeout_s: float = ANSWER_S) -> list[Any]:
        self._send_agent()
        return self._link.values(code, timeout_s)

    def _send_agent(self) -> None:
        if not self._is_ready:
            self._link.run(_AGENT)
            self._is_ready = True
