"""What bridges bring to a broker that they could not reach for a while, beside others."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from ble_nodes import record
from cut_line import CutLine
from mqtt_brokers import Broker
from patience import until

from filmgauge_host.ble.mqtt_forwarder import MqttForwarder
from filmgauge_host.ble.spool import Spool
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.telemetry.received_record import record_key

STATUS = "filmgauge/wall/status"
HOURLY, DAILY = (f'{{"state":"sleeping","next_report_s":{s}}}' for s in (3600, 86400))


def seq_of(payload: bytes) -> int:
    return json.loads(payload)["seq"]


class Bridges:
    """Bridges at a broker, and what they bring there: the last part of a topic and a number."""

    def __init__(self, broker: Broker, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._login = stack.enter_context(
            BrokerLogin(parse_address(broker.url), ("filmgauge/+/telemetry", "filmgauge/+/log"))
        )
        self._reader = stack.enter_context(BrokerLogin(parse_address(broker.url)))

    def spool(self, name: str) -> Spool:
        return self._stack.enter_context(Spool(self._folder / name))

    def connect(self, url: str, spool: Spool) -> MqttForwarder:
        made = self._stack.enter_context(MqttForwarder(parse_address(url), spool))
        until(lambda: made.connected)
        return made

    def wait(self, spool: Spool, hours: int) -> None:
        """Let the records of a spool be so much older."""
        with closing(sqlite3.connect(spool.path)) as database, database:
            database.execute(f"UPDATE records SET live = live - {3600 * hours} WHERE live")

    def received(self, count: int) -> list[tuple[str, int]]:
        """What came at QoS 1, by the leaf of its topic, once it is so many."""
        until(lambda: len(self._login.messages()) >= count)
        return [(name.split("/")[-1], seq_of(load)) for name, load in self._login.messages()]

    def retained(self, topic: str) -> bytes | None:
        return self._reader.read_retained([topic]).get(topic)

    def last(self) -> int:
        return seq_of(self.retained("filmgauge/wall/last") or b"")


@pytest.fixture
def bridges(broker: Broker, tmp_path: Path) -> Iterator[Bridges]:
    with ExitStack() as stack:
        yield Bridges(broker, tmp_path, stack)


@pytest.fixture
def line(broker: Broker) -> Iterator[CutLine]:
    with closing(CutLine(broker)) as made:
        yield made


def add(forwarder: MqttForwarder | None, spool: Spool, seq: int) -> None:
    made = record(seq)
    spool.add("wall", [made], mark=record_key(made), live=True)
    if forwarder is not None:
        forwarder.wake()


def test_what_has_waited_in_a_bridge_is_no_live_record(broker: Broker, bridges: Bridges) -> None:
    away, there = bridges.spool("away"), bridges.spool("there")
    add(None, away, 4)
    bridges.wait(away, hours=1)
    add(bridges.connect(broker.url, there), there, 10)
    assert bridges.received(1) == [("telemetry", 10)]
    bridges.connect(broker.url, away)
    assert bridges.received(2)[1:] == [("log", 4)]
    assert bridges.last() == 10


def test_nor_is_one_of_which_the_broker_has_a_newer(broker: Broker, bridges: Bridges) -> None:
    away, there = bridges.spool("away"), bridges.spool("there")
    add(bridges.connect(broker.url, there), there, 11)
    until(lambda: bridges.retained("filmgauge/wall/last"))
    expected = [("telemetry", 11)]
    for seq, leaf in ((10, "log"), (11, "telemetry"), (12, "telemetry")):
        add(None, away, seq)
        with MqttForwarder(parse_address(broker.url), away):
            expected.append((leaf, seq))
            assert bridges.received(len(expected)) == expected
        until(lambda seq=seq: bridges.last() == max(seq, 11))


def test_nor_is_one_that_was_sent_into_a_dead_line(
    broker: Broker, bridges: Bridges, line: CutLine
) -> None:
    spool = bridges.spool("spool")
    forwarder = bridges.connect(line.url, spool)
    line.mute()
    add(forwarder, spool, 4)
    until(lambda: forwarder._in_flight)
    bridges.wait(spool, hours=1)
    line.cut()
    line.mend()
    assert bridges.received(1) == [("log", 4)]


def test_nor_does_one_go_twice_that_was_acknowledged_before_the_end(
    broker: Broker, bridges: Bridges, line: CutLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends, and then the bridge, before the acknowledgement is handled."""
    spool = bridges.spool("spool")
    forwarder = bridges.connect(line.url, spool)
    send = forwarder._send_records

    def send_and_stop() -> None:
        send()
        if forwarder._in_flight:
            until(lambda: not forwarder._client._out_messages)
            line.cut()
            until(lambda: not forwarder.connected)
            forwarder._stop.set()

    monkeypatch.setattr(forwarder, "_send_records", send_and_stop)
    add(forwarder, spool, 4)
    until(forwarder._stop.is_set)
    forwarder.close()
    assert spool.count() == 0


def test_a_status_is_published_once_and_while_it_holds(
    broker: Broker, bridges: Bridges, line: CutLine
) -> None:
    first = bridges.connect(line.url, bridges.spool("first"))
    second = bridges.connect(broker.url, bridges.spool("second"))
    first.publish_retained(STATUS, HOURLY, 3600)
    until(lambda: bridges.retained(STATUS) == HOURLY.encode())
    second.publish_retained(STATUS, DAILY, 86400)
    until(lambda: bridges.retained(STATUS) == DAILY.encode())
    line.cut()
    until(lambda: not first.connected)
    first.publish_retained(STATUS, HOURLY, valid_s=0)
    first.publish_retained("filmgauge/other/status", DAILY)
    first.publish_retained("filmgauge/other/status", HOURLY)
    line.mend()
    arrived = first.publish_event("filmgauge/wall/event", "{}")
    until(arrived.is_set)
    assert bridges.retained(STATUS) == DAILY.encode()
    assert bridges.retained("filmgauge/other/status") == HOURLY.encode()


def test_what_keeps_records_waiting_is_said_while_they_wait(
    broker: Broker, bridges: Bridges
) -> None:
    spool = bridges.spool("spool")
    where, said = parse_address(broker.url), list[str]()
    broker.stop()
    with MqttForwarder(where, spool, said.append):
        add(None, spool, 1)
        until(lambda: said)
        broker.start()
        until(lambda: spool.count() == 0)
        until(lambda: len(said) == 2)
        add(None, spool, 2)
        until(lambda: spool.count() == 0)
    reason = f"broker {where} cannot be reached: "
    assert said[0].startswith(reason)
    assert said[0].endswith(": records wait")
    assert said[1:] == [f"broker {where} gets records again"]
