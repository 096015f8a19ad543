"""A line to a broker that can be cut and mended."""

import select
import socket

from mqtt_brokers import Broker
from tcp_peer import TcpPeer

from filmgauge_host.telemetry.address import parse_address

_READ_BYTES = 65536


class CutLine(TcpPeer):
    """Carries everything until it is cut; then every connection is closed, until it is mended.
    Mute, it is open and carries nothing to the broker. cut_before: bytes for the broker before
    which one connection is closed, once."""

    def __init__(self, broker: Broker) -> None:
        self._broker = parse_address(broker.url)
        self._open: set[socket.socket] = set()
        self._is_cut = self._is_mute = False
        self.cut_before: bytes | None = None
        super().__init__()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self._is_cut = True
        for stream in list(self._open):
            stream.shutdown(socket.SHUT_RDWR)

    def mute(self) -> None:
        self._is_mute = True

    def mend(self) -> None:
        self._is_cut = self._is_mute = False

    def serve(self, stream: socket.socket) -> None:
        if self._is_cut:
            return
        self._open.add(stream)
        try:
            with socket.create_connection((self._broker.host, self._broker.port)) as beyond:
                self._carry({stream: beyond, beyond: stream})
        finally:
            self._open.discard(stream)

    def _carry(self, ends: dict[socket.socket, socket.socket]) -> None:
        while True:
            for end in select.select(list(ends), (), ())[0]:
                data = end.recv(_READ_BYTES)
                if not data or self._is_cut:
                    return
                if self.cut_before and end in self._open and self.cut_before in data:
                    self.cut_before = None
                    return
                if not self._is_mute or end not in self._open:
                    ends[end].sendall(data)
