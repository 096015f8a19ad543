"""A disk that is full, as the system has it: a monitor that may write no larger file goes on, and
acknowledges only what it has stored."""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordFile, RecordStore

FIRST, MORE = 20, 600
_RUN = "import sys; from filmgauge_host.cli.app import main; main(sys.argv[1:])"


@pytest.fixture
def monitor(broker, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A `filmgauge monitor` whose session the broker keeps."""
    path = tmp_path / "records.sqlite"
    with RecordStore(path) as store, Ingest(parse_address(broker.url), store) as ingest:
        assert ingest.wait_connected(PATIENCE_S)
    command = [sys.executable, "-c", _RUN, "monitor", "--broker", broker.url, "--store", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield process
    process.send_signal(signal.SIGKILL)
    process.wait()


def rows(path: Path) -> int:
    with RecordFile(path) as store:
        return store.count("full")


def test_what_a_full_disk_does_not_take_waits_at_the_broker(
    broker: Mosquitto, monitor: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "records.sqlite"
    publisher = Publisher(broker.url)
    until(lambda: path.exists())
    publisher.send(("filmgauge/full/telemetry", record(n).to_json()) for n in range(FIRST))
    until(lambda: rows(path) == FIRST)
    most = max(each.stat().st_size for each in tmp_path.glob("records.sqlite*"))
    _, hard = resource.prlimit(monitor.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(monitor.pid, resource.RLIMIT_FSIZE, (most + 65536, hard))
    publisher.send(
        ("filmgauge/full/telemetry", record(n).to_json()) for n in range(FIRST, FIRST + MORE)
    )
    publisher.close()
    until(lambda: FIRST < rows(path) < FIRST + MORE)
    stuck = -1
    while stuck != rows(path):  # it takes what fits, and then no more
        stuck = rows(path)
        until(lambda: monitor.poll() is None)
    assert stuck < FIRST + MORE
    resource.prlimit(monitor.pid, resource.RLIMIT_FSIZE, (hard, hard))
    until(lambda: rows(path) == FIRST + MORE)
    assert monitor.poll() is None
