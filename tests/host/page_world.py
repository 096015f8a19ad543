"""A page over a real broker, ingest and store, for the tests of a module."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert_thread import AlertThread
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.web.server import PageServer

Values: TypeAlias = Callable[[int], dict[str, int]]

# Unix ms of the first record of `course`, and between two.
BEGIN_MS = 1_767_225_600_000  # 2026-01-01
STEP_MS = 60_000


@dataclass
class PageWorld:
    """What runs; `client` asks the page as a program would."""

    broker: Mosquitto
    store: RecordStore
    ingest: Ingest
    page: PageServer
    publisher: Publisher
    client: httpx.Client

    def get(self, path: str, status: int = 200) -> Any:
        """Return the JSON of an answer that has this status."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()

    def received(self, node: str) -> int:
        """How many records of a node have come through the broker."""
        counts = self.ingest.statistics().get(node)
        return counts.received if counts else 0


@contextmanager
def page_world(folder: Path, stored: list[ReceivedRecord]) -> Iterator[PageWorld]:
    """Open everything; `stored` is in the store before anything is received."""
    broker = Mosquitto(folder)
    broker.start()
    try:
        with RecordStore(folder / "records.sqlite") as store:
            store.add(stored)
            ingest = Ingest(parse_address(broker.url), store)
            engine = AlertEngine()
            alerts = AlertThread(engine, ingest)
            with PageServer(ingest, store, engine, port=0) as page, alerts, ingest:
                assert ingest.wait_connected(PATIENCE_S), ingest.problem
                publisher = Publisher(broker.url)
                with httpx.Client(base_url=page.url, timeout=PATIENCE_S) as client:
                    yield PageWorld(broker, store, ingest, page, publisher, client)
                publisher.close()
    finally:
        broker.stop()


def course(
    node: str, keys: list[tuple[int, int, int]], each: Values = lambda at: {}, **values: int
) -> list[ReceivedRecord]:
    """Return a record for each (life, boot, seq), a minute apart. each: gives what more its
    number says; `minute` is when it comes, in minutes since the beginning, and so long the node is
    up unless that is given."""
    found = []
    for at, (life, boot, seq) in enumerate(keys):
        known = {"life": life, "soc_ppm": 500_000 + 1000 * at, **values, **each(at)}
        minute = known.pop("minute", at)
        known.setdefault("up_s", 60 * minute)
        made = record(seq, boot, **known)
        found.append(ReceivedRecord(node, made, BEGIN_MS + minute * STEP_MS))
    return found


def publish(world: PageWorld, node: str, *seqs: int, **values: int) -> None:
    """Publish live records of a node and wait until they are received."""
    before = world.received(node)
    topic = f"filmgauge/{node}/telemetry"
    world.publisher.send((topic, record(seq, **values).to_json()) for seq in seqs)
    until(lambda: world.received(node) >= before + len(seqs))
