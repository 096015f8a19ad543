"""Raw pages beside the file system of a board whose file system does not outlive a power cut.

The image of the port makes its file system over the whole storage. Where nothing of value is in
it, it is made anew and shorter, and the node keeps state, records and counters behind it
(filmgauge/store/page_store.py); else the node goes on with files.
"""

from filmgauge.config_copy import NAME, effective
from filmgauge.store.block import OVERHEAD
from filmgauge.store.page_pair import ITEMS, PagePair
from filmgauge.store.page_store import BOND_PAGES, FILE_SYSTEM_PAGES, LEAST_PAGES, PAGE, PageStore
from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_link import BoardLink
from filmgauge_host.serial.foreign_main import FACTORY_MAIN, MAIN

_FACTORY = {"/boot.py", MAIN, "/README.txt", "/pybcdc.inf"}
_SIZES = """\
import os, pyb
_all, _room = pyb.Flash(start=0), os.statvfs('/')
print(repr((_room[0] * _room[2], _all.ioctl(4, 0) * _all.ioctl(5, 0))))
"""
_MAKE = f"""\
import os, pyb, vfs
_short = pyb.Flash(start=0, len={FILE_SYSTEM_PAGES * PAGE})
os.chdir('/')
vfs.umount('/')
vfs.VfsLfs2.mkfs(_short)
vfs.mount(vfs.VfsLfs2(_short), '/')
os.chdir('/')
"""
_SLOW_S = 60.0


class RawPages:
    """The pages of the board behind `link`."""

    def __init__(self, link: BoardLink) -> None:
        self._link = link
        self._begin, self._end = link.values(_SIZES)[0]

    @property
    def are_there(self) -> bool:
        """Whether the file system leaves room for them."""
        return self._begin + LEAST_PAGES * PAGE <= self._end

    def make_where_nothing_is_lost(self) -> bool:
        """Make the file system shorter if only what came with the port is in it; return whether
        there are pages then."""
        if self.are_there:
            return True
        files = BoardFiles(self._link)
        found = set(files.sizes())
        is_factory_new = found <= _FACTORY and (
            MAIN not in found or files.read(MAIN).strip() == FACTORY_MAIN
        )
        if is_factory_new and not files.has_folders():
            self.make()
        return self.are_there

    def make(self) -> None:
        """Make the file system anew, empty and shorter."""
        self._link.run(_MAKE, _SLOW_S)
        self._begin, self._end = self._link.values(_SIZES)[0]

    def number(self, path: str) -> int:
        """Return a counter by the path that it has in a file system, 0 for none."""
        return self._store(self._begin, self._bonds).number(path) if self.are_there else 0

    def erase(self) -> None:
        """Forget state, records, bonds and the rest; the counters stay."""
        if not self.are_there:
            return
        self._store(self._begin, self._bonds).erase()
        pair = self._pair()
        for name in ITEMS:
            pair.remove(name)

    def configuration(self, file: bytes) -> bytes:
        """Return the configuration that counts, where `file` is the one in the file system."""
        return effective(file, self._pair().read(NAME)) if self.are_there else file

    def let_count(self, file: bytes) -> None:
        """Let a configuration count as it is, without what commands had changed in it. Changes of
        another one stay: a version that is switched back needs them."""
        if self.configuration(file) != file:
            self._pair().remove(NAME)

    def _pair(self) -> PagePair:
        return PagePair(_Part(self._link, self._bonds, self._end))

    @property
    def _bonds(self) -> int:
        return self._end - BOND_PAGES * PAGE

    def _store(self, start: int, end: int) -> "_Erasable":
        return _Erasable(_Part(self._link, start, end), bytearray(OVERHEAD), 0)


class _Erasable(PageStore):
    def erase(self) -> None:
        """Write an empty state behind all records, if anything was written so far."""
        if self._newest >= 0:
            self._oldest = self._end()
            self._write(None)


class _Part:
    """A part of the board's storage, as the board sees it."""

    def __init__(self, link: BoardLink, start: int, end: int) -> None:
        self._link = link
        self._blocks = (end - start) // 512
        link.run(f"import pyb\n_pages = pyb.Flash(start={start}, len={end - start})")

    def readblocks(self, block: int, buffer: bytearray, offset: int) -> int:
        code = f"_b = bytearray({len(buffer)})\n_pages.readblocks({block}, _b, {offset})\n"
        (found,) = self._link.values(f"{code}print(repr(bytes(_b)))")
        buffer[:] = found
        return 0

    def writeblocks(self, block: int, buffer: bytes, offset: int) -> int:
        self._link.run(f"_pages.writeblocks({block}, {bytes(buffer)!r}, {offset})")
        return 0

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 4:
            return self._blocks
        self._link.run(f"_pages.ioctl({operation}, {argument})")
        return 0
