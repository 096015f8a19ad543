"""Where virtual nodes on Wi-Fi send their records when nobody runs a broker.

    with RecordSink() as sink:
        simulation = Simulation(scenario, sink.broker, folder, runtime)
        ...
        sink.records["bench-1"]

It speaks as much MQTT 3.1.1 as the firmware does: CONNECT, PUBLISH at QoS 0 and 1, DISCONNECT.
"""

import contextlib
import socket
import socketserver
import struct
import threading
from collections import defaultdict
from typing import Any

from filmgauge.decoding.record_json import record_from_json
from filmgauge.record.record import Record
from filmgauge.uplink.mqtt.topics import LOG, TELEMETRY
from filmgauge_sim.nodes.configuration import Broker

_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _DISCONNECT = 0x10, 0x20, 0x30, 0x40, 0xE0
_QOS = 0x06

_POLL_S = 0.02  # how long closing takes at most


class RecordSink:
    """An MQTT server on this machine that acknowledges everything and collects records.

    records: by node, in the order in which they came; one that is sent twice stands twice.
    """

    def __init__(self) -> None:
        self.records: defaultdict[str, list[Record]] = defaultdict(list)
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.sink = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), daemon=True
        )

    @property
    def broker(self) -> Broker:
        """What nodes have to be given to find it."""
        host, port = self._server.server_address[:2]
        return Broker(str(host), port)

    def __enter__(self) -> "RecordSink":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in list(self._server.connections):  # of nodes that were left in a wake
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def publish(self, topic: str, payload: bytes) -> None:
        """Collect a message that is a record; others are of no use here."""
        _, node, leaf = topic.split("/")
        if leaf in (TELEMETRY, LOG):
            self.records[node].append(record_from_json(payload))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    sink: RecordSink

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connections: set[socket.socket] = set()


class _Connection(socketserver.StreamRequestHandler):
    """One connection of one node."""

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.connections.add(self.connection)
        try:
            with contextlib.suppress(ConnectionError):  # a node whose power went
                self._serve()
        finally:
            self.server.connections.discard(self.connection)

    def _serve(self) -> None:
        while (packet := self._packet()) is not None:
            kind, body = packet
            if kind & 0xF0 == _CONNECT:
                self.wfile.write(bytes((_CONNACK, 2, 0, 0)))
            elif kind & 0xF0 == _PUBLISH:
                self._receive(kind, body)
            elif kind & 0xF0 == _DISCONNECT:
                return

    def _packet(self) -> tuple[int, bytes] | None:
        """First byte and body of the next packet, None at the end of the connection."""
        head = self.rfile.read(1)
        length = shift = 0
        more = 0x80
        while more & 0x80:
            byte = self.rfile.read(1)
            if not head or not byte:
                return None
            more = byte[0]
            length |= (more & 0x7F) << shift
            shift += 7
        return head[0], self.rfile.read(length)

    def _receive(self, kind: int, body: bytes) -> None:
        end = 2 + struct.unpack_from(">H", body)[0]
        topic = body[2:end].decode()
        number = b""
        if kind & _QOS:
            number, end = body[end : end + 2], end + 2
        server = self.server
        assert isinstance(server, _Server)
        server.sink.publish(topic, body[end:])
        if number:
            self.wfile.write(bytes((_PUBACK, 2)) + number)
