"""The file `new` of a board: the node had no memory when it was flashed.

The firmware asks whether it is there. While a board is being flashed it has hashes of the keys in
it that may go on with what is on the board, for the run after one that is cut off. It is empty
once the version with these keys counts.
"""

from collections.abc import Container, Iterable, Mapping

from filmgauge.migration import NEW
from filmgauge_host.serial.board_files import BoardFiles


class NewMark:
    """The mark on the board of `files`, which has the files `present`."""

    def __init__(self, files: BoardFiles, present: Container[str]) -> None:
        self._files = files
        text = files.read(NEW) if NEW in present else b""
        self._hashes = frozenset(text.decode(errors="replace").split())

    @property
    def hashes(self) -> frozenset[str]:
        """Those in it, of keys that no board has run with since it was written."""
        return self._hashes

    def unknown(self, hashes: Mapping[str, str]) -> list[str]:
        """Return the names of the keys, of those with these hashes, for which it does not vouch:
        nobody knows how many messages went under them."""
        return [name for name, each in hashes.items() if each not in self._hashes]

    def write(self, hashes: Iterable[str]) -> None:
        """Make it, with these hashes in it. Raises LinkError."""
        self._hashes = frozenset(hashes)
        self._files.create(NEW)
        self._files.append("".join(f"{each}\n" for each in sorted(self._hashes)).encode())
        self._files.close()

    def remove(self) -> None:
        """Let the board be none that is new. Raises LinkError."""
        self._hashes = frozenset()
        self._files.remove(NEW)
