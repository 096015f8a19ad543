"""More nodes than mosquitto as it is installed lets wait, and a line on which all takes long."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from queue import SimpleQueue

import pytest
from click.testing import CliRunner
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher
from tcp_peer import TcpPeer

from filmgauge_host.cli.app import main
from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.telemetry.homeassistant import registration
from filmgauge_host.telemetry.homeassistant.discovery import TOPICS
from filmgauge_host.telemetry.homeassistant.registration import Registration

NODES = 600  # two messages of each are more than the thousand that wait
STATUS = '{"state":"sleeping","next_report_s":600}'
INFO = '{"firmware":"0.1.0","full_uah":12000}'


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path, usual=True)
    broker.start()
    with closing(Publisher(broker.url)) as publisher:
        for leaf, payload in (("status", STATUS), ("info", INFO)):
            topics = [f"filmgauge/n-{number}/{leaf}" for number in range(NODES)]
            publisher.send([(topic, payload) for topic in topics], retain=True)
    yield broker
    broker.stop()


class SlowLine(TcpPeer):
    """Leads to a broker; whatever it carries comes so much later."""

    def __init__(self, target: BrokerAddress, delay_s: float) -> None:
        self._target, self._delay_s = target, delay_s
        super().__init__()

    def serve(self, stream: socket.socket) -> None:
        with socket.create_connection((self._target.host, self._target.port)) as beyond:
            threading.Thread(target=self._carry, args=(beyond, stream), daemon=True).start()
            self._carry(stream, beyond)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        waiting: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        threading.Thread(target=self._deliver, args=(waiting, sink), daemon=True).start()
        source.settimeout(None)
        while data := source.recv(65536):
            waiting.put((time.monotonic() + self._delay_s, data))
        waiting.put((0.0, b""))

    def _deliver(self, waiting: SimpleQueue[tuple[float, bytes]], sink: socket.socket) -> None:
        with suppress(OSError):
            while data := (item := waiting.get())[1]:
                time.sleep(max(0.0, item[0] - time.monotonic()))
                sink.sendall(data)


def names(count: int) -> str:
    return ", ".join(sorted(f"n-{number}" for number in range(count)))


def test_a_fleet_is_announced_and_removed_whole(fleet: Mosquitto) -> None:
    broker = ["--broker", fleet.url]
    done = CliRunner().invoke(main, ["homeassistant", "announce", *broker])
    assert (done.exit_code, done.output) == (0, f"announced: {names(NODES)}\n")
    with BrokerLogin(parse_address(fleet.url)) as login:
        kept = login.read_retained([TOPICS])
        assert len(kept) == NODES
        assert all(len(json.loads(each)["cmps"]["health_pct"]) > 1 for each in kept.values())
        done = CliRunner().invoke(main, ["homeassistant", "remove", *broker])
        assert (done.exit_code, done.output) == (0, f"removed: {names(NODES)}\n")
        assert login.read_retained([TOPICS]) == {}


def test_over_a_slow_line_all_are_waited_for(fleet: Mosquitto) -> None:
    with (
        closing(SlowLine(parse_address(fleet.url), delay_s=0.3)) as line,
        Registration(BrokerAddress("127.0.0.1", line.port)) as opened,
    ):
        found = opened.nodes()
    assert len(found) == NODES
    assert all(node.has_status and node.info for node in found.values())


def test_a_connection_that_ends_while_all_is_read_is_no_end(fleet: Mosquitto) -> None:
    class Torn(TcpPeer):
        def serve(self, stream: socket.socket) -> None:
            target = parse_address(fleet.url)
            with socket.create_connection((target.host, target.port)) as beyond:
                for _ in range(2):  # CONNECT, SUBSCRIBE
                    beyond.sendall(stream.recv(4096))
                    stream.sendall(beyond.recv(4096))

    with (
        closing(Torn()) as line,
        BrokerLogin(BrokerAddress("127.0.0.1", line.port)) as login,
        pytest.raises(NoBrokerError, match="before all had come"),
    ):
        login.read_retained(["filmgauge/+/status"])


def test_what_one_reading_has_and_the_next_has_not_is_said(
    fleet: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "NEVER_DROPPED", NODES // 2)
    read = BrokerLogin.read_retained
    readings: list[int] = []

    def lossy(self: BrokerLogin, filters: list[str]) -> dict[str, bytes]:
        """Stands in for a broker with a line so slow that its queue is full."""
        found = read(self, filters)
        readings.append(len(found))
        return dict(list(found.items())[len(readings) == 1 :])

    monkeypatch.setattr(BrokerLogin, "read_retained", lossy)
    done = CliRunner().invoke(main, ["homeassistant", "announce", "--broker", fleet.url])
    assert done.exit_code == 1
    assert done.stdout == f"announced: {names(NODES)}\n"
    assert "the broker drops some of what it retains" in done.stderr
