"""MQTT 3.1.1 for a node that cannot afford to wait: every wait has a deadline.

    client = Client(BrokerAddress("broker.local", 1883), "bench-1", timeout_ms=5000)
    client.connect(will=(topic, payload))       # retained, QoS 1
    client.publish(topic, payload)              # QoS 1: returns when the broker has acknowledged
    client.publish(topic, payload, retain=True, qos=0)
    client.disconnect()

OSError(ETIMEDOUT) when a deadline passes, OSError from the socket, and MqttError when the broker
refuses or breaks the protocol; after any of them the client is closed. A QoS 1 publish that
failed is safe to repeat: receivers know a record by boot and seq.
"""

import select
import socket
import struct
import time

from filmgauge.compat import const

_CONNECT = const(0x10)
_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_DISCONNECT = const(0xE0)
_ETIMEDOUT = const(110)
_ECONNRESET = const(104)
_ENOTCONN = const(128)
_HEAD = const(5)  # room before the body for the fixed header
PACKET_SIZE = const(1280)  # of the longest: a record has 1079 bytes at most
_CLEAN = const(0x02)
_WILL_QOS1_RETAIN = const(0x2C)
_USER = const(0x80)
_PASSWORD = const(0x40)
_FAREWELL_MS = const(500)  # far more than a round trip takes
_KEEPALIVE_S = const(60)

_REFUSALS = const(
    ("", "protocol version", "client id", "unavailable", "bad credentials", "not allowed")
)


class MqttError(Exception):
    """The broker refused, or did what MQTT 3.1.1 does not allow."""


class _Closed:
    """Stands in for the socket while there is none."""

    def write(self, data):
        raise OSError(_ENOTCONN)

    readinto = write

    def close(self):
        pass


class Client:
    """One connection to one broker. All packets are built in one buffer of PACKET_SIZE bytes."""

    def __init__(
        self,
        address,
        client_id,
        user="",
        password="",
        timeout_ms=5000,
        feed=None,
        longest_wait_ms=60000,
        buffer=None,
    ):
        self._address = address
        self._client_id = client_id
        self._user = user
        self._password = password
        self._timeout_ms = timeout_ms
        self._feed = feed  # called before each wait, for a watchdog
        self._longest_wait_ms = longest_wait_ms  # between two calls of it
        self._buffer = bytearray(PACKET_SIZE) if buffer is None else buffer
        self._view = memoryview(self._buffer)
        self._socket = _Closed()
        self._poll = select.poll()
        self._packet_id = 0

    def connect(self, will=None) -> None:
        """Open the connection; `will` is (topic, payload), retained at QoS 1.

        Where nobody answers as a broker does at the address that is known, it is looked up.
        """
        address = self._address
        known = address.cached()
        if known:
            try:
                return self._connect_to(known, will)
            except (OSError, MqttError):
                found = address.resolve()
                if found == known:
                    raise
        else:
            found = address.resolve()
        self._connect_to(found, will)
        address.keep(found)

    def _connect_to(self, address, will):
        self.close()
        deadline = self._deadline()
        try:
            deadline = self._open(address, deadline)
            self._send(_CONNECT, self._connect_body(will), deadline)
            kind, length = self._receive(deadline)
            if kind != _CONNACK or length != 2:
                raise MqttError("broker did not answer CONNECT with CONNACK")
            self._check_granted(self._buffer[_HEAD + 1])
        except Exception:
            self.close()
            raise

    def publish(self, topic, payload, retain=False, qos=1) -> None:
        """Send one message; at QoS 1 wait until the broker has acknowledged it.

        payload: text, bytes, or an iterable of texts that follow each other.
        """
        deadline = self._deadline()
        end = self._put_text(_HEAD, topic)
        if qos:
            self._packet_id = self._packet_id % 65535 + 1
            end = self._put(end, struct.pack(">H", self._packet_id))
        for part in (payload,) if isinstance(payload, (str, bytes)) else payload:
            end = self._put(end, part)
        try:
            self._send(_PUBLISH | qos << 1 | (1 if retain else 0), end, deadline)
            while qos and not self._is_acknowledged(deadline):
                pass
        except Exception:
            self.close()
            raise

    def disconnect(self) -> None:
        """Take leave, so that the broker does not publish the will, and close.

        What was sent last leaves only once the broker has acknowledged what came before, and
        with the radio off it never does. A broker closes its side when it has read the farewell.
        """
        deadline = time.ticks_add(self._deadline(), _FAREWELL_MS - self._timeout_ms)
        try:
            self._send(_DISCONNECT, _HEAD, deadline)
            while self._left_ms(deadline):  # whatever it still sends
                self._read(0, 1, deadline)
        except OSError:
            pass  # it has closed, or does not in time
        self.close()

    def close(self) -> None:
        """Close the socket without taking leave."""
        if not isinstance(self._socket, _Closed):
            self._poll.unregister(self._socket)
            self._socket.close()
            self._socket = _Closed()

    def _deadline(self):
        if self._feed is not None:
            self._feed()
        return time.ticks_add(time.ticks_ms(), self._timeout_ms)

    def _open(self, address, deadline):
        stream = socket.socket()
        self._socket = stream
        self._poll.register(stream, select.POLLIN)
        stream.settimeout(min(self._left_ms(deadline), self._longest_wait_ms) / 1000)
        stream.connect(address)
        stream.setblocking(False)
        return deadline

    def _connect_body(self, will):
        buffer = self._buffer
        flags = _CLEAN
        end = self._put_text(_HEAD, "MQTT")
        buffer[end] = 4
        flags_at = end + 1
        struct.pack_into(">H", buffer, end + 2, _KEEPALIVE_S)
        end = self._put_text(end + 4, self._client_id)
        if will is not None:
            flags |= _WILL_QOS1_RETAIN
            end = self._put_text(self._put_text(end, will[0]), will[1])
        if self._user:
            flags |= _USER | _PASSWORD
            end = self._put_text(self._put_text(end, self._user), self._password)
        buffer[flags_at] = flags
        return end

    def _check_granted(self, code):
        if code:
            reason = _REFUSALS[code] if code < len(_REFUSALS) else "code %d" % code
            raise MqttError("broker refused the connection: " + reason)

    def _is_acknowledged(self, deadline):
        """Read one packet; return whether it is the PUBACK of the last message."""
        kind, length = self._receive(deadline)
        if kind != _PUBACK or length != 2:
            return False
        return struct.unpack_from(">H", self._buffer, _HEAD)[0] == self._packet_id

    def _put_text(self, at, text):
        data = text.encode() if isinstance(text, str) else text
        end = self._put(at + 2, data)
        struct.pack_into(">H", self._buffer, at, len(data))
        return end

    def _put(self, at, data):
        data = data.encode() if isinstance(data, str) else data
        end = at + len(data)
        if end > PACKET_SIZE:
            raise ValueError("message must fit into %d bytes" % PACKET_SIZE)
        self._buffer[at:end] = data
        return end

    def _send(self, kind, end, deadline):
        """Put the fixed header before the body at _HEAD:end and send both."""
        length = end - _HEAD
        if length < 128:
            start = _HEAD - 2
            self._buffer[_HEAD - 1] = length
        else:
            start = _HEAD - 3
            self._buffer[_HEAD - 2] = length & 127 | 128
            self._buffer[_HEAD - 1] = length >> 7
        self._buffer[start] = kind
        while start < end:
            sent = self._socket.write(self._view[start:end])
            if sent:
                start += sent
            else:
                self._wait(select.POLLOUT, deadline)

    def _receive(self, deadline):
        """Read one packet into the buffer at _HEAD; return (first byte, length)."""
        kind, length = self._receive_head(deadline)
        self._receive_body(length, deadline)
        return kind, length

    def _receive_head(self, deadline):
        self._left_ms(deadline)  # a broker that never pauses must not hold the node either
        self._read(0, 2, deadline)
        kind = self._buffer[0]
        length = self._buffer[1] & 127
        shift = 7
        while self._buffer[1] & 128:
            if shift > 21:
                raise MqttError("broker sent a packet with a malformed length")
            self._read(1, 1, deadline)
            length |= (self._buffer[1] & 127) << shift
            shift += 7
        return kind, length

    def _receive_body(self, length, deadline):
        if _HEAD + length > PACKET_SIZE:
            raise MqttError("broker sent a packet of %d bytes, more than fits" % length)
        self._read(_HEAD, length, deadline)

    def _read(self, at, count, deadline):
        end = at + count
        while at < end:
            got = self._socket.readinto(self._view[at:end])
            if got is None:
                self._wait(select.POLLIN, deadline)
            elif got == 0:
                raise OSError(_ECONNRESET)
            else:
                at += got

    def _wait(self, event, deadline):
        self._poll.modify(self._socket, event)
        is_ready = False
        while not is_ready:
            if self._feed is not None:  # also where something comes all the time
                self._feed()
            is_ready = self._poll.poll(min(self._left_ms(deadline), self._longest_wait_ms))

    def _left_ms(self, deadline):
        left = time.ticks_diff(deadline, time.ticks_ms())
        if left <= 0:
            raise OSError(_ETIMEDOUT)
        return left
