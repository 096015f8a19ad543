"""Monitors of one database, and a monitor beside others that write it: each has all that comes."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mqtt_nodes import Publisher, record
from nats_server import NatsServer
from patience import PATIENCE_S, until
from postgresql_server import PostgresqlServer

import filmgauge_host.telemetry.ingest as ingest_module
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert_thread import AlertThread
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.lost_numbers import Boots
from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.telemetry.nodes import IngestStatistics
from filmgauge_host.telemetry.postgresql_store import PostgresqlStore
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.stream_worker import StreamWorker
from filmgauge_host.terminal.monitor_lines import raise_for_gaps

NOBODY = frozenset[str]()
TELEMETRY = "filmgauge/bench/telemetry"


@pytest.fixture
def url(postgresql: PostgresqlServer) -> str:
    return postgresql.new_url()


class Monitor:
    """An ingest with a connection of its own. events: what its listeners got; lost: how many
    records were lost by then."""

    def __init__(self, broker_url: str, url: str) -> None:
        self.store = PostgresqlStore(url)
        self.ingest = Ingest(parse_address(broker_url), self.store)
        self.events: list[ReceivedRecord | Rejected] = []
        self.lost: list[int] = []
        self.ingest.listen(self._listen)

    def _listen(self, event: ReceivedRecord | Rejected) -> None:
        self.events.append(event)
        self.lost.append(self.counts.lost)

    def __enter__(self) -> "Monitor":
        self.ingest.start()
        assert self.ingest.wait_connected(PATIENCE_S)
        return self

    def __exit__(self, *_error: object) -> None:
        self.ingest.close()
        self.store.close()

    @property
    def counts(self) -> IngestStatistics:
        node = self.ingest.nodes().get("bench")
        return node.statistics if node else IngestStatistics()

    @property
    def seqs(self) -> list[int]:
        return [each.key[2] for each in self.events if isinstance(each, ReceivedRecord)]


def stored_by_other(url: str, *seqs: int, **values: int) -> None:
    with PostgresqlStore(url) as other:
        other.add([ReceivedRecord("bench", record(seq, **values), 1 + seq) for seq in seqs])


def test_monitors_side_by_side_have_everything_and_say_repeats_once(
    broker, publisher, url
) -> None:
    with Monitor(broker.url, url) as one, Monitor(broker.url, url) as other:
        for seq in range(36):
            publisher.records("bench", [seq])
        for each in (one, other):
            until(lambda each=each: each.counts.received == 36)
        publisher.records("bench", [30, 35])
        publisher.send([(TELEMETRY, record(35, soc_ppm=5).to_json())])
        publisher.records("bench", [36])
        for each in (one, other):
            until(lambda each=each: each.counts.received == 37)
            assert each.counts == IngestStatistics(received=37, duplicated=2, conflicting=1)
            assert each.seqs == list(range(37))
            assert not any(each.lost)
            latest = each.ingest.nodes()["bench"].latest
            assert latest is not None
            assert latest.key == (0, 1, 36)
        assert one.store.count("bench") == 37
    for each in (one, other):
        raise_for_gaps(each.ingest, NOBODY)


def test_what_another_writer_has_stored_first_is_shown_and_judged(embedded, url) -> None:
    publisher, engine = Publisher(embedded.url), AlertEngine()
    with Monitor(embedded.url, url) as monitor, AlertThread(engine, monitor.ingest):
        publisher.records("bench", [0])  # from here on it knows the node
        until(lambda: monitor.counts.received == 1)
        seen_s = monitor.ingest.nodes()["bench"].last_seen_s
        for seq in range(1, 4):
            stored_by_other(url, seq, soc_sigma_ppm=200_000)
            publisher.send([(TELEMETRY, record(seq, soc_sigma_ppm=200_000).to_json())])
        until(lambda: [alert.rule for alert in engine.active()] == ["sigma"])
        assert monitor.counts == IngestStatistics(received=4)
        node = monitor.ingest.nodes()["bench"]
        assert node.latest is not None
        assert node.latest.key == (0, 1, 3)
        assert node.last_seen_s is not None
        assert seen_s is not None
        assert node.last_seen_s > seen_s
        assert monitor.seqs == [0, 1, 2, 3]
    publisher.close()


def test_a_first_record_that_was_stored_by_another_is_counted_once(embedded, url) -> None:
    publisher = Publisher(embedded.url)
    stored_by_other(url, 0, 1, 2)
    with Monitor(embedded.url, url) as monitor:
        publisher.records("bench", [2, 3, 5])
        until(lambda: monitor.counts.lost == 1)
        assert monitor.counts == IngestStatistics(received=3, lost=1)
        publisher.records("bench", [4])
        until(lambda: monitor.counts.received == 4)
        assert monitor.counts == IngestStatistics(received=4)
    publisher.close()


def test_what_came_to_another_writer_only_is_not_lost(embedded, url) -> None:
    publisher = Publisher(embedded.url)
    stored_by_other(url, 0, 2)
    with Monitor(embedded.url, url) as monitor:
        publisher.records("bench", [3])
        until(lambda: monitor.counts.received == 1)
        stored_by_other(url, 4, 5)
        publisher.records("bench", [6])
        until(lambda: monitor.counts.received == 2)
        publisher.records("bench", [9])
        until(lambda: monitor.counts.lost == 3)
        assert monitor.lost == [1, 1, 1]  # what was missing at first
        assert monitor.counts.lost_earlier == 1
        stored_by_other(url, 1, 8)
        publisher.records("bench", [8])  # as late as that
        until(lambda: monitor.counts.lost == 1)
        assert monitor.counts == IngestStatistics(received=4, lost=1)
        stored_by_other(url, 7)
    assert monitor.counts.lost == 0
    raise_for_gaps(monitor.ingest, NOBODY)
    publisher.close()


def test_a_monitor_that_ends_asks_no_slow_store_for_ever(
    embedded, url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many nodes miss records: each question takes so long here."""
    monkeypatch.setattr(ingest_module, "_LOSSES_AT_END_S", 0.5, raising=False)
    publisher, nodes = Publisher(embedded.url), [f"node-{k}" for k in range(12)]
    asked: list[str] = []
    with Monitor(embedded.url, url) as monitor:
        for node in nodes:
            publisher.records(node, [0, 2])
        until(lambda: sum(each.lost for each in monitor.ingest.statistics().values()) == 12)
        boots = monitor.store.boots

        def slow_boots(node: str, life: int) -> Boots:
            asked.append(node)
            time.sleep(0.25)
            return boots(node, life)

        monkeypatch.setattr(monitor.store, "boots", slow_boots)
    publisher.close()
    # Another one may have been asked for as it ended.
    assert 1 <= len(asked) <= 4


def test_a_monitor_beside_a_worker_has_everything(tmp_path: Path, url) -> None:
    ended = False
    with NatsServer(tmp_path) as server, ThreadPoolExecutor() as pool:
        with PostgresqlStore(url) as store, Monitor(server.mqtt_url, url) as monitor:
            worker = StreamWorker([f"nats://{server.address}"], store)
            working = pool.submit(asyncio.run, worker.run(lambda: ended))
            publisher = Publisher(server.mqtt_url)
            try:
                until(lambda: worker.counts.reads)
                for seq in range(36):
                    publisher.records("bench", [seq])
                until(lambda: worker.counts.stored + worker.counts.duplicated == 36)
                until(lambda: monitor.counts.received == 36)
                assert monitor.counts == IngestStatistics(received=36)
                assert not any(monitor.lost)
            finally:
                publisher.close()
                ended = True
            working.result(PATIENCE_S)
        raise_for_gaps(monitor.ingest, NOBODY)
