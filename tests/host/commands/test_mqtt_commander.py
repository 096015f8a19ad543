"""What becomes of commands to several nodes, of which some sleep on."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher
from patience import PATIENCE_S, until

from filmgauge_host.commands.actions import parse_action
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.commands.frames import mac_of_answer
from filmgauge_host.commands.mqtt_commander import MqttCommander, Outcome
from filmgauge_host.telemetry.address import parse_address

KEYS = {"near": bytes(16), "far": bytes(range(16))}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker.url
    broker.stop()


def test_who_has_answered_is_known_while_others_sleep(url: str, tmp_path: Path) -> None:
    found: list[Outcome] = []
    counters = CommandCounters(tmp_path / "counters.json")
    publisher = Publisher(url)

    def answered(node: str) -> bool:
        mac = mac_of_answer(node, KEYS[node], 1, 0, "done", 1)
        values = {"counter": 1, "status": 0, "text": "done", "last": 1, "mac": mac}
        publisher.send([(f"filmgauge/{node}/ack", json.dumps(values))])
        return node in [each.node for each in found]

    with (
        MqttCommander(parse_address(url), counters, list(KEYS)) as commander,
        ThreadPoolExecutor() as pool,
    ):
        action = parse_action(["report"])
        sent = pool.submit(commander.send, KEYS, action, PATIENCE_S, found.append)
        until(lambda: answered("far"))
        assert [each.node for each in found] == ["far"]
        assert not sent.done()
        until(lambda: answered("near"))
        assert [each.node for each in sent.result()] == ["near", "far"]
        assert all(each.is_done for each in sent.result())
    publisher.close()
