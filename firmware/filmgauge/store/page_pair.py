"""Small things in two raw pages, for a port whose file system does not outlive a cut.

    pair = PagePair(device)
    pair.read("bonds")                  # None where there is nothing
    pair.write("bonds", data)           # all of it or nothing; OSError from flash
    pair.remove("bonds")

A page holds all of them. It is written whole, over the older of the two, and counts only when the
CRC-32 over all that it holds is right: whenever the power goes, one of the two has all.
"""

import binascii
import struct

from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, OVERHEAD

_PAGE = const(4096)
_BLOCK = const(512)  # of the port's block device
_MAGIC = const(0x32504746)
_HEAD = const("<III")  # magic, sequence, CRC-32 of that and of all behind the head
_BEGIN = const(16)
_PIECE = const(64)
_EIO = const(5)
_EFBIG = const(27)
_BONDS = const(696)  # bonds.py
ITEMS = ("config.bak", "bonds", "crash.0", "crash.1", "safe", "failures")
_ROOMS = const((2640, 712, 240, 240, 96, 16))  # bytes, with the length, u16, in front of each
_END = const(3960)  # of them all


class PagePair:
    """`device`: two pages with blocks of 512 bytes."""

    def __init__(self, device):
        self._device = device
        self._piece = bytearray(_PIECE)
        self._newest, self.sequence = -1, 0
        self._bonds = None  # of a version that had these pages for them alone
        self._next = 0
        for page in (0, 1):
            sequence = self._whole(page)
            if sequence > self.sequence:
                self._newest, self.sequence = page, sequence
        if self._newest < 0:
            self._adopt_bonds()

    def read(self, name):
        """Return the bytes of a thing, None where there are none."""
        at, _ = _item(name)
        if self._newest < 0:
            return self._bonds if name == "bonds" else None
        head = bytearray(2)
        self._get(self._newest, at, head)
        length = struct.unpack("<H", head)[0]
        if not length:
            return None
        data = bytearray(length)
        self._get(self._newest, at + 2, data)
        return bytes(data)

    def write(self, name, data):
        """Write a thing; OSError from flash, and where it is too long, with the old in force."""
        at, room = _item(name)
        if len(data) + 2 > room:
            raise OSError(_EFBIG)
        page = 1 - self._newest if self._newest >= 0 else self._next
        sequence = self.sequence + 1
        data = struct.pack("<H", len(data)) + bytes(data)
        crc = binascii.crc32(struct.pack("<II", _MAGIC, sequence))
        piece, bonds_at = self._piece, _item("bonds")[0]
        for begin in range(_BEGIN, _END, _PIECE):
            size = min(_PIECE, _END - begin)
            view = memoryview(piece)[:size]
            if self._newest >= 0:
                self._get(self._newest, begin, view)
            else:
                view[:] = bytes(size)
                if self._bonds:
                    _lay(view, begin, bonds_at, struct.pack("<H", len(self._bonds)) + self._bonds)
            _lay(view, begin, at, data)
            crc = binascii.crc32(view, crc)
            self._put(page, begin, view)
        self._put(page, 0, struct.pack(_HEAD, _MAGIC, sequence, crc & 0xFFFFFFFF))
        if self._device.ioctl(3, 0):
            raise OSError(_EIO)
        self._newest, self.sequence = page, sequence

    def remove(self, name):
        """Forget a thing; OSError from flash."""
        if self.read(name) is not None:
            self.write(name, b"")

    def _adopt_bonds(self):
        """Go on with the bonds that a PageStore has in these pages, if there is one."""
        from filmgauge.store.page_store import PageStore

        buffer = bytearray(_BONDS + OVERHEAD)
        try:
            store = PageStore(self._device, buffer, 0)
            if store.read_state(buffer):
                self._bonds = bytes(buffer[HEAD_SIZE : HEAD_SIZE + _BONDS])
                self._next = 1 - store.newest_page()
        except OSError:
            pass

    def _whole(self, page):
        """Return the sequence of a page, 0 for one that is torn or foreign."""
        head = bytearray(12)
        try:
            self._get(page, 0, head)
            magic, sequence, expected = struct.unpack(_HEAD, head)
            if magic != _MAGIC:
                return 0
            crc = binascii.crc32(memoryview(head)[:8])
            for begin in range(_BEGIN, _END, _PIECE):
                view = memoryview(self._piece)[: min(_PIECE, _END - begin)]
                self._get(page, begin, view)
                crc = binascii.crc32(view, crc)
        except OSError:
            return 0
        return sequence if crc & 0xFFFFFFFF == expected else 0

    def _get(self, page, at, buffer):
        at += page * _PAGE
        if self._device.readblocks(at // _BLOCK, buffer, at % _BLOCK):
            raise OSError(_EIO)

    def _put(self, page, at, buffer):
        at += page * _PAGE
        if self._device.writeblocks(at // _BLOCK, buffer, at % _BLOCK):
            raise OSError(_EIO)


def _item(name):
    """Return where a thing begins, and how many bytes there are for it with its length."""
    at = _BEGIN
    for other, room in zip(ITEMS, _ROOMS):
        if other == name:
            return at, room
        at += room
    raise ValueError("there is no room for " + name)


def _lay(view, begin, at, data):
    """Put the part of `data`, which lies at `at`, that falls into a piece that lies at `begin`."""
    first, last = max(begin, at), min(begin + len(view), at + len(data))
    if first < last:
        view[first - begin : last - begin] = data[first - at : last - at]
