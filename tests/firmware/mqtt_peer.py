"""The other end of the MQTT tests: a TCP server on loopback that behaves as its client asks.

The client id of CONNECT chooses the behaviour, with an argument behind a dash ("refuse-5"); the
functions below are the behaviours. A connection that begins with "TRANSCRIPT <client id>" and a
line end gets what the last client of that id has sent, and is closed.
"""

import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable

from tcp_peer import PATIENCE_S, TcpPeer

CONNACK = b"\x20\x02\x00\x00"
PINGRESP = b"\xd0\x00"


class Gone(OSError):
    """The client has closed the connection."""


class Connection:
    """One client: the packets that it sends, whole, and everything that it has sent."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self.received = bytearray()

    def exactly(self, count: int) -> bytes:
        """Return the next bytes; raise Gone when the client closes or sends nothing."""
        data = b""
        while len(data) < count:
            try:
                part = self._stream.recv(count - len(data))
            except OSError as error:
                raise Gone from error
            if not part:
                raise Gone
            data += part
            self.received += part
        return data

    def packet(self) -> tuple[int, bytes]:
        """Return first byte and body of the next packet (MQTT 3.1.1, section 2.2)."""
        kind = self.exactly(1)[0]
        length = shift = 0
        while True:
            digit = self.exactly(1)[0]
            length |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                return kind, self.exactly(length)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        try:
            self._stream.sendall(data)
        except OSError as error:
            raise Gone from error

    def narrow(self) -> None:
        """Let little wait unread."""
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def dribble(self, data: bytes) -> None:
        """Send one byte at a time."""
        self._stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(len(data)):
            self.send(data[position : position + 1])
            time.sleep(0.005)


def puback(kind: int, body: bytes) -> bytes:
    """Return the PUBACK of a PUBLISH at QoS 1, nothing for other packets."""
    if kind & 0xF6 != 0x32:
        return b""
    start = 2 + struct.unpack_from(">H", body)[0]
    return b"\x40\x02" + body[start : start + 2]


def good(connection: Connection, argument: str) -> None:
    """A broker as it should be; it stops after DISCONNECT."""
    connection.send(CONNACK)
    while True:
        connection.send(puback(*connection.packet()))


def refuse(connection: Connection, argument: str) -> None:
    """CONNACK with the return code `argument`."""
    connection.send(CONNACK[:3] + bytes([int(argument)]))
    connection.packet()


def mute(connection: Connection, argument: str) -> None:
    """Take everything and say nothing; with `argument` 1 only from CONNACK on."""
    connection.send(CONNACK if argument == "1" else b"")
    while True:
        connection.packet()


def hangup(connection: Connection, argument: str) -> None:
    """Close after `argument` bytes of CONNACK and PUBACK."""
    answer = CONNACK + b"\x40\x02\x00\x01"
    connection.send(answer[: min(4, int(argument))])
    if int(argument) >= 4:
        connection.packet()
        connection.send(answer[4 : int(argument)])


def dribble(connection: Connection, argument: str) -> None:
    """A broker that sends one byte at a time."""
    connection.dribble(CONNACK)
    while True:
        connection.dribble(puback(*connection.packet()))


def late(connection: Connection, argument: str) -> None:
    """Before the right PUBACK: that of another id, PINGRESP, SUBACK, PUBLISH of 200 bytes."""
    connection.send(CONNACK)
    while True:
        right = puback(*connection.packet())
        if not right:
            continue
        other = right[:3] + bytes([right[3] ^ 1])
        publish = b"\x30\xc8\x01" + b"\x00\x01t" + b"x" * 197
        connection.send(other + PINGRESP + b"\x90\x03\x00\x07\x01" + publish + PINGRESP)
        connection.dribble(right)


def flood(connection: Connection, argument: str) -> None:
    """Never pause and never acknowledge."""
    connection.send(CONNACK)
    connection.packet()
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        connection.send(PINGRESP * 4096)


def malformed(connection: Connection, argument: str) -> None:
    """A remaining length of five bytes, instead of CONNACK or (`argument` 1) of PUBACK."""
    if argument == "1":
        connection.send(CONNACK)
        connection.packet()
    connection.send(b"\x40\xff\xff\xff\xff\x01")
    connection.packet()


def oversized(connection: Connection, argument: str) -> None:
    """A packet that says it has `argument` bytes, instead of PUBACK."""
    connection.send(CONNACK)
    connection.packet()
    rest, digits = int(argument), b""
    while True:
        rest, digit = rest >> 7, rest & 127
        digits += bytes([digit | (128 if rest else 0)])
        if not rest:
            break
    connection.send(b"\x30" + digits + b"\x00" * min(int(argument), 2000))
    connection.packet()


def wrong(connection: Connection, argument: str) -> None:
    """Answer CONNECT with the bytes `argument` in hexadecimal."""
    connection.send(bytes.fromhex(argument))
    connection.packet()


_second = itertools.count()


def moody(connection: Connection, argument: str) -> None:
    """Every other connection is closed at once, the ones between are good."""
    if next(_second) % 2:
        good(connection, argument)


def stalled(connection: Connection, argument: str) -> None:
    """Grant the connection and read nothing any more."""
    connection.narrow()
    connection.send(CONNACK)
    time.sleep(PATIENCE_S)


def _message(topic: bytes, payload: bytes, packet_id: int, flags: int = 2) -> bytes:
    """Return a PUBLISH, at QoS 1 unless the flags say otherwise."""
    body = struct.pack(">H", len(topic)) + topic
    body += (struct.pack(">H", packet_id) if flags & 6 else b"") + payload
    length, digits = len(body), b""
    while True:
        length, digit = length >> 7, length & 127
        digits += bytes([digit | (128 if length else 0)])
        if not length:
            return bytes([0x30 | flags]) + digits + body


def commanding(connection: Connection, argument: str) -> None:
    """A broker that has kept a session: with CONNACK come a frame, one sent before, one at QoS 0,
    one too long for a frame and one too long for a packet, and one of another topic; it answers
    PUBLISH, SUBSCRIBE and PINGREQ. `argument`: a frame in hexadecimal that comes before all that,
    and once more, as from a broker that missed the acknowledgement; or other: another password
    than "old" is refused."""
    if argument == "other" and not connection.received.endswith(b"\x00\x03old"):
        connection.send(CONNACK[:3] + b"\x05")
        return
    connection.send(b"\x20\x02\x01\x00")
    if len(argument) > 8:
        frame = bytes.fromhex(argument)
        connection.send(_message(b"c", frame, 5) + _message(b"c", frame, 5, 10))
    connection.send(_message(b"c", b"one", 7) + _message(b"c", b"two", 8, 10))
    connection.send(_message(b"c", b"three", 0, 0) + _message(b"c", b"4" * 300, 9))
    connection.send(_message(b"c", b"5" * 9000, 10) + _message(b"d", b"six", 11))
    while True:
        kind, body = connection.packet()
        if kind == 0x82:
            connection.send(b"\x90\x03" + body[:2] + (b"\x80" if b"no" in body else b"\x01"))
        elif kind == 0xC0:
            connection.send(PINGRESP)
        else:
            connection.send(puback(kind, body))


def thrusting(connection: Connection, argument: str) -> None:
    """With CONNACK a message that no node can want: of 20 KB, at QoS 2, or a torn one."""
    connection.send(CONNACK)
    connection.packet()
    torn = b"\x32\x04\x00\x09cc"
    kinds = {"big": _message(b"c", bytes(20000), 1), "two": _message(b"c", b"x", 1, 4)}
    connection.send(kinds.get(argument, torn))
    connection.packet()


def swamping(connection: Connection, argument: str) -> None:
    """Commands without end, and no answer to anything."""
    connection.send(CONNACK)
    connection.packet()
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        connection.send(_message(b"c", b"x" * 40, 5) * 200)


_BEHAVIOURS: dict[str, Callable[[Connection, str], None]] = {
    "good": good,
    "refuse": refuse,
    "mute": mute,
    "hangup": hangup,
    "dribble": dribble,
    "late": late,
    "flood": flood,
    "malformed": malformed,
    "oversized": oversized,
    "wrong": wrong,
    "moody": moody,
    "stalled": stalled,
    "commanding": commanding,
    "thrusting": thrusting,
    "swamping": swamping,
}


class Peer(TcpPeer):
    """Serves until closed, each connection as its client asks."""

    def __init__(self) -> None:
        self._transcripts: dict[str, bytes] = {}
        self._latest: dict[str, Connection] = {}
        self._ended = threading.Condition()
        super().__init__()

    def serve(self, stream: socket.socket) -> None:
        connection = Connection(stream)
        if connection.exactly(1) == b"T":
            self._tell(connection)
        else:
            self._behave(connection)

    def _behave(self, connection: Connection) -> None:
        length = connection.exactly(1)[0]
        if length > 127:
            length = (length & 127) + 128 * connection.exactly(1)[0]
        body = connection.exactly(length)
        size = struct.unpack_from(">H", body, 10)[0]
        client = body[12 : 12 + size].decode()
        with self._ended:
            self._transcripts.pop(client, None)
            self._latest[client] = connection
        name, _, argument = client.partition("-")
        try:
            _BEHAVIOURS[name](connection, argument)
        finally:
            with self._ended:
                if self._latest[client] is connection:
                    self._transcripts[client] = bytes(connection.received)
                    self._ended.notify_all()

    def _tell(self, connection: Connection) -> None:
        """Wait until the connection of that client has ended and send what came over it."""
        line = b""
        while not line.endswith(b"\n"):
            line += connection.exactly(1)
        client = line.split()[1].decode()
        with self._ended:
            self._ended.wait_for(lambda: client in self._transcripts, PATIENCE_S)
            connection.send(self._transcripts.get(client, b""))
