"""The session against a broker that answers when the test wants it to."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from patience import until

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
