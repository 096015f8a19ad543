"""The archive of modules that `firmware/launch.py` mounts: one file, so that it fits and switches.

Modules as files of their own would take a block of 4 KiB each, 280 KB for 66 KB of bytecode,
which is more than some boards have; and one file is exchanged by one rename. A board on which two
versions would not fit otherwise gets each module deflated.
"""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from filmgauge_host.serial.launcher import DEFLATED, MAGIC, PACKAGE, WINDOW_BITS

HEAD_BYTES = len(MAGIC) + 8  # magic line, and the length of the index in hexadecimal
_PACKAGE = PACKAGE.lstrip("/")


@dataclass(frozen=True, slots=True)
class Member:
    """Where a module lies in an archive."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of an archive: new `data`, or `length` bytes from `offset` of the board's own."""

    data: bytes = b""
    offset: int = 0
    length: int = 0


class Archive:
    """An archive of `modules`: path on the board -> content; `deflated` takes a quarter less."""

    def __init__(self, modules: Mapping[str, bytes], deflated: bool = False) -> None:
        self._modules = dict(sorted(modules.items()))
        if deflated:
            self._modules = {name: _deflated(data) for name, data in self._modules.items()}
        self._head = (DEFLATED if deflated else MAGIC) + _index(self._modules)
        self.data = self._head + b"".join(self._modules.values())
        self.digest = hashlib.sha256(self.data).digest()

    def digests(self) -> dict[str, bytes]:
        """Return the SHA-256 of each module, as it is stored."""
        return {name: hashlib.sha256(data).digest() for name, data in self._modules.items()}

    def pieces(self, present: Mapping[str, Member]) -> list[Piece]:
        """Return what makes this archive where the members `present` are at hand, unchanged."""
        pieces = [Piece(data=self._head)]
        for name, content in self._modules.items():
            if name in present:
                pieces.append(Piece(offset=present[name].offset, length=present[name].length))
            else:
                pieces.append(Piece(data=content))
        return _joined(pieces)


def index_length(head: bytes) -> int | None:
    """Return the length of the index behind the first HEAD_BYTES, None for no archive."""
    if not head.startswith((MAGIC, DEFLATED)):
        return None
    try:
        return int(head[len(MAGIC) : HEAD_BYTES], 16)
    except ValueError:
        return None


def members(index: bytes) -> dict[str, Member]:
    """Return the members that an index lists: path on the board -> where it lies.

    Raises ValueError for one that is damaged.
    """
    begin = HEAD_BYTES + len(index)
    found = {}
    for line in index.decode().split("\n"):
        if line:
            name, offset, length = line.rsplit(" ", 2)
            path = _PACKAGE + name + ("" if name.endswith(".py") else ".mpy")
            found[path] = Member(begin + int(offset, 16), int(length, 16))
    return found


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS)
    return packer.compress(content) + packer.flush()


def _index(modules: Mapping[str, bytes]) -> bytes:
    """Return length of the index and index, with offsets from its end.

    Names are as short as the launcher has them: the index takes room on the board's heap.
    """
    offset = 0
    index = "\n"
    for name, content in modules.items():
        short = name.removeprefix(_PACKAGE).removesuffix(".mpy")
        index += f"{short} {offset:x} {len(content):x}\n"
        offset += len(content)
    return f"{len(index):08x}{index}".encode()


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Join neighbours of the same kind."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is None or bool(last.data) != bool(piece.data):
            joined.append(piece)
        elif piece.data:
            joined[-1] = Piece(data=last.data + piece.data)
        elif last.offset + last.length == piece.offset:
            joined[-1] = Piece(offset=last.offset, length=last.length + piece.length)
        else:
            joined.append(piece)
    return joined
