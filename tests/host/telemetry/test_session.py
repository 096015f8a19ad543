"""The session against a broker that answers when the test wants it to."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from patience import until
from tcp_peer import TcpPeer

from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry import session
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.terminal.monitor_lines import wait_for_broker

CONNACK = b"\x20\x02\x00\x00"
FILTERS = 7


class SlowBroker:
    """Accepts, and confirms the subscription after `suback_s`; None: never."""

    def __init__(self, suback_s: float | None) -> None:
        self._suback_s = suback_s
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            with link:
                link.recv(1000)
                link.sendall(CONNACK)
                subscribe = link.recv(1000)
                while self._suback_s is None and link.recv(1000):
                    pass
                time.sleep(self._suback_s or 0)
                link.sendall(b"\x90" + bytes([2 + FILTERS]) + subscribe[2:4] + b"\x01" * FILTERS)
                while link.recv(1000):
                    pass

    def close(self) -> None:
        self._server.close()


class DroppingBroker(TcpPeer):
    """Drops each info while there is a status to send, as a broker does to which a slow line
    leads; serves whole what is asked for alone."""

    def __init__(self) -> None:
        self.given_back = threading.Event()
        super().__init__()

    def serve(self, stream: socket.socket) -> None:
        stream.recv(1000)
        stream.sendall(CONNACK)
        while packet := stream.recv(1000):
            if packet[0] == 0xA2:  # UNSUBSCRIBE
                self.given_back.set()
            if packet[0] != 0x82:
                continue
            filters = packet.count(b"filmgauge/+/")
            stream.sendall(b"\x90" + bytes([2 + filters]) + packet[2:4] + b"\x00" * filters)
            if b"/status" in packet:
                for number in range(3):
                    stream.sendall(retained(f"filmgauge/n-{number}/status", b'{"state":"online"}'))
            elif b"/info" in packet:
                stream.sendall(retained("filmgauge/n-0/info", b'{"firmware":"1"}'))


def retained(topic: str, payload: bytes) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic.encode() + payload
    return b"\x31" + bytes([len(body)]) + body


@pytest.fixture
def store(tmp_path) -> Iterator[RecordStore]:
    with RecordStore(tmp_path / "records.sqlite") as opened:
        yield opened


@pytest.mark.parametrize("suback_s", [0.0, 1.5, 3.0])
def test_a_slow_suback_is_waited_for_with_words(store, capsys, suback_s):
    broker = SlowBroker(suback_s)
    with Ingest(parse_address(broker.url), store) as ingest:
        wait_for_broker(ingest, 0.5, lambda: False)
        until(lambda: ingest.connected)
    broker.close()
    words = capsys.readouterr().err
    assert words.count("has not confirmed the subscription yet: waiting") == (suback_s > 0.5)


def test_a_suback_that_never_comes_ends_the_start(store, capsys, monkeypatch):
    monkeypatch.setattr(session, "_SUBSCRIBE_S", 1.5)
    broker = SlowBroker(None)
    with Ingest(parse_address(broker.url), store) as ingest:
        with pytest.raises(NoBrokerError, match="has not confirmed"):
            wait_for_broker(ingest, 0.5, lambda: False)
        assert "waiting" in capsys.readouterr().err
    broker.close()


@pytest.mark.parametrize(("never_dropped", "read_again"), [(3, True), (4, False)])
def test_what_a_broker_may_have_dropped_is_asked_for_alone(
    store, monkeypatch, never_dropped, read_again
):
    monkeypatch.setattr(session, "_RETAINED_S", 0.2)
    monkeypatch.setattr(session, "NEVER_DROPPED", never_dropped)
    broker = DroppingBroker()
    with Ingest(parse_address(f"mqtt://127.0.0.1:{broker.port}"), store) as ingest:
        until(broker.given_back.is_set)
        until(lambda: len(ingest.nodes()) == 3)
        assert bool(ingest.nodes()["n-0"].info) == read_again
    broker.close()
