"""Receives over MQTT 3.1.1 at QoS 0 and 1: all packets of a read at once, and nothing more.

    receiver = MqttReceiver(address, "client-id")
    receiver.open(timeout_s=5.0)  # answered by Accepted
    receiver.subscribe([("filmgauge/+/telemetry", 1)])
    for event in receiver.receive(timeout_s=0.1):
        ...
    receiver.acknowledge(packet_id)  # leaves with the next `send` or `receive`

A client that does everything has a price per message, which would be most of the work of the
ingest. This one has no thread and never connects on its own: whoever drives it decides when.
Source: MQTT Version 3.1.1, OASIS Standard, chapters 2 and 3.
"""

import select
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.tcp_connection import connect, connect_problem

KEEPALIVE_S = 30
_READ_BYTES = 256 << 10
# What is kept of a packet: more than a topic and the longest payload that is decoded.
_PACKET_MAX = 3 * 65536
_CONNACK, _PUBLISH, _SUBACK = 2, 3, 9  # upper halves of a packet's first byte
_CONNECT, _SUBSCRIBE, _UNSUBSCRIBE, _PINGREQ, _DISCONNECT = 0x10, 0x82, 0xA2, 0xC0, 0xE0
_QOS = 0x06  # in a PUBLISH
_REFUSED = 0x80  # instead of a QoS
_USER, _PASSWORD = 0x80, 0x40
_REFUSALS = (
    "",
    "unsupported protocol version",
    "client identifier not valid",
    "server unavailable",
    "bad user name or password",
    "not authorized",
)


class LinkLost(Exception):
    """There is no connection any more; says why in a few words."""


class Publication(NamedTuple):
    """One message. topic: empty when it is no UTF-8. payload: cut off behind 128 KiB or more.
    packet_id: 0 at QoS 0, which needs no acknowledgement."""

    topic: str
    payload: bytes
    retained: bool
    packet_id: int


class Accepted(NamedTuple):
    """The answer to `open`. resumed: the broker has our session. refusal: why not, else empty."""

    resumed: bool
    refusal: str


class Subscribed(NamedTuple):
    """The answer to `subscribe`: whether each filter was granted, in turn."""

    granted: Sequence[bool]


Event: TypeAlias = Publication | Accepted | Subscribed


class MqttReceiver:
    """One connection at a time. `open`, `subscribe`, `unsubscribe`, `send`, `keep_alive` and
    `receive` raise LinkLost."""

    def __init__(self, address: BrokerAddress, client_id: str) -> None:
        self._address = address
        self._client_id = client_id
        self._socket: socket.socket | None = None
        self._in = b""  # the beginning of a packet
        self._cut = b""  # first byte and what is kept of one that is longer than _PACKET_MAX
        self._unwanted = 0  # bytes of it that are still to come
        self._out = bytearray()
        self._packet_id = 0
        self._sent_s = 0.0
        self._pinged_s: float | None = None  # since when a ping has no answer

    def open(self, timeout_s: float) -> None:
        """Connect and ask for the session that the broker keeps under our client id."""
        self.close()
        self._in, self._unwanted, self._pinged_s = b"", 0, None
        self._out.clear()
        try:
            self._socket = self._connected_socket(timeout_s)
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be encoded
            raise LinkLost(f"cannot be reached: {connect_problem(error)}") from None
        self._queue(_CONNECT, self._connect_body())
        self.send()

    def subscribe(self, filters: Iterable[tuple[str, int]]) -> None:
        """Ask for filters, each with its QoS."""
        body = b"".join(_text(name) + bytes([qos]) for name, qos in filters)
        self._queue(_SUBSCRIBE, self._next_id() + body)
        self.send()

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Give filters back, which the session would keep."""
        self._queue(_UNSUBSCRIBE, self._next_id() + b"".join(map(_text, filters)))
        self.send()

    def acknowledge(self, packet_id: int) -> None:
        """Confirm a message of this connection."""
        self._out += b"\x40\x02%c%c" % divmod(packet_id, 256)

    def send(self) -> None:
        """Send what waits, as far as the network accepts it now."""
        if not self._out:
            return
        try:
            del self._out[: self._link().send(self._out)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            raise LinkLost("closed the connection") from None
        self._sent_s = time.monotonic()

    def keep_alive(self) -> None:
        """Send what keeps the connection open while nothing is read."""
        now_s = time.monotonic()
        if now_s - self._sent_s >= KEEPALIVE_S:
            self._queue(_PINGREQ, b"")
            self._sent_s = now_s
            self._pinged_s = self._pinged_s or now_s
        self.send()

    def receive(self, timeout_s: float) -> list[Event]:
        """Return what has come: one read of the socket, for which it waits at most `timeout_s`."""
        self.keep_alive()
        data = self._read(timeout_s)
        if data:
            self._pinged_s = None
            return self._events(data)
        if self._pinged_s is not None and time.monotonic() - self._pinged_s > KEEPALIVE_S:
            raise LinkLost("does not answer")
        return []

    def disconnect(self, deadline_s: float) -> None:
        """Send what waits and leave, within `deadline_s`; the broker keeps the session."""
        if self._socket is None:
            return
        self._queue(_DISCONNECT, b"")
        until_s = time.monotonic() + deadline_s
        with suppress(OSError):
            self._socket.settimeout(deadline_s)
            self._socket.sendall(self._out)
            # Closed before the broker has read all, it might not read it: it closes when it has.
            while (left_s := until_s - time.monotonic()) > 0:
                self._socket.settimeout(left_s)
                if not self._socket.recv(_READ_BYTES):
                    break
        self.close()

    def close(self) -> None:
        """Close the connection without taking leave."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected_socket(self, timeout_s: float) -> socket.socket:
        address = self._address
        link = connect(address.host, address.port, timeout_s)
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if address.tls:
                context = address.files.context()
                link = context.wrap_socket(link, server_hostname=address.host)
            link.setblocking(False)
        except (OSError, ValueError):
            link.close()
            raise
        return link

    def _connect_body(self) -> bytes:
        flags, login = 0, b""
        if self._address.user is not None:
            flags, login = _USER, _text(self._address.user)
            if self._address.password is not None:
                flags, login = flags | _PASSWORD, login + _text(self._address.password)
        keepalive = KEEPALIVE_S.to_bytes(2, "big")
        return _text("MQTT") + bytes([4, flags]) + keepalive + _text(self._client_id) + login

    def _link(self) -> socket.socket:
        if self._socket is None:
            raise LinkLost("is not connected")
        return self._socket

    def _next_id(self) -> bytes:
        self._packet_id = self._packet_id % 65535 + 1
        return self._packet_id.to_bytes(2, "big")

    def _queue(self, first: int, body: bytes) -> None:
        self._out.append(first)
        length = len(body)
        while length > 127:
            self._out.append(length & 127 | 128)
            length >>= 7
        self._out.append(length)
        self._out += body

    def _read(self, timeout_s: float) -> bytes:
        """Return what there is, else wait, for room to send too; empty for nothing."""
        # Read before waiting: what TLS has decrypted already shows in no poll.
        for waits in (False, True):
            try:
                if waits:
                    self._wait(timeout_s)
                data = self._link().recv(_READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                continue
            except OSError:
                raise LinkLost("closed the connection") from None
            if not data:
                raise LinkLost("closed the connection")
            return data
        return b""

    def _wait(self, timeout_s: float) -> None:
        poll = select.poll()
        poll.register(self._link(), select.POLLIN | (select.POLLOUT if self._out else 0))
        poll.poll(timeout_s * 1000)

    def _events(self, data: bytes) -> list[Event]:
        """Return the packets that are whole with `data`, and keep the beginning of the next."""
        events: list[Event] = []
        if self._unwanted:
            skipped = min(self._unwanted, len(data))
            self._unwanted -= skipped
            if self._unwanted:
                return events
            _add_event(events, self._cut[0], self._cut[1:])
            data = data[skipped:]
        buffer = self._in + data if self._in else data
        at, end = 0, len(buffer)
        while True:
            begin, stop = _body(buffer, at, end)
            if stop > end:
                break
            _add_event(events, buffer[at], buffer[begin:stop])
            at = stop
        self._in = buffer[at:]
        if end - at > _PACKET_MAX:
            self._cut = buffer[at : at + 1] + buffer[begin : begin + _PACKET_MAX]
            self._unwanted, self._in = stop - end, b""
        return events


def _body(buffer: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where the body of the packet at `at` begins and where it stops, if that is known;
    otherwise a stop behind `end`."""
    length = shift = 0
    for place in range(at + 1, min(at + 5, end)):
        byte = buffer[place]
        length |= (byte & 127) << shift
        if byte < 128:
            return place + 1, place + 1 + length
        shift += 7
    if end - at >= 5:
        raise LinkLost("sent a packet with a malformed length")
    return at, end + 1


def _add_event(events: list[Event], first: int, body: bytes) -> None:
    kind = first >> 4
    try:
        if kind == _PUBLISH:
            events.append(_publication(first, body))
        elif kind == _CONNACK:
            code = body[1]
            refusal = _REFUSALS[code] if code < len(_REFUSALS) else f"code {code}"
            events.append(Accepted(bool(body[0] & 1), refusal))
        elif kind == _SUBACK:
            events.append(Subscribed([code < _REFUSED for code in body[2:]]))
    except IndexError:
        raise LinkLost("sent a packet that is too short") from None


def _publication(first: int, body: bytes) -> Publication:
    end = 2 + (body[0] << 8 | body[1])
    try:
        topic = body[2:end].decode()
    except UnicodeDecodeError:
        topic = ""
    if not first & _QOS:
        return Publication(topic, body[end:], bool(first & 1), 0)
    packet_id = body[end] << 8 | body[end + 1]
    return Publication(topic, body[end + 2 :], bool(first & 1), packet_id)


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data
