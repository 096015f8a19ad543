"""One connection: serves the node's values, its log and its commands until the peer leaves.

    GattServer(link, peer).serve()

Loaded when a central has come. Nothing waits without a deadline: the peer may be silent for
`ble_idle_ms`, and the whole takes `ble_connected_ms` at most.
"""

import struct

from filmgauge.compat import const, unload
from filmgauge.uplink.ble import gatt
from filmgauge.uplink.ble.events import DISCONNECTED, MTU, WRITTEN

_VALUES = const(".uplink.ble.gatt_values .uplink.ble.battery_service")
_MALFORMED = const(1)  # as uplink/commands.py
_FULL_MS = const(10)  # after which a stack that was full has sent something
_LONGEST_DOZE_MS = const(1000)
_LEAVE_MS = const(3000)  # a peer that is told to go is gone after this (assumed)
_GRACE_MS = const(1000)
_LEAST_MTU = const(23)
_ATT_HEAD = const(3)  # of a notification
_REQUEST = const("<IIIH")
_REQUEST_SIZE = const(14)


class GattServer:
    """Serves one central. Raises OSError only where the radio itself fails."""

    def __init__(self, link, peer):
        self._link = link
        self._ble = link.ble
        self._own = link.handles[2]
        self._peer = peer
        self._clock_ms = peer.board.clock_ms
        config = peer.config
        self._idle_ms = config.ble_idle_ms
        self._end_ms = self._clock_ms() + config.ble_connected_ms
        self._last_event_ms = self._clock_ms()
        # The counter of the last that was accepted.
        self._last = peer.backlog.stored_number("/commands")
        self._commands = self._transfer = None  # until somebody asks for them
        self._room = _LEAST_MTU - _ATT_HEAD
        self._awake_ms = config.ble_awake_ms
        self._ends = False
        self._critical = self._write_values()
        link.ready = True

    def _write_values(self):
        from filmgauge.uplink.ble.gatt_values import write_all

        critical = write_all(self._ble, self._link.handles, self._peer, self._last.value)
        unload(_VALUES)
        return critical

    def serve(self) -> None:
        """Stay until the peer has left or a deadline has passed."""
        try:
            self._serve()
        finally:
            if self._commands is not None:
                self._commands.close()

    def _serve(self):
        self._indicate_critical()
        while self._link.connection is not None:
            event = self._link.next_event()
            now_ms = self._clock_ms()
            if event is not None:
                self._last_event_ms = now_ms
                if event[0] == DISCONNECTED:
                    return
            self._check_supply()  # whatever comes: a peer may write without a pause
            left_ms = min(self._end_ms, self._last_event_ms + self._idle_ms) - now_ms
            if left_ms <= 0:
                self._disconnect()
                return
            if event is not None:
                self._handle(event)
                self._peer.board.feed()
                continue
            self._link.save_bonds()
            if self._transfer is not None and self._transfer.busy:
                left_ms = min(left_ms, self._send(self._transfer))
            if left_ms:
                self._link.doze(min(left_ms, _LONGEST_DOZE_MS))

    def _check_supply(self):
        """Come to an end when the work for this peer has cost what the supply bears."""
        if not 0 < self._awake_ms <= self._link.awake_ms():
            return
        if self._transfer is not None and self._transfer.busy:
            self._transfer.stop()
        elif not self._ends:  # the peer may say that it has all; the last piece is on its way
            self._ends = True
            self._end_ms = min(self._end_ms, self._clock_ms() + _GRACE_MS)

    def _handle(self, event):
        kind = event[0]
        if kind == MTU:
            self._room = event[1] - _ATT_HEAD
        elif kind == WRITTEN:
            handle, data = event[1], event[2]
            if handle == self._own[gatt.LOG_REQUEST]:
                self._start_log(data)
            elif handle in (self._own[gatt.COMMAND], self._own[gatt.SECURE]):
                self._command(data)

    def _start_log(self, data):
        if len(data) != _REQUEST_SIZE:
            text = "log request must have %d bytes, not %d" % (_REQUEST_SIZE, len(data))
            self._reply(0, _MALFORMED, text)
        else:
            if self._transfer is None:
                from filmgauge.uplink.ble.log_transfer import LogTransfer

                self._transfer = LogTransfer(self._peer.backlog)
            self._transfer.begin(*struct.unpack(_REQUEST, data))

    def _send(self, transfer):
        """Send a piece of the log; return how long to wait for the next."""
        piece = transfer.piece(self._room)
        try:
            self._notify(gatt.LOG_DATA, piece)
        except OSError:
            return _FULL_MS  # no room: the deadlines end it when that lasts
        transfer.sent()
        self._last_event_ms = self._clock_ms()
        self._peer.board.feed()
        return 0

    def _command(self, frame):
        if self._commands is None:
            from filmgauge.uplink.actions import CommandPort

            self._commands = CommandPort(self._peer, self._last)
        self._reply(*self._commands.execute(frame))
        self._ble.gatts_write(self._own[gatt.STATE], self._peer.state(self._last.value))

    def _reply(self, counter, status, text):
        reply = struct.pack("<IB", counter, status) + text.encode()
        self._ble.gatts_write(self._own[gatt.REPLY], reply)
        try:
            self._notify(gatt.REPLY, reply[: self._room])
        except OSError:
            pass  # it can still be read

    def _indicate_critical(self):
        """Indicate that the charge is critical or service is due."""
        if self._critical:
            try:
                handle = self._link.handles[0][gatt.CRITICAL]
                self._ble.gatts_indicate(self._link.central, handle)
            except OSError:
                pass  # it can still be read

    def _notify(self, index, data):
        self._ble.gatts_notify(self._link.central, self._own[index], data)

    def _disconnect(self):
        """End the connection, and let the stack do so."""
        self._ble.gap_disconnect(self._link.central)
        until_ms = self._clock_ms() + _LEAVE_MS
        while self._link.connection is not None and self._clock_ms() < until_ms:
            self._link.doze(until_ms - self._clock_ms())
