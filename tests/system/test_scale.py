"""docs/scale.md brought up for real: three NATS servers, PostgreSQL, three workers, and parts of
them killed while a fleet of nodes reports."""

import itertools
import json
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from mqtt_nodes import Publisher
from nats_cluster import NatsCluster
from patience import PATIENCE_S, until
from postgresql_server import PostgresqlServer

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.postgresql_store import PostgresqlReader

NODES = 30
RATE = 4


@pytest.fixture
def database():
    server = PostgresqlServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def cluster(tmp_path):
    with NatsCluster(tmp_path) as made:
        yield made


@pytest.fixture
def started():
    """Processes that do not outlive their test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


class Worker:
    """`filmgauge ingest` as a process."""

    def __init__(self, cluster: NatsCluster, url: str, started: list, *options: str) -> None:
        servers = [word for each in cluster.servers for word in ("--nats", each)]
        command = ["ingest", *servers, "--replicas", "3", "--db", url, "--json", *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "filmgauge_host.cli.app", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(self.process)

    def wait_ready(self) -> None:
        """Return when what nodes publish waits for the workers."""
        for line in self.process.stderr:
            if "reads the stream" in line:
                return
        raise AssertionError("it has ended")

    def counts(self) -> dict:
        """End it and return what it says it has done."""
        self.process.send_signal(signal.SIGTERM)
        said, problems = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, problems
        return json.loads(said)


def fleet(cluster: NatsCluster, seconds: int, started: list) -> subprocess.Popen[str]:
    """Start a load on all brokers of the cluster."""
    brokers = [word for each in cluster.brokers for word in ("--broker", each)]
    options = ["--nodes", str(NODES), "--rate", str(RATE), "--for", f"{seconds}s", "--json"]
    command = [sys.executable, "-m", "filmgauge_host.cli.app", "fleet", *brokers, *options]
    started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    return started[-1]


def stored(url: str, node: str = "%") -> int:
    """Return the number of records in the database, of all nodes or of one."""
    with PostgresqlReader(url) as store:
        return store.select("SELECT count(*) FROM records WHERE node LIKE ?", (node,))[0][0]


def test_every_record_is_stored_once_whatever_is_killed(cluster, database, started):
    url = database.new_url()
    workers = [Worker(cluster, url, started) for _ in range(3)]
    for worker in workers:
        worker.wait_ready()
    load = fleet(cluster, 12, started)
    until(lambda: stored(url) > NODES)
    cluster.kill(0)
    before = stored(url)
    until(lambda: stored(url) > before + NODES)  # two of three go on
    cluster.start(0)
    workers[0].process.kill()
    before = stored(url)
    until(lambda: stored(url) > before + NODES)  # two of three again
    database.kill()
    database.start()
    made = json.loads(load.communicate(timeout=PATIENCE_S)[0])
    assert made["unacknowledged"] == 0
    assert made["made"] == made["acknowledged"] > 10 * NODES
    until(lambda: stored(url) >= made["made"])
    counts = [worker.counts() for worker in workers[1:]]
    with PostgresqlReader(url) as store:
        rows = store.select("SELECT node, count(*), max(seq) FROM records GROUP BY node")
    assert len(rows) == NODES
    assert all(number == last + 1 for _, number, last in rows)
    assert sum(number for _, number, _ in rows) == made["made"]
    assert all(each["conflicting"] == each["malformed"] == 0 for each in counts)
    assert all(each["stored"] > 0 for each in counts)


def test_what_is_not_believed_is_counted_and_holds_nothing_up(
    cluster, database, started, tmp_path
):
    url = database.new_url()
    known = tmp_path / "known.toml"
    known.write_text(f'[nodes.thief]\ncommand_key = "{"00" * 16}"\n')
    known.chmod(0o600)
    worker = Worker(cluster, url, started, "--nodes", str(known))
    worker.wait_ready()
    load = fleet(cluster, 2, started)
    until(lambda: stored(url) > 0)
    publisher = Publisher(cluster.brokers[1])
    publisher.send([("filmgauge/other/telemetry", b'{"v": 99}')])
    publisher.close()
    made = json.loads(load.communicate(timeout=PATIENCE_S)[0])
    until(lambda: stored(url) == made["made"])
    publisher = Publisher(cluster.brokers[2])
    publisher.records("thief", [0])
    until(lambda: stored(url, "thief") == 1)
    ran = CliRunner().invoke(main, ["keys", "revoke", "thief", "--nodes", str(tmp_path)])
    assert ran.exit_code == 0, ran.output
    numbers = itertools.count(1)

    def is_refused() -> bool:
        """Whether the worker, which goes on, has passed over another record of the thief's."""
        before, number = stored(url, "thief"), next(numbers)
        publisher.records("thief", [number])
        publisher.records("last", [number])
        until(lambda: stored(url, "last") == number)
        return stored(url, "thief") == before

    until(is_refused)
    publisher.close()
    counts = worker.counts()
    assert counts["stored"] == stored(url)
    assert counts["malformed"] == 2
    assert counts["last_refusal"] == "filmgauge/thief/telemetry: thief is revoked"


def test_without_a_server_it_ends_with_a_sentence(tmp_path):
    command = ["ingest", "--nats", "nats://127.0.0.1:1", "--store", str(tmp_path / "r.sqlite")]
    done = subprocess.run(
        [sys.executable, "-m", "filmgauge_host.cli.app", *command],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("filmgauge: no NATS server answers at nats://127.0.0.1:1: ")
    assert done.stderr.count("\n") == 1


def test_where_records_go_has_to_be_said():
    done = subprocess.run(
        [sys.executable, "-m", "filmgauge_host.cli.app", "ingest"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    assert done.stderr == "filmgauge: give either --db or --store: where the records go\n"
