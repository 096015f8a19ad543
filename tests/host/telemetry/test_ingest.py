import signal
import subprocess
import sys
import time
import tracemalloc

import pytest
from mqtt_brokers import Mosquitto, free_port
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore

DIE_BEFORE_ACKNOWLEDGING = """
import os, signal, sys
from filmgauge_host.telemetry.mqtt_receiver import MqttReceiver
MqttReceiver.acknowledge = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
from filmgauge_host.cli.app import main
main(["monitor", "--broker", sys.argv[1], "--store", sys.argv[2]])
"""


@pytest.fixture
def store(tmp_path):
    with RecordStore(tmp_path / "records.sqlite") as opened:
        yield opened


@pytest.fixture
def ingest(broker, store):
    with Ingest(parse_address(broker.url), store) as running:
        assert running.wait_connected(PATIENCE_S), running.problem
        yield running


def received(ingest: Ingest, node: str = "bench") -> int:
    counts = ingest.statistics().get(node)
    return counts.received if counts else 0


def test_stores_what_is_published(ingest, store, publisher):
    # More than one batch, and far more than mosquitto sends without an acknowledgement.
    publisher.records("bench", range(700))
    until(lambda: received(ingest) == 700)
    assert [item.key for item in store.records("bench")] == [(0, 1, seq) for seq in range(700)]
    assert ingest.statistics()["bench"].lost == 0


def test_gaps_are_filled_by_history_and_duplicates_are_counted(ingest, store, publisher):
    publisher.records("bench", [0, 1, 5, 5])
    until(lambda: received(ingest) == 3 and ingest.statistics()["bench"].duplicated == 1)
    assert ingest.statistics()["bench"].lost == 3
    publisher.send(("filmgauge/bench/log", record(seq).to_json()) for seq in (2, 3, 4))
    until(lambda: received(ingest) == 6)
    assert ingest.statistics()["bench"].lost == 0
    assert [item.history for item in store.records("bench")] == [False] * 2 + [True] * 3 + [False]
    assert ingest.nodes()["bench"].latest.key == (0, 1, 5)


def test_a_new_subscriber_is_shown_the_last_record_and_counts_it_when_it_comes(
    broker, store, publisher, monkeypatch
):
    monkeypatch.setattr("filmgauge_host.telemetry.session._RETAINED_S", 0.2)
    last = ("filmgauge/bench/last", record(4).to_json())
    publisher.send([last], retain=True)
    with Ingest(parse_address(broker.url), store) as running:
        until(lambda: "bench" in running.nodes())
        node = running.nodes()["bench"]
        assert node.latest.key == (0, 1, 4)
        assert node.latest.history
        assert node.last_seen_s is None
        assert (node.statistics.received, store.rows) == (0, 0)
        until(lambda: running._session._retained_by is None)  # given back
        publisher.records("bench", [4])
        publisher.send([("filmgauge/bench/last", "no record")], retain=True)
        publisher.send([("filmgauge/bench/telemetry/compact", record(5).to_bytes())])
        until(lambda: received(running) == 2)
        node = running.nodes()["bench"]
        assert node.latest.key == (0, 1, 5)
        counts = node.statistics
        assert (counts.duplicated, counts.malformed, counts.lost) == (0, 0, 0)


def test_same_key_with_other_content_is_reported_once(ingest, store, publisher):
    events = []
    ingest.listen(events.append)
    topic = "filmgauge/bench/telemetry"
    publisher.send([(topic, record(1).to_json()), (topic, record(1, soc_ppm=5).to_json())])
    until(lambda: len(events) == 2)
    assert isinstance(events[0], ReceivedRecord)
    assert "other content" in events[1].reason
    counts = ingest.statistics()["bench"]
    assert (counts.received, counts.conflicting, counts.duplicated) == (1, 1, 0)


def test_malformed_messages_are_counted_kept_and_do_not_stop_the_rest(ingest, publisher):
    topic = "filmgauge/bench/telemetry"
    bad = [b"", b"\xff\x00", b"[" * 50_000, b'{"v":1,"boot":-1}', b"null", b'{"v":1e999}']
    publisher.send([(topic, payload) for payload in bad])
    publisher.send([("filmgauge/Wrong_Name/telemetry", b"{}")])
    publisher.records("bench", [1])
    until(lambda: received(ingest) == 1)
    assert ingest.statistics()["bench"].malformed == len(bad)
    refused = ingest.rejected()
    assert len(refused) == len(bad) + 1
    assert refused[-1].node is None
    publisher.send([(topic, b"bad")] * 150)
    until(lambda: ingest.statistics()["bench"].malformed == len(bad) + 150)
    assert len(ingest.rejected()) == 100


def test_status_and_info_are_kept(ingest, publisher):
    status = ("filmgauge/bench/status", '{"state":"sleeping","next_report_s":300}')
    publisher.send([status, ("filmgauge/bench/info", '{"cell":"film-60"}')], retain=True)
    until(lambda: "bench" in ingest.nodes() and ingest.nodes()["bench"].info)
    node = ingest.nodes()["bench"]
    assert node.info == {"cell": "film-60"}
    assert node.status.next_report_s == 300
    assert node.state(node.last_seen_s) == "sleeping"


def test_a_broker_killed_in_the_middle_loses_and_doubles_nothing(broker, ingest, store):
    for first in (0, 100, 200):
        publisher = Publisher(broker.url)
        publisher.records("bench", range(first, first + 100))
        broker.save()
        broker.kill()
        publisher.close()
        broker.start()
    publisher = Publisher(broker.url)
    publisher.records("bench", [300])
    until(lambda: received(ingest) == 301)
    publisher.close()
    assert ingest.statistics()["bench"].lost == 0
    assert [item.key[2] for item in store.records("bench")] == list(range(301))


def test_what_comes_while_nobody_listens_is_kept_by_the_broker(broker, store, publisher):
    address = parse_address(broker.url)
    for first in (0, 50):
        with Ingest(address, store) as running:
            assert running.wait_connected(PATIENCE_S)
            publisher.records("bench", range(first, first + 25))
            until(lambda: store.rows == first + 25)  # noqa: B023
        publisher.records("bench", range(first + 25, first + 50))
    with Ingest(address, store):
        until(lambda: store.rows == 100)
    assert store.boots("bench", 0) == [(1, 0, 99, 100)]


def test_killed_between_commit_and_acknowledgement(broker, publisher, tmp_path):
    path = tmp_path / "records.sqlite"
    command = [sys.executable, "-c", DIE_BEFORE_ACKNOWLEDGING, broker.url, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as doomed:
        while doomed.poll() is None:  # until it is subscribed and meets its first message
            publisher.records("bench", [7])
    assert doomed.returncode == -signal.SIGKILL
    with RecordStore(path) as store:
        assert store.rows == 1
        with Ingest(parse_address(broker.url), store) as running:
            until(lambda: running.statistics().get("bench"))
            assert running.wait_connected(PATIENCE_S)
            counts = running.statistics()["bench"]
            assert counts.duplicated >= 1
            assert (counts.received, counts.lost, store.rows) == (0, 0, 1)


def test_messages_wait_while_the_store_cannot_be_written(ingest, store, publisher, monkeypatch):
    database = store._database
    database.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    publisher.records("bench", range(60))
    until(lambda: "full" in ingest.problem)
    assert store.rows == 0
    database.execute("DROP TRIGGER full")
    until(lambda: received(ingest) == 60)
    assert ingest.problem == ""
    assert store.rows == 60


def test_a_full_disk_with_records_waiting_is_no_busy_loop(ingest, store, publisher):
    store._database.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    publisher.records("bench", range(200))
    until(lambda: "full" in ingest.problem)
    clock = time.pthread_getcpuclockid(ingest._thread.ident)
    before_s = time.clock_gettime(clock)
    time.sleep(2.0)
    assert time.clock_gettime(clock) - before_s < 0.2


@pytest.mark.parametrize("how", ["deleted", "replaced", "moved"])
def test_a_store_that_is_gone_is_noticed_and_nothing_acknowledged(
    ingest, store, publisher, how, tmp_path
):
    publisher.records("bench", [0])
    until(lambda: received(ingest) == 1)
    acknowledged = []
    ingest._session.acknowledge = acknowledged.append
    aside = tmp_path / "aside"
    if how == "deleted":
        store.path.unlink()
    else:
        store.path.rename(aside)
    if how == "replaced":
        store.path.write_bytes(aside.read_bytes())
    publisher.records("bench", range(1, 16))
    until(lambda: "deleted or replaced" in ingest.problem)
    time.sleep(0.5)
    assert acknowledged == []
    if how == "moved":
        aside.rename(store.path)
        until(lambda: not ingest.problem and len(acknowledged) == 15)


@pytest.mark.parametrize("leaf", ["info", "telemetry", "status"])
@pytest.mark.parametrize("size", [65537, 3 << 20, 40 << 20])
def test_a_huge_payload_is_refused_unread(tmp_path, leaf, size, store):
    directory = tmp_path / "broker"
    directory.mkdir()
    broker = Mosquitto(directory, "message_size_limit 0\n")
    broker.start()
    publisher = Publisher(broker.url)
    payload = b'{"a":"' + b"x" * (size - 8) + b'"}'
    tracemalloc.start()
    try:
        with Ingest(parse_address(broker.url), store) as running:
            assert running.wait_connected(PATIENCE_S)
            publisher.send([(f"filmgauge/bench/{leaf}", payload)])
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            publisher.records("bench", [1])
            until(lambda: received(running) == 1)
            assert "longer than 65536 bytes" in running.rejected()[0].reason
            assert tracemalloc.get_traced_memory()[1] - before < 16 << 20
            assert running.nodes()["bench"].info == {}
    finally:
        tracemalloc.stop()
        publisher.close()
        broker.stop()


@pytest.mark.parametrize(("usual", "lost"), [(True, 100), (False, 0)])
def test_what_a_broker_drops_is_lost_when_the_node_reports_again(tmp_path, store, usual, lost):
    directory = tmp_path / "broker"
    directory.mkdir()
    broker = Mosquitto(directory, usual=usual)
    broker.start()
    publisher = Publisher(broker.url)
    try:
        with Ingest(parse_address(broker.url), store) as running:
            assert running.wait_connected(PATIENCE_S)
        publisher.records("bench", range(1100))  # of which the usual one keeps 1000
        with Ingest(parse_address(broker.url), store) as running:
            until(lambda: received(running) == 1100 - lost)
            publisher.records("bench", [1100])
            until(lambda: received(running) == 1101 - lost)
            assert running.statistics()["bench"].lost == lost
            assert running.statistics()["bench"].lost_earlier == 0
    finally:
        publisher.close()
        broker.stop()


@pytest.mark.parametrize(("usual", "forgotten"), [(True, 1), (False, 0)])
def test_a_session_that_is_gone_is_noticed(tmp_path, store, usual, forgotten):
    directory = tmp_path / "broker"
    directory.mkdir()
    broker = Mosquitto(directory, usual=usual)
    broker.start()
    try:
        for restarts, expected in ((False, 0), (False, 0), (True, forgotten)):
            if restarts:
                broker.stop()
                broker.start()
            with Ingest(parse_address(broker.url), store) as running:
                assert running.wait_connected(PATIENCE_S)
                assert running.forgotten == expected
    finally:
        broker.stop()


def test_two_stores_under_one_path_are_two_receivers(broker, tmp_path, publisher):
    stores = []
    for name in ("one", "other"):
        (tmp_path / "here").mkdir()
        stores.append(RecordStore(tmp_path / "here" / "records.sqlite"))
        (tmp_path / "here").rename(tmp_path / name)
    address = parse_address(broker.url)
    # As in two containers: both stores think that they lie under the same path.
    with stores[0], stores[1]:
        for store in stores:
            store.check_exists = lambda: None
        with Ingest(address, stores[0]) as one, Ingest(address, stores[1]) as other:
            assert one.wait_connected(PATIENCE_S)
            assert other.wait_connected(PATIENCE_S)
            publisher.records("bench", range(50))
            until(lambda: received(one) == received(other) == 50)
            assert one.connected
            assert other.connected


def test_closing_stores_what_was_received(broker, store, publisher):
    running = Ingest(parse_address(broker.url), store)
    running.start()
    assert running.wait_connected(PATIENCE_S)
    publisher.records("bench", range(40))
    until(lambda: store.rows)
    running.close()
    rows = store.rows
    with Ingest(parse_address(broker.url), store):
        until(lambda: store.rows == 40)
    assert rows <= 40


def test_an_unreachable_broker_is_named_without_its_password(store):
    url = f"mqtt://me:sesame@127.0.0.1:{free_port()}"
    with Ingest(parse_address(url), store) as running:
        assert not running.wait_connected(0.5)
        until(lambda: "refused" in running.problem)
        assert "sesame" not in running.problem
        assert not running.connected
