"""The log of a node, sent record by record in notifications that fit the link.

    transfer = LogTransfer(backlog)
    transfer.begin(life, boot, seq, count)
    piece = transfer.piece(room)        # the next one, b"" when all has been told
    transfer.sent()                     # it went: on to the one after it

A piece is `head u8` and bytes: the low 7 bits number it within its record, the high bit marks the
last one. The end is FF with `sent u16, left u16`. Who loses the link asks again after what came.
"""

import struct

from filmgauge.compat import const
from filmgauge.record.record import SIZES

_LAST = const(0x80)
_END = const(0xFF)


class LogTransfer:
    """One request at a time; a new one takes the place of the old."""

    def __init__(self, backlog):
        self._backlog = backlog
        self._at = self._end = 0  # numbers of the backlog
        self._wanted = self._sent = 0
        self._data = b""  # of the record under way
        self._offset = self._number = 0
        self._piece = b""
        self.busy = False

    def begin(self, life: int, boot: int, seq: int, count: int) -> None:
        """Send what is newer than (life, boot, seq), `count` records at most; 0 stops."""
        self._at, self._end = self._backlog.after(life, boot, seq)
        self._wanted, self._sent = count, 0
        self._data = self._piece = b""
        self.busy = True

    def stop(self) -> None:
        """Send no record after the one under way."""
        self._wanted = min(self._wanted, self._sent + (1 if self._data else 0))

    def piece(self, room: int) -> bytes:
        """Return the piece that is due, `room` bytes at most; nothing when there is none."""
        if not self.busy:
            return b""
        if not self._piece:
            self._piece = self._next(room)
        return self._piece

    def sent(self) -> None:
        """Note that the piece went."""
        if self._piece[0] == _END:
            self.busy = False
        elif self._piece[0] & _LAST:
            self._sent += 1
            self._data = b""
        self._piece = b""

    def _next(self, room):
        if not self._data and not self._load():
            left = min(65535, self._end - self._at)
            return struct.pack("<BHH", _END, self._sent, left)
        end = min(len(self._data), self._offset + room - 1)
        head = self._number | (_LAST if end == len(self._data) else 0)
        piece = bytes((head,)) + self._data[self._offset : end]
        self._offset = end
        self._number += 1
        return piece

    def _load(self):
        """Take the next record that can be read; return whether there is one to send."""
        while self._at < self._end and self._sent < self._wanted:
            number = self._at
            self._at += 1
            try:
                data = self._backlog.read(self._backlog.name(number))
            except OSError:
                continue  # dropped to make room, or lost in flash
            if len(data) in SIZES:
                self._data, self._offset, self._number = data, 0, 0
                return True
        return False
