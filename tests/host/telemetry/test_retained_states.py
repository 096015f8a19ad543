"""What a broker as it is installed retains of a large fleet, and the records that wait there."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore

NODES = 600  # two messages of each are more than the thousand that wait
STATUS = '{"state":"sleeping","next_report_s":600}'


@pytest.fixture
def usual(tmp_path: Path) -> Iterator[Mosquitto]:
    (tmp_path / "broker").mkdir()
    made = Mosquitto(tmp_path / "broker", usual=True)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def publisher(usual: Mosquitto) -> Iterator[Publisher]:
    with closing(Publisher(usual.url)) as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    with RecordStore(tmp_path / "records.sqlite") as opened:
        yield opened


def of_all(leaf: str, payload: str) -> list[tuple[str, str | bytes]]:
    return [(f"filmgauge/n-{number}/{leaf}", payload) for number in range(NODES)]


def test_a_monitor_that_starts_has_all_that_is_retained(
    usual: Mosquitto, publisher: Publisher, store: RecordStore
) -> None:
    publisher.send(of_all("status", STATUS), retain=True)
    publisher.send(of_all("info", '{"firmware":"0.1.0"}'), retain=True)
    publisher.send(of_all("last", record(3).to_json()), retain=True)
    with Ingest(parse_address(usual.url), store) as ingest:
        until(lambda: len(ingest.nodes()) == NODES)
        assert ingest.wait_connected(PATIENCE_S), ingest.problem
        until(
            lambda: all(
                node.status and node.info and node.latest for node in ingest.nodes().values()
            )
        )


def test_records_that_wait_share_their_room_with_no_state(
    usual: Mosquitto, publisher: Publisher, store: RecordStore
) -> None:
    address = parse_address(usual.url)
    with Ingest(address, store) as ingest:
        assert ingest.wait_connected(PATIENCE_S), ingest.problem
    publisher.send(of_all("status", STATUS), retain=True)
    publisher.records("bench", range(NODES))
    with Ingest(address, store) as ingest:
        until(lambda: len(ingest.nodes()) == NODES + 1)
        publisher.records("bench", [NODES])
        until(lambda: ingest.statistics()["bench"].received and store.rows > NODES)
        assert ingest.statistics()["bench"].lost == 0
