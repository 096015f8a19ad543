"""What no node sends leaves a counted refusal with its reason, and all else as it was.

FILMGAUGE_SOAK=1 (`make soak-payloads`): 100,000 of them through a broker into a store.
"""

import os
from collections import Counter

import pytest
from bad_payloads import bad_messages
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.messages import LEAVES, Rejected, decode
from filmgauge_host.telemetry.store import RecordStore

SOAK = bool(os.environ.get("FILMGAUGE_SOAK"))
DECODED = 3000
SENT = 100_000 if SOAK else 400
GOOD = 5


def test_each_is_refused_with_a_reason_that_can_be_shown():
    for topic, payload in bad_messages(DECODED, seed=1):
        message = decode(topic, payload, False, 5)
        assert isinstance(message, Rejected), (topic, payload[:2000])
        assert message.reason.isprintable()
        assert 0 < len(message.reason) <= 200
        assert len(message.topic) <= 200


def arrives(topic: str) -> bool:
    """Whether a broker carries the topic to an ingest."""
    parts = topic.split("/", 2)
    wanted = len(parts) == 3 and parts[0] == "filmgauge" and parts[2] in (*LEAVES, "last")
    return wanted and topic.isprintable()  # mosquitto ends the connection of who sends others


def kind(event: object) -> list[str]:
    """The middle of the sentence of a refusal, without most names of fields and values."""
    return [event.reason.partition(",")[0][-25:]] if isinstance(event, Rejected) else []


@pytest.fixture
def unlimited(tmp_path):
    (tmp_path / "broker").mkdir()
    made = Mosquitto(tmp_path / "broker", "message_size_limit 0\npersistence false\n", usual=True)
    made.start()
    yield made
    made.stop()


def test_all_leave_the_store_and_the_nodes_as_they_were(unlimited, tmp_path, monkeypatch):
    monkeypatch.setattr("filmgauge_host.telemetry.session._RETAINED_S", 1e9)  # `last` to the end
    publisher = Publisher(unlimited.url)
    names = [f"good-{number}" for number in range(GOOD)]
    with (
        RecordStore(tmp_path / "records.sqlite") as store,
        Ingest(parse_address(unlimited.url), store) as ingest,
    ):
        reasons: Counter[str] = Counter()
        ingest.listen(lambda event: reasons.update(kind(event)))
        assert ingest.wait_connected(PATIENCE_S), ingest.problem
        for name in names:
            publisher.records(name, range(3))
        until(lambda: sum(each.received for each in ingest.statistics().values()) == 3 * GOOD)
        before = {name: (node.latest, node.info) for name, node in ingest.nodes().items()}
        sent = of_nodes = 0
        batch: list[tuple[str, bytes]] = []
        for topic, payload in bad_messages(SENT, seed=2):
            if arrives(topic):
                sent += 1
                of_nodes += topic.split("/")[1] in names
                batch.append((topic, payload))
            if len(batch) >= 200:
                publisher.send(batch)
                batch.clear()
        publisher.send(batch)
        until(lambda: sum(reasons.values()) == sent)
        assert ingest.refused == sent
        nodes = ingest.nodes()
        assert sum(nodes[name].statistics.malformed for name in names) == of_nodes
        assert all(nodes[name].refusal for name in names)
        assert {name: (node.latest, node.info) for name, node in nodes.items()} == before
        assert all(node.statistics.received == 3 for node in nodes.values())
        publisher.records(names[0], [3])
        until(lambda: ingest.nodes()[names[0]].statistics.received == 4)
    publisher.close()
    print(f"{sent} refused, {len(reasons)} kinds of reasons")
    with RecordStore(tmp_path / "records.sqlite") as store:
        assert [len(list(store.records(name))) for name in names] == [4, 3, 3, 3, 3]
