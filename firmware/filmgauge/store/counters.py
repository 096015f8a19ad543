"""Numbers in flash that only ever grow, whatever becomes of the power.

last = StoredNumber("/commands")
last.save(last.value + 1)           # OSError from flash, with the old one in force

counter = MonotonicCounter("/counter")
number = counter.next(backlog)             # never given twice; OSError where flash fails
"""

import struct

from filmgauge.compat import const, names_in
from filmgauge.store.block import HEAD_SIZE, OVERHEAD

_SIZE = const(4)
_FIRST = const(100)  # BTHome receivers take a number below 100 for a start from zero
_BLOCK = const(256)  # a report an hour: flash is written every ten days
LOST = const(0xFFFFFFFF)  # nothing is above it: where the last number is not known


class StoredNumber:
    """`value` is 0 before the first one was saved, and LOST where that cannot be read."""

    def __init__(self, path: str):
        from filmgauge.store.journal import Journal

        self._journal = Journal(path, _SIZE)
        self._buffer = bytearray(_SIZE + OVERHEAD)
        found = self._journal.load(self._buffer)
        if found:
            self.value = struct.unpack_from("<I", self._buffer, HEAD_SIZE)[0]
        else:
            self.value = LOST if _was_saved(path) else 0

    def save(self, value: int) -> None:
        """Write a number; OSError from flash, with the old one in force."""
        struct.pack_into("<I", self._buffer, HEAD_SIZE, value)
        self._journal.save(self._buffer)
        self.value = value


def _was_saved(path):
    """Return whether a number was ever saved. Power that goes in the first save leaves the name of
    its slot, and nothing has been done under that number."""
    try:
        names = list(names_in(path))
    except OSError:
        return False
    if names != ["1"]:
        return bool(names)
    try:
        with open(path + "/1", "rb") as file:
            return bool(file.read(1))
    except OSError:
        return True


class MonotonicCounter:
    """Numbers from 100 on, ascending; gaps where the power went.

    They are reserved in blocks: flash holds the first number that has not been reserved, and is
    written once a block. A reset skips what is left of its block.
    """

    def __init__(self, path: str):
        self._path = path
        self._stored = None  # until a number is asked for
        self._next = 0

    def next(self, store) -> int:
        """Return the next number, reserved in the node's store of records; OSError from flash,
        ValueError when there is none left."""
        if self._stored is None or self._next >= self._stored.value:
            self._reserve(store)
        number = self._next
        self._next += 1
        return number

    def _reserve(self, store):
        if self._stored is None:
            self._stored = store.stored_number(self._path)
        begin = max(_FIRST, self._stored.value)
        end = begin + _BLOCK
        if end > LOST:
            raise ValueError("its counter is lost or at its end: give the node new keys")
        self._stored.save(end)
        self._next = begin
