"""Puts records together from the pieces that a node notifies (log data, docs/bluetooth.md)."""

import struct
from dataclasses import dataclass

from filmgauge.record.record import SIZE, Record
from filmgauge_host.ble.errors import NodeError

_END = 0xFF
_LAST = 0x80
_NUMBER = 0x7F
_END_SIZE = 5


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The end of a request. left: records that are newer than the last one sent."""

    sent: int
    left: int


class LogPieces:
    """Takes pieces in order; a record with a wrong checksum is counted in `torn`, not returned."""

    def __init__(self) -> None:
        self.torn = 0
        self._parts = bytearray()
        self._next = 0

    def take(self, piece: bytes) -> Record | LogEnd | None:
        """Return what is complete with this piece. NodeError when a piece is missing."""
        if not piece:
            raise NodeError("log data came without a byte")
        head = piece[0]
        if head == _END and len(piece) == _END_SIZE:
            return LogEnd(*struct.unpack_from("<HH", piece, 1))
        if head & _NUMBER != self._next:
            raise NodeError(f"log data came with piece {head & _NUMBER} instead of {self._next}")
        self._parts += piece[1:]
        if len(self._parts) > SIZE:
            raise NodeError(f"log data has more than the {SIZE} bytes of a record")
        self._next += 1
        if not head & _LAST:
            return None
        data, self._parts, self._next = bytes(self._parts), bytearray(), 0
        try:
            return Record.from_bytes(data)
        except ValueError:  # torn in the node's flash: asking again would not help
            self.torn += 1
            return None
