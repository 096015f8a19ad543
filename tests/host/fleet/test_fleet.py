"""The load of many nodes: what it says that it sent has arrived, whatever befalls the broker."""

import json
import signal
import socket
import subprocess
import sys
import threading

import pytest
from mqtt_brokers import Mosquitto
from patience import PATIENCE_S, until
from tcp_peer import TcpPeer

from filmgauge_host.fleet.connection import FleetConnection
from filmgauge_host.fleet.fleet import Fleet
from filmgauge_host.fleet.fleet_node import FleetNode
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore

NODES = 6
COMMAND = [sys.executable, "-m", "filmgauge_host.cli.app", "fleet"]


@pytest.fixture
def ingest(broker, tmp_path):
    with (
        RecordStore(tmp_path / "records.sqlite") as store,
        Ingest(parse_address(broker.url), store) as running,
    ):
        assert running.wait_connected(PATIENCE_S), running.problem
        yield running


def running(fleet: Fleet, made: int) -> threading.Thread:
    """Start the fleet in a thread; it stops when it has made that many records."""
    return threading.Thread(target=fleet.run, args=(None, lambda: fleet.counts().made >= made))


def received(ingest: Ingest) -> int:
    return sum(counts.received for counts in ingest.statistics().values())


def test_all_that_is_sent_arrives_once(broker, ingest):
    fleet = Fleet([parse_address(broker.url)], NODES, 0.05)
    thread = running(fleet, 120)
    thread.start()
    thread.join(PATIENCE_S)
    fleet.close()
    counts = fleet.counts()
    assert counts.made >= 120
    assert (counts.unacknowledged, counts.reconnects) == (0, 0)
    until(lambda: received(ingest) == counts.made)
    for node in fleet.nodes:
        snapshot = ingest.nodes()[node.name]
        assert (snapshot.statistics.received, snapshot.statistics.lost) == (node.made, 0)
        assert snapshot.latest is not None
        assert snapshot.latest.key == (node.life, 1, node.made - 1)


def test_a_killed_broker_costs_no_record(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    try:
        with (
            RecordStore(tmp_path / "records.sqlite") as store,
            Ingest(parse_address(broker.url), store) as ingest,
        ):
            assert ingest.wait_connected(PATIENCE_S), ingest.problem
            fleet = Fleet([parse_address(broker.url)], NODES, 0.05)
            thread = running(fleet, 300)
            thread.start()
            until(lambda: received(ingest) > 30)
            broker.stop()
            made = fleet.counts().made
            until(lambda: fleet.counts().made > made + 50)
            broker.start()
            thread.join(PATIENCE_S)
            # A node that was refused waits twice as long for its next attempt.
            until(lambda: fleet.counts().made >= 300 and not fleet.counts().unacknowledged)
            fleet.close()
            counts = fleet.counts()
            assert counts.unacknowledged == 0
            assert counts.reconnects >= NODES
            until(lambda: received(ingest) == counts.made)
            assert all(each.lost == 0 for each in ingest.statistics().values())
    finally:
        broker.stop()


def test_a_connection_that_ends_while_it_is_written_to_is_lost_with_nothing_in_it(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    try:
        node = FleetNode("fleet-0", "1 fleet-0")
        connection = FleetConnection(node, parse_address(broker.url), 1.0, lambda seconds: None)

        def accepted() -> bool:
            connection.write()
            connection.read()
            return connection.accepted

        until(accepted)
    finally:
        broker.stop()

    def lost() -> bool:
        node.report(0)
        connection.send()
        return connection.lost

    until(lost)
    assert len(node.waiting) == node.made
    connection.send()
    assert len(node.waiting) == node.made


def test_lives_differ_between_seeds_and_nodes():
    lives = {FleetNode(name, f"{seed} {name}").life for name in "ab" for seed in (1, 2)}
    assert len(lives) == 4


def command(
    *options: str, files: tuple[int, int] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command; files: how many it may have open, and may let itself have."""
    words = [*COMMAND, *options]
    if files is not None:
        limit = 'ulimit -Sn "$1" && ulimit -Hn "$2" && shift 2 && exec "$@"'
        words = ["sh", "-c", limit, "sh", *map(str, files), *words]
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S)


def test_the_command_says_what_was_acknowledged(broker):
    done = command("--broker", broker.url, "--nodes", "3", "--rate", "20", "--for", "1s", "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["made"] == counts["acknowledged"] > 0
    assert counts["unacknowledged"] == 0


def test_as_many_nodes_as_files_may_be_open_are_connected(broker):
    options = ("--nodes", "60", "--rate", "5", "--for", "1s", "--json")
    done = command("--broker", broker.url, *options, files=(70, 200))
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert (counts["refused"], counts["problem"], counts["unacknowledged"]) == (0, "", 0)
    done = command("--broker", broker.url, "--nodes", "200", files=(70, 200))
    assert (done.returncode, done.stderr) == (
        2,
        "filmgauge: --nodes must be at most 136 here, not 200: a process may have 200 files open"
        " (ulimit -Hn)\n",
    )


class HalfBroker(TcpPeer):
    """Accepts nodes, whose records it never acknowledges, and refuses one."""

    def serve(self, stream: socket.socket) -> None:
        is_refused = b"filmgauge-fleet-2" in stream.recv(1000)
        stream.sendall(b"\x20\x02\0" + (b"\5" if is_refused else b"\0"))
        while not is_refused and stream.recv(1000):
            pass


def test_a_signal_ends_the_wait_for_acknowledgements_with_the_result():
    broker = HalfBroker()
    url = f"mqtt://127.0.0.1:{broker.port}"
    words = [*COMMAND, "--broker", url, "--nodes", "3", "--rate", "5", "--for", "1s"]
    fleet = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert fleet.stderr is not None
        waits = fleet.stderr.readline()
        assert waits == "filmgauge: waiting for the last acknowledgements, 30 s at most\n"
        fleet.send_signal(signal.SIGINT)
        stdout, stderr = fleet.communicate(timeout=PATIENCE_S)
    finally:
        fleet.kill()
        broker.close()
    assert fleet.returncode == 4
    assert ": 0 acknowledged, " in stdout
    refusal = "refuses the connection: Not authorized"
    assert f"1 nodes never connected: the broker {refusal}\n" in stdout
    (sentence,) = stderr.splitlines()
    assert "records were not acknowledged by the broker, which" in sentence
    assert sentence.endswith(f" has not accepted 1 of 3 nodes: it {refusal}")


def test_without_a_broker_it_ends_with_a_sentence():
    done = command("--broker", "mqtt://127.0.0.1:1", "--nodes", "2", "--for", "1s")
    assert done.returncode == 3
    assert done.stderr == (
        "filmgauge: broker mqtt://127.0.0.1:1 cannot be reached: connection refused\n"
    )


def test_names_that_no_node_may_have_are_refused():
    done = command("--prefix", "Bad Name")
    assert done.returncode == 2
    assert done.stderr.startswith("filmgauge: --prefix: ")
