"""Nodes that report as fast as a broker takes it, or at a steady rate: bytes written beforehand.

python -m bench.ingest_load PORT NODES RECORDS [RATE]

Prints "ready", waits for a line, and prints when it began once all is acknowledged.
"""

import socket
import sys
import time
from collections.abc import Iterator
from functools import partial

from filmgauge.record.record import Record, fields

BOOT, LIFE = 1, 0x5EED
_UP_S = 86_400  # of all: what comes within seconds was measured within seconds
_AT_ONCE = 250  # records, of which four times as many may wait for the broker's word


def node_name(number: int) -> str:
    """Return the name of a node of the load."""
    return f"load-{number}"


def record_json(seq: int, made_unix_ms: int) -> str:
    """Return a whole record, all values known; to_empty_s carries when it was made, modulo 1e9."""
    middle = {name: (low + high) // 3 for name, _, _, low, high in fields()}
    known = {"boot": BOOT, "seq": seq, "up_s": _UP_S, "life": LIFE, "faults": 0, "limits": 0}
    return Record(**{**middle, **known, "to_empty_s": made_unix_ms % 10**9}).to_json()


def main(port: int, nodes: int, records: int, rate: float | None) -> None:
    """Publish `records` records of `nodes` nodes in turn, at `rate` a second or at once."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04load")
        assert link.recv(4) == b"\x20\x02\x00\x00"
        publish = partial(_steadily, rate=rate) if rate else _at_once
        print(f"{publish(link, nodes, records):.3f}", flush=True)


def _at_once(link: socket.socket, nodes: int, records: int) -> float:
    chunks = [b"".join(chunk) for chunk in _chunks(list(_packets(nodes, records)))]
    began_s = _begin()
    acknowledged = 0
    for sent, chunk in enumerate(chunks, 1):
        link.sendall(chunk)
        while acknowledged < (sent - 4) * _AT_ONCE * 4:  # bytes
            acknowledged += len(link.recv(65536))
    while acknowledged < records * 4:
        acknowledged += len(link.recv(65536))
    return began_s


def _begin() -> float:
    print("ready", flush=True)
    sys.stdin.readline()
    return time.time()


def _chunks(packets: list[bytes]) -> Iterator[list[bytes]]:
    for at in range(0, len(packets), _AT_ONCE):
        yield packets[at : at + _AT_ONCE]


def _packets(nodes: int, records: int) -> Iterator[bytes]:
    head, tail = record_json(7_777_777, 0).split("7777777", 1)
    for number in range(records):
        seq = number // nodes
        yield _publish(node_name(number % nodes), number % 65535 + 1, f"{head}{seq}{tail}")


def _publish(node: str, packet_id: int, payload: str) -> bytes:
    topic = f"filmgauge/{node}/telemetry".encode()
    body = len(topic).to_bytes(2, "big") + topic + packet_id.to_bytes(2, "big") + payload.encode()
    return bytes([0x32, len(body) & 127 | 128, len(body) >> 7]) + body


def _steadily(link: socket.socket, nodes: int, records: int, rate: float) -> float:
    began_s = _begin()
    acknowledged = number = 0
    while acknowledged < records * 4:
        due = min(records, int((time.time() - began_s) * rate))
        while number < due:
            payload = record_json(number // nodes, time.time_ns() // 1_000_000)
            link.sendall(_publish(node_name(number % nodes), number % 65535 + 1, payload))
            number += 1
        try:
            acknowledged += len(link.recv(65536, socket.MSG_DONTWAIT))
        except BlockingIOError:
            time.sleep(0.0005)
    return began_s


if __name__ == "__main__":
    port, nodes, records = map(int, sys.argv[1:4])
    main(port, nodes, records, float(sys.argv[4]) if len(sys.argv) > 4 else None)
