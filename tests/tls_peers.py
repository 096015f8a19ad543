"""Who a node may meet where its broker should be: impostors that write down all they are told, and
peers that stop in a handshake; and the line between, which can be led to another."""

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable

from certificates import Pair
from tcp_peer import PATIENCE_S, TcpPeer

_CONNACK = b"\x20\x02\x00\x00"


class Relay(TcpPeer):
    """Leads each connection to `target`, a port of this machine."""

    def __init__(self) -> None:
        self.target = 0
        super().__init__()

    def serve(self, stream: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self.target), PATIENCE_S) as beyond:
            ways = {stream: beyond, beyond: stream}
            while ways:
                for one in select.select(list(ways), [], [], PATIENCE_S)[0]:
                    data = one.recv(4096)
                    if not data:
                        with contextlib.suppress(OSError):
                            ways[one].shutdown(socket.SHUT_WR)
                        del ways[one]
                    else:
                        ways[one].sendall(data)


class Impostor(TcpPeer):
    """Speaks TLS with a certificate, or without one none, and grants what it is asked for.

    seen: all bytes that came; told: what of it was no part of a handshake.
    """

    def __init__(self, own: Pair | None) -> None:
        self.seen, self.told = bytearray(), bytearray()
        self._context = None
        if own is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(own.certificate, own.key)
        super().__init__()

    def serve(self, stream: socket.socket) -> None:
        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context and self._context.wrap_bio(inward, outward, server_side=True)
        while data := stream.recv(4096):
            self.seen += data
            if tls is None:
                self.told += data
                stream.sendall(2 * _CONNACK)
                continue
            inward.write(data)
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                self.told += tls.read(4096)
                tls.write(_CONNACK)
            stream.sendall(outward.read())


class Staller(TcpPeer):
    """Answers the first bytes of a handshake as `behaviour` does with the broker's own answer."""

    def __init__(self, own: Pair, behaviour: Callable[[socket.socket, bytes], None]) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(own.certificate, own.key)
        self._context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._behaviour = behaviour
        super().__init__()

    def serve(self, stream: socket.socket) -> None:
        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context.wrap_bio(inward, outward, server_side=True)
        while not outward.pending:
            inward.write(stream.recv(4096))
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._behaviour(stream, outward.read())
        while stream.recv(4096):
            pass


def silent(stream: socket.socket, answer: bytes) -> None:
    """Say nothing."""


def half(stream: socket.socket, answer: bytes) -> None:
    """Stop in the middle."""
    stream.sendall(answer[: len(answer) // 2])


def half_closed(stream: socket.socket, answer: bytes) -> None:
    """Stop in the middle, and close its side only."""
    stream.sendall(answer[: len(answer) // 2])
    stream.shutdown(socket.SHUT_WR)


def dribble(stream: socket.socket, answer: bytes) -> None:
    """A byte now and then, which is something all the time."""
    for position in range(len(answer)):
        stream.sendall(answer[position : position + 1])
        time.sleep(0.02)


def garbage(stream: socket.socket, answer: bytes) -> None:
    """What is no TLS."""
    stream.sendall(bytes(range(256)) * 8)


def alerts(stream: socket.socket, answer: bytes) -> None:
    """Warnings, which end nothing, instead of an answer."""
    stream.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * 200)


def oversized(stream: socket.socket, answer: bytes) -> None:
    """A record that says it has 65535 bytes."""
    stream.sendall(b"\x16\x03\x03\xff\xff" + answer)
