"""The archive of modules that `firmware/launch.py` mounts: one file, so that it fits and switches.

Modules as files of their own would take a block of 4 KiB each, 280 KB for 66 KB of bytecode,
which is more than some boards have; and one file is exchanged by one rename.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

_MAGIC = b"FGAPP1\n"
_PACKAGE = "filmgauge/"


@dataclass(frozen=True, slots=True)
class Member:
    """Where a module lies in an archive, and the SHA-256 of its content."""

    offset: int
    length: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of an archive: new `data`, or `length` bytes from `offset` of the board's own."""

    data: bytes = b""
    offset: int = 0
    length: int = 0


class Archive:
    """An archive of `modules`: path on the board -> content."""

    def __init__(self, modules: Mapping[str, bytes]) -> None:
        self._modules = dict(sorted(modules.items()))
        self._head = _head(self._modules)
        self.data = self._head + b"".join(self._modules.values())
        self.digest = hashlib.sha256(self.data).digest()

    def pieces(self, there: Mapping[str, Member]) -> list[Piece]:
        """Return what makes this archive where the members `there` are at hand already."""
        pieces = [Piece(data=self._head)]
        for name, content in self._modules.items():
            found = there.get(name)
            if found is None or found.digest != hashlib.sha256(content).digest():
                pieces.append(Piece(data=content))
            else:
                pieces.append(Piece(offset=found.offset, length=found.length))
        return _joined(pieces)

    def changed(self, there: Mapping[str, Member]) -> list[str]:
        """Return the names of modules that are not among the members `there`."""
        return [
            name
            for name, content in self._modules.items()
            if name not in there or there[name].digest != hashlib.sha256(content).digest()
        ]


def _head(modules: Mapping[str, bytes]) -> bytes:
    """Return magic line, length of the index and index, with offsets from its end."""
    offset = 0
    index = "\n"
    for name, content in modules.items():
        index += f"{short_name(name)} {offset:x} {len(content):x}\n"
        offset += len(content)
    return _MAGIC + f"{len(index):08x}{index}".encode()


def short_name(name: str) -> str:
    """Return a module's name as the index has it: the index takes room on the board's heap."""
    return name.removeprefix(_PACKAGE).removesuffix(".mpy")


def full_name(short: str) -> str:
    """Return a module's path from its name in the index."""
    return _PACKAGE + short + ("" if short.endswith(".py") else ".mpy")


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
