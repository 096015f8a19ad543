"""The counter of the last command that a node has accepted, in flash."""

import struct

from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, OVERHEAD
from filmgauge.store.journal import Journal

_SIZE = const(4)


class CommandCounter:
    """`value` is 0 before the first one."""

    def __init__(self, path: str = "/commands"):
        self._journal = Journal(path, _SIZE)
        self._buffer = bytearray(_SIZE + OVERHEAD)
        found = self._journal.load(self._buffer)
        self.value = struct.unpack_from("<I", self._buffer, HEAD_SIZE)[0] if found else 0

    def save(self, counter: int) -> None:
        """Write a counter; OSError from flash, with the old one in force."""
        struct.pack_into("<I", self._buffer, HEAD_SIZE, counter)
        self._journal.save(self._buffer)
        self.value = counter
