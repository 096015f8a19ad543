"""A session that a broker keeps while the node sleeps, and the commands that wait in it. Loaded
with `command_key`.

    client = with_commands(Client)(address, ...)
    client.listen(topic, keeps_session=True, other_password="")
    client.connect(will)            # from here on `frames` fills, whatever it waits for
    client.subscribe()              # what waited at the broker before it is in `frames` now
    packet_id, is_repeated, frame = client.frames.pop(0)
    client.acknowledge(packet_id)   # or it comes again with the next session
    client.ping()                   # what that has made room for is in `frames` now

It subscribes each time: a session that the broker has kept may be one whose subscription a cut has
prevented, and the answer says no less than that of a ping.

A broker, or who sends through it, can fill `frames` up to MOST; what comes beyond is not
acknowledged. Of what is too long the beginning is kept, for it to be refused.
"""

import struct

from filmgauge.compat import const
from filmgauge.uplink.mqtt.client import PACKET_SIZE, Client, MqttError

_HEAD = const(5)  # client.py
_PUBLISH = const(0x30)
_REPEATED = const(0x08)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_PINGREQ = const(0xC0)
_PINGRESP = const(0xD0)
_CLEAN = const(0x02)
_FLAGS_AT = const(12)  # of CONNECT, in the buffer
_LOGIN_REFUSED = const((4, 5))
MOST = const(16)  # frames that are kept at once
_LONGEST = const(256)  # of a frame, uplink/commands.py
_MOST_SKIPPED = const(16384)  # bytes of a message: reading more takes longer than it is worth
_PIECE = const(256)


def with_commands(base=Client):
    """Return the class of a client that listens as well; `base` is one like its default."""

    class CommandClient(base):
        """frames: [packet id, 0 for none; whether it had been sent before; frame]. has_received:
        anything but what was asked for."""

        def listen(self, topic: str, keeps_session: bool, other_password: str) -> None:
            """Say what to listen to. other_password: for a broker that refuses the usual one."""
            self.topic = topic.encode()
            self.keeps_session = keeps_session
            self.frames = []
            self.has_received = self._is_refused = False
            self._other_password = other_password

        def subscribe(self) -> bool:
            """Ask for commands at QoS 1, and await those that wait; return whether the broker
            grants it."""
            deadline = self._deadline()
            self._packet_id = self._packet_id % 65535 + 1
            end = self._put(_HEAD, struct.pack(">H", self._packet_id))
            end = self._put(self._put_text(end, self.topic), b"\1")
            self._send(_SUBSCRIBE, end, deadline)
            self._await(_SUBACK, 3, deadline)
            return self._buffer[_HEAD + 2] <= 1

        def ping(self) -> None:
            """Wait until the broker has answered: what it had for the node came before."""
            deadline = self._deadline()
            self._send(_PINGREQ, _HEAD, deadline)
            self._await(_PINGRESP, 0, deadline)

        def acknowledge(self, packet_id: int) -> None:
            """Let the broker forget a message."""
            if packet_id:
                end = self._put(_HEAD, struct.pack(">H", packet_id))
                self._send(_PUBACK, end, self._deadline())

        def _await(self, wanted, size, deadline):
            while True:
                kind, length = self._receive(deadline)
                if kind == wanted and length == size:
                    return

        def _connect_to(self, address, will):
            try:
                super()._connect_to(address, will)
            except MqttError:
                if not (self._is_refused and self._other_password):
                    raise
                self._is_refused = False
                self._password, self._other_password = self._other_password, self._password
                super()._connect_to(address, will)

        def _connect_body(self, will):
            end = super()._connect_body(will)
            if self.keeps_session:
                self._buffer[_FLAGS_AT] &= ~_CLEAN
            return end

        def _check_granted(self, code):
            self._is_refused = code in _LOGIN_REFUSED
            super()._check_granted(code)

        def _receive(self, deadline):
            while True:
                kind, length = self._receive_head(deadline)
                if kind & 0xF0 != _PUBLISH:
                    self._receive_body(length, deadline)
                    return kind, length
                self.has_received = True
                self._receive_message(kind, length, deadline)

        def _receive_message(self, kind, length, deadline):
            if length > _MOST_SKIPPED:
                raise MqttError("broker sent a message of %d bytes" % length)
            size = min(length, PACKET_SIZE - _HEAD - _PIECE)
            self._read(_HEAD, size, deadline)
            left = length - size
            while left:
                piece = min(left, _PIECE)
                self._read(PACKET_SIZE - _PIECE, piece, deadline)
                left -= piece
            at = _HEAD + 2
            if size >= 2:
                at += struct.unpack_from(">H", self._buffer, _HEAD)[0]
            qos = kind >> 1 & 3
            begin, end = at + 2 * (qos > 0), _HEAD + size
            if size < 2 or qos > 1 or begin > end:
                raise MqttError("broker sent a malformed message")
            if self._buffer[_HEAD + 2 : at] == self.topic and len(self.frames) < MOST:
                packet_id = struct.unpack_from(">H", self._buffer, at)[0] if qos else 0
                frame = bytes(self._buffer[begin : min(end, begin + _LONGEST + 1)])
                self.frames.append((packet_id, kind & _REPEATED, frame))

    return CommandClient
