"""What a node shows to a peer that is connected, and what the peer has asked the node for."""

import gc
import struct

from filmgauge.compat import const

_VERSION = const(4)
REQUEST_REPORT = const(1)  # at the next wake
REQUEST_ZERO = const(2)  # look at the sensor's zero at the next chance
REQUEST_REBOOT = const(4)  # after this wake
REQUEST_NEW_SESSION = const(8)  # the broker is to forget what it has for the node
REQUEST_RESET = const(16)  # of the counters that a record has for service


class PeerContext:
    """record, backlog and ledger are those of the report that is being sent.

    next_s: from that report to the next, as the node means to.
    requests: bits that the node looks at after the report; requested: those of the wake before.
    refused: commands that were; obeyed: whether there was one with the key that
    nobody can send again. make_room: frees the heap for serving a peer, where the node has put a
    function here. clock_unix_s: when the board's clock was zero, s since 1970; 0: nobody has told.
    """

    def __init__(self, board, config, profile):
        self.board = board
        self.config = config
        self.profile = profile
        self.record = self.backlog = self.ledger = None
        self.requests = self.requested = self.refused = self.next_s = 0
        self.obeyed = False
        self.make_room = None
        self._shown_ms = 0
        self.clock_unix_s = 0

    def show(self, record, backlog, ledger) -> None:
        """Put a new record on the desk."""
        self.record, self.backlog, self.ledger = record, backlog, ledger
        self._shown_ms = self.board.clock_ms()

    def up_s(self) -> int:
        """Return the time since power-on."""
        shown_s = (self.board.clock_ms() - self._shown_ms) // 1000
        return self.record.up_s + shown_s  # pyright: ignore

    def unix_s(self) -> int:
        """Return the time since 1970, 0 where nobody has told it."""
        return self.clock_unix_s and self.clock_unix_s + self.board.clock_ms() // 1000

    def set_unix(self, unix_s: int) -> None:
        """Note what time it is."""
        self.clock_unix_s = unix_s - self.board.clock_ms() // 1000

    def can_zero(self) -> bool:
        """Return whether the node has a switch that shows its sensor's zero."""
        return self.config.pin_disconnect >= 0 and self.config.pin_sensors < 0

    def state(self, counter: int) -> bytes:
        """Return the node's state as peers read it; `counter` is that of the last command."""
        record, backlog = self.record, self.backlog
        if record is None or backlog is None:
            return b""  # there is nothing to show yet
        newest = record.life, record.boot, record.seq
        oldest = backlog.oldest() or newest
        return struct.pack(
            "<BIIIIIHIIIIIIHI",
            _VERSION,
            *newest,
            self.up_s(),
            self.unix_s(),
            backlog.count(),
            *oldest,
            gc.mem_free() if hasattr(gc, "mem_free") else 0,  # pyright: ignore
            counter,
            record.faults,
            record.limits or 0,
            self.next_s,
        )
