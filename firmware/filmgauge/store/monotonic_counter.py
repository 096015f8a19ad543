"""A counter that never gives a number twice, whatever becomes of the power.

    counter = MonotonicCounter("/counter")
    number = counter.next()         # OSError when flash does not keep the reservation

Numbers are reserved in blocks: flash holds the first number that has not been reserved, and is
written once a block. A reset skips what is left of its block.
"""

import struct

from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, OVERHEAD
from filmgauge.store.journal import Journal

_SIZE = const(4)
_FIRST = const(100)  # BTHome receivers take a number below 100 for a start from zero
_BLOCK = const(256)  # a report an hour: flash is written every ten days
_LAST = const(0xFFFFFFFF)


class MonotonicCounter:
    """Numbers from 100 on, ascending; gaps where the power went."""

    def __init__(self, path: str):
        self._journal = Journal(path, _SIZE)
        self._buffer = bytearray(_SIZE + OVERHEAD)
        self._next = self._reserved = 0  # nothing is reserved yet

    def next(self) -> int:
        """Return the next number; OSError from flash, ValueError when there is none left."""
        if self._next >= self._reserved:
            self._reserve()
        number = self._next
        self._next += 1
        return number

    def _reserve(self):
        begin = _FIRST
        if self._journal.load(self._buffer):
            begin = max(begin, struct.unpack_from("<I", self._buffer, HEAD_SIZE)[0])
        end = begin + _BLOCK
        if end > _LAST:
            raise ValueError("the counter has reached its end: give the node a new key")
        struct.pack_into("<I", self._buffer, HEAD_SIZE, end)
        self._journal.save(self._buffer)
        self._next, self._reserved = begin, end
