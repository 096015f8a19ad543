"""The commands that bring a new version of the firmware: ordered, asked after, and where there is
no broker to fetch it from, brought piece by piece.

    orders = VersionOrders(peer)
    text = orders.order(payload)        # Refused
    text = orders.add_part(payload)

Loaded with the first such command of a connection.
"""

import struct
import sys

from filmgauge.compat import const
from filmgauge.upgrade.manifest import PIECE
from filmgauge.upgrade.outcome import FETCHING, outcome, remember
from filmgauge.upgrade.staging import (
    FOLDER,
    SUPPLY_HOLDS,
    Staging,
    clear,
    exists,
    order,
    refuse,
)
from filmgauge.uplink.commands import DENIED, MALFORMED, Refused
from filmgauge.uplink.peer_context import REQUEST_REBOOT

STATUS = const(0)  # what is asked for: the first byte of the payload
BEGIN = const(1)
ABANDON = const(2)
_BEGIN_SIZE = const(36)
_UNSAFE = const(
    "a power cut can end the file system of this board while it is written: order it with a supply"
    " that holds"
)


class VersionOrders:
    """`peer` is the PeerContext of the connection. A piece is in RAM until it is whole."""

    def __init__(self, peer):
        self._peer = peer
        self._staging = None
        self._piece = bytearray()

    def order(self, payload: bytes) -> str:
        """Order a version, ask after it, or abandon it; return what to tell."""
        what = payload[0] if payload else STATUS
        if what == BEGIN and len(payload) == _BEGIN_SIZE:
            return self._begin(*struct.unpack("<32sHB", payload[1:]))
        if len(payload) > 1 or what > ABANDON or what == BEGIN:
            raise Refused(MALFORMED, "payload must be 0, 2, or 1 and 35 bytes of an order")
        if what == ABANDON and outcome()[0] == FETCHING:
            self.close()
            clear()
        return self._status()

    def _begin(self, digest, size, flags):
        config, board = self._peer.config, self._peer.board
        if not config.update_key:
            raise Refused(DENIED, "the node has no update_key")
        if "launch" not in sys.modules:
            raise Refused(DENIED, "no launcher has started this firmware, so none can switch it")
        if not 1 <= size <= PIECE:
            raise Refused(MALFORMED, "size must be 1 to %d, not %d" % (PIECE, size))
        if not (board.files_outlive_cuts or flags & SUPPLY_HOLDS):
            raise Refused(DENIED, _UNSAFE)
        state, text = outcome() if exists(FOLDER) else (FETCHING, "")
        if state != FETCHING:
            remember(state, text)  # unless the launcher still has to do with it
        if exists("/trial") or exists("/switch"):
            raise Refused(DENIED, "a version is on trial: order it when that is over")
        self.close()
        order(digest, size, flags)
        return self._status()

    def add_part(self, payload: bytes) -> str:
        """Take a part of the next piece; the last one writes it. Raises Refused."""
        if len(payload) < 5:
            raise Refused(MALFORMED, "a part must have 5 bytes or more, not %d" % len(payload))
        number, offset = struct.unpack_from("<HH", payload, 0)
        staging = self._open()
        piece = self._piece
        if not offset:
            piece = self._piece = bytearray()
        if (number, offset) != (staging.next, len(piece)):
            text = "part must be %d of piece %d, not %d of %d"
            raise Refused(MALFORMED, text % (len(piece), staging.next, offset, number))
        piece.extend(memoryview(payload)[4:])
        if len(piece) >= staging.room():
            self._piece = bytearray()
            try:
                staging.add(piece)
            except ValueError as error:
                self.close()
                refuse(str(error))
                raise Refused(DENIED, str(error)) from None
            except OSError:  # nobody knows how much of it is there: as long as the file is
                self.close()
                raise
            if staging.is_whole():
                self.close()
                self._peer.requests |= REQUEST_REBOOT
        return "%d of %d" % (staging.next, staging.pieces)

    def _open(self):
        if self._staging is None:
            if not exists(FOLDER) or outcome()[0] != FETCHING:
                raise Refused(DENIED, "no version is ordered")
            try:
                self._staging = Staging(self._peer.board.name)
            except ValueError as error:
                refuse(str(error))
                raise Refused(DENIED, str(error)) from None
        return self._staging

    def close(self) -> None:
        """Close what is open."""
        if self._staging is not None:
            self._staging.close()
            self._staging = None

    def _status(self):
        if not exists(FOLDER):
            return "nothing"
        state, text = outcome()
        if state != FETCHING:
            remember(state, text)
            return state + ": " + text if text else state
        staging = self._open()
        return "%s %d of %d" % (state, staging.next, staging.pieces)
