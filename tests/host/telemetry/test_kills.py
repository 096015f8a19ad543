"""Ingest, database and broker are killed in random order: nothing is lost and nothing there twice.

Some kills each here; `make soak-kills MINUTES=10` goes on for minutes (FILMGAUGE_SOAK_MINUTES).
The broker is mosquitto as docs/mosquitto.conf has it, and is killed once it has saved, since it
acknowledges before it does.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until
from postgresql_server import PostgresqlServer

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.postgresql_store import PostgresqlReader, PostgresqlStore
from filmgauge_host.telemetry.store import RecordFile, RecordStore

MINUTES = float(os.environ.get("FILMGAUGE_SOAK_MINUTES", 0))
KILLS = 3  # where it is not for minutes
NAMES = [f"kills-{number}" for number in range(3)]
SEED = 15


class Monitor:
    """`filmgauge monitor` that is started again whenever it is found dead."""

    def __init__(self, *arguments: str) -> None:
        run = "import sys; from filmgauge_host.cli.app import main; main(sys.argv[1:])"
        self._command = [sys.executable, "-c", run, "monitor", *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    def __enter__(self) -> Self:
        self.run()
        return self

    def __exit__(self, *_error: object) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()


class Nodes:
    """Three nodes that report as long as they may, in a thread of their own."""

    def __init__(self, url: str) -> None:
        self.sent = 0  # of each node, acknowledged
        self._url = url
        self._publisher = Publisher(url)
        self._may = threading.Event()
        self._paused = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._may.set()

    def _run(self) -> None:
        while not self._ended:
            if not self._may.is_set():
                self._paused.set()
                self._may.wait()
                continue
            text = record(self.sent).to_json()
            self._publisher.send((f"filmgauge/{name}/telemetry", text) for name in NAMES)
            self.sent += 1
            time.sleep(0.02)

    def pause(self) -> None:
        """Return when all is acknowledged, and nothing more is sent."""
        self._paused.clear()
        self._may.clear()
        until(self._paused.is_set)

    def go_on(self) -> None:
        """Connect anew and send again."""
        self._publisher.close()
        self._publisher = Publisher(self._url)
        self._may.set()

    def end(self) -> None:
        self.pause()
        self._ended = True
        self._may.set()
        self._thread.join()
        self._publisher.close()


@pytest.fixture
def postgresql_alone() -> Iterator[PostgresqlServer]:
    """One that may be killed: others use the shared one."""
    server = PostgresqlServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


def campaign(broker: Mosquitto, monitor: Monitor, kill_database: Callable[[], None] | None) -> int:
    """Kill what can be killed; return how many records each node has sent."""
    chance = random.Random(SEED)
    nodes = Nodes(broker.url)

    def kill_broker() -> None:
        nodes.pause()
        broker.save()
        broker.kill()
        broker.start()
        nodes.go_on()

    kills = [lambda: monitor.end(signal.SIGKILL), kill_broker]
    kills += [kill_database] if kill_database else []
    end_s, done = time.monotonic() + 60 * MINUTES, 0
    while done < KILLS or time.monotonic() < end_s:
        # All kinds in turn at least once, then whatever comes.
        kill = kills[done] if done < len(kills) else chance.choice(kills)
        before = nodes.sent
        until(lambda: nodes.sent >= before + 3)  # noqa: B023
        time.sleep(chance.uniform(0, 4.0) if MINUTES else 0.0)
        kill()
        monitor.run()
        done += 1
    nodes.end()
    print(f"{done} kills, {len(NAMES) * nodes.sent} records", end=" ")
    return nodes.sent


def held(store: RecordStore | PostgresqlStore, broker: Mosquitto) -> None:
    """Let the broker keep from now on what the monitor of this store does not receive."""
    with store, Ingest(parse_address(broker.url), store) as ingest:
        assert ingest.wait_connected(PATIENCE_S), ingest.problem


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    (tmp_path / "broker").mkdir()
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


def test_sqlite_loses_nothing_and_has_nothing_twice(mosquitto: Mosquitto, tmp_path: Path):
    path = tmp_path / "records.sqlite"
    held(RecordStore(path), mosquitto)
    with Monitor("--broker", mosquitto.url, "--store", str(path)) as monitor:
        sent = campaign(mosquitto, monitor, None)
        with RecordFile(path) as reader:
            check(reader, monitor, sent)


def test_postgresql_loses_nothing_and_has_nothing_twice(mosquitto: Mosquitto, postgresql_alone):
    url = postgresql_alone.new_url()

    def kill_database() -> None:
        postgresql_alone.kill()
        postgresql_alone.start()

    held(PostgresqlStore(url), mosquitto)
    with Monitor("--broker", mosquitto.url, "--db", url) as monitor:
        sent = campaign(mosquitto, monitor, kill_database)
        with PostgresqlReader(url) as reader:
            check(reader, monitor, sent)


def check(store: RecordFile | PostgresqlReader, monitor: Monitor, sent: int) -> None:
    """Wait for what is missing; then each record is there, once."""

    def is_complete() -> bool:
        monitor.run()
        time.sleep(0.2)
        return all(store.count(name) >= sent for name in NAMES)

    until(is_complete)
    for name in NAMES:
        keys = [each.key for each in store.records(name)]
        assert keys == [(0, 1, seq) for seq in range(sent)]
        assert store.gaps(name) == []
