"""What commands do, whatever they came through: checked, carried out, answered.

    port = CommandPort(peer, StoredNumber("/commands"))
    counter, status, text = port.execute(frame)

Loaded with the first command of a connection.
"""

import struct

from filmgauge.compat import const, unload
from filmgauge.uplink.commands import (
    CRASHES,
    DENIED,
    DONE,
    MALFORMED,
    PIECE,
    UNCOUNTED,
    UNKNOWN,
    Commands,
    Refused,
)
from filmgauge.uplink.peer_context import (
    REQUEST_REBOOT,
    REQUEST_REPORT,
    REQUEST_RESET,
    REQUEST_ZERO,
)

TIME = const(1)
REPORT = const(2)
ZERO = const(3)
REBOOT = const(4)
CONFIGURE = const(5)
FORGET = const(6)
PROFILE = const(7)
RESET = const(8)
UPDATE = const(9)

LARGEST_CHANGE = const(2048)  # bytes of a configuration change
LARGEST_PROFILE = const(4096)  # bytes of a profile
_PART_HEAD = const(4)
_UNSAFE = const(
    "a power cut can end the file system of this board while it is written: bring the profile"
    " with a version"
)
_LEAST_UNIX = const(1577836800)  # 2020-01-01: before it there was no such node


class CommandPort:
    """Commands for one connection. `execute` raises nothing that a frame could cause."""

    def __init__(self, peer, last):
        self._peer = peer
        config = peer.config
        self._commands = Commands(config.node, config.command_key, last)
        self._actions = Actions(peer)

    def execute(self, frame: bytes) -> "tuple[int, int, str]":
        """Carry out a frame; return its counter (0 without one whose MAC holds), status, text."""
        counter = 0
        try:
            counter, operation, payload = self._commands.verify(frame)
            if operation not in UNCOUNTED:
                self._peer.obeyed = True
            return counter, DONE, self._actions.do(operation, payload)
        except Refused as refused:
            self._peer.refused += 1
            return counter or refused.counter, refused.status, refused.reason
        except OSError as error:
            return counter, DENIED, "flash: %s" % error
        except MemoryError:
            unload("")
            return counter, DENIED, "the node has no room for it"

    def close(self) -> None:
        """Put what has come in pieces into flash: the connection ends. OSError from flash."""
        self._actions.close()

    def mac_of_answer(self, counter: int, status: int, text: str, last: int) -> str:
        """Return what vouches for an answer (commands.py)."""
        return self._commands.mac_of_answer(counter, status, text, last)


class Actions:
    """Operations for one connection: parts of a configuration are collected in it."""

    def __init__(
        self, peer, config_path: str = "/config.json", profile_path: str = "/profile.bin"
    ):
        self._peer = peer
        self._config_path = config_path
        self._profile_path = profile_path
        self._collected = self._version_orders = None

    def do(self, operation: int, payload: bytes) -> str:
        """Carry out an operation; return what to tell. Raises Refused; OSError from flash."""
        if operation == TIME:
            return self._time(payload)
        if operation == REPORT:
            return self._request(REQUEST_REPORT, payload, "the next wake reports")
        if operation == ZERO:
            if not self._peer.can_zero():
                raise Refused(DENIED, "the node cannot show its sensor's zero")
            return self._request(REQUEST_ZERO, payload, "the zero is looked at")
        if operation == REBOOT:
            return self._request(REQUEST_REBOOT, payload, "reset after this wake")
        if operation == CONFIGURE:
            return self._configure(payload)
        if operation == PROFILE:
            return self._profile(payload)
        if operation == RESET:
            return self._request(REQUEST_RESET, payload, "the counters begin anew")
        if operation == FORGET:
            life, boot, seq = _fields("<III", payload)
            peer = self._peer
            gone = peer.backlog.forget(life, boot, seq, peer.board.feed)
            return "%d removed" % gone
        if operation in (UPDATE, PIECE):
            return self._update(operation, payload)
        if operation == CRASHES:
            from filmgauge.uplink.crash_records import crash_records

            return crash_records(self._peer.board.pages(True), payload)
        raise Refused(UNKNOWN, "there is no operation %d" % operation)

    def close(self) -> None:
        """Leave no file open."""
        if self._version_orders is not None:
            self._version_orders.close()

    def _update(self, operation, payload):
        if self._version_orders is None:
            from filmgauge.uplink.version_orders import VersionOrders

            self._version_orders = VersionOrders(self._peer)
        if operation == UPDATE:
            return self._version_orders.order(payload)
        return self._version_orders.add_part(payload)

    def _time(self, payload):
        unix_s = _fields("<I", payload)[0]
        if unix_s < _LEAST_UNIX:
            raise Refused(DENIED, "time must be %d or later, not %d" % (_LEAST_UNIX, unix_s))
        self._peer.set_unix(unix_s)
        if self._peer.board.boots_anew:  # what it knows else is gone with the next sleep
            from filmgauge.uplink.set_date import set_date

            set_date(self._peer.board.clock, unix_s)
        return "set"

    def _request(self, bit, payload, text):
        if payload:
            raise Refused(MALFORMED, "payload must be empty, not %d bytes" % len(payload))
        self._peer.requests |= bit
        return text

    def _profile(self, payload):
        """Take a part of a profile; the last one puts it in place."""
        offset, total = _part(payload, LARGEST_PROFILE)
        if not self._peer.board.files_outlive_cuts:
            raise Refused(DENIED, _UNSAFE)
        from filmgauge.uplink.new_profile import add_part

        try:
            return add_part(self._profile_path, offset, total, payload[_PART_HEAD:])
        except ValueError as error:
            raise Refused(DENIED, str(error)) from None

    def _configure(self, payload):
        """Take a part of a change; the last one makes it."""
        offset, total = _part(payload, LARGEST_CHANGE)
        if not offset:
            self._collected = bytearray()
        collected = self._collected
        if collected is None or offset != len(collected):
            wanted = 0 if collected is None else len(collected)
            raise Refused(MALFORMED, "offset must be %d, not %d" % (wanted, offset))
        collected.extend(payload[_PART_HEAD:])
        if len(collected) < total:
            return "%d of %d" % (len(collected), total)
        self._collected = None
        from filmgauge.uplink.reconfigure import change

        try:
            count = change(bytes(collected), self._config_path, self._peer.board.pages(True))
        except ValueError as error:
            raise Refused(DENIED, str(error)) from None
        return "%d keys changed, used after the next boot" % count


def _part(payload, largest):
    """Return the offset of a part and the total that it is of."""
    if len(payload) <= _PART_HEAD:
        raise Refused(MALFORMED, "a part must have 5 bytes or more, not %d" % len(payload))
    offset, total = struct.unpack_from("<HH", payload, 0)
    if not 2 <= total <= largest:
        raise Refused(MALFORMED, "total must be 2 to %d, not %d" % (largest, total))
    if offset + len(payload) - _PART_HEAD > total:
        raise Refused(MALFORMED, "the part goes beyond the total of %d" % total)
    return offset, total


def _fields(layout, payload):
    size = struct.calcsize(layout)
    if len(payload) != size:
        raise Refused(MALFORMED, "payload must have %d bytes, not %d" % (size, len(payload)))
    return struct.unpack(layout, payload)
