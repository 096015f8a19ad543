"""What becomes of commands to several nodes, of which some sleep on."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher
from patience import PATIENCE_S, until

from filmgauge.store.counters import LOST
from filmgauge.uplink.commands import DONE, OLD_COUNTER, WRONG_MAC
from filmgauge_host.commands.actions import parse_action
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.commands.frames import mac_of_answer
from filmgauge_host.commands.mqtt_commander import MqttCommander, Outcome
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin

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


def test_when_each_of_a_large_fleet_reports_is_known(tmp_path: Path) -> None:
    """Of more than the thousand that mosquitto as it is installed lets wait."""
    nodes = [f"n-{number}" for number in range(1300)]
    said: list[str] = []
    broker = Mosquitto(tmp_path, usual=True)
    broker.start()
    publisher = Publisher(broker.url)
    status = '{"state":"sleeping","next_report_s":600}'
    publisher.send([(f"filmgauge/{node}/status", status) for node in nodes], retain=True)
    counters = CommandCounters(tmp_path / "counters.json")
    with (
        MqttCommander(parse_address(broker.url), counters, nodes, said.append) as commander,
        ThreadPoolExecutor() as pool,
    ):
        last, key = nodes[-1], KEYS["near"]
        sent = pool.submit(commander.send, {last: key}, parse_action(["report"]), PATIENCE_S)
        until(lambda: said or sent.done())
        mac = mac_of_answer(last, key, 1, DONE, "", 1)
        values = {"counter": 1, "status": DONE, "text": "", "last": 1, "mac": mac}
        publisher.send([(f"filmgauge/{last}/ack", json.dumps(values))])
        assert sent.result()[0].is_done
    assert said == [f"{last} reports every 600 s: it answers then"]
    publisher.close()
    broker.stop()


@pytest.mark.parametrize("boots", [True, False])
def test_a_node_that_is_about_to_boot_with_a_key_is_asked_again(
    url: str, tmp_path: Path, boots: bool
) -> None:
    """It refuses the frame in the wake that has not ended, and gets it again in the next one."""
    counters = CommandCounters(tmp_path / "counters.json")
    publisher = Publisher(url)
    frames: list[bytes] = []

    def said(counter: int, status: int) -> None:
        key = KEYS["near"] if counter else bytes(16 * [1])
        mac = mac_of_answer("near", key, counter, status, "", 1)
        values = {"counter": counter, "status": status, "text": "", "last": 1, "mac": mac}
        publisher.send([("filmgauge/near/ack", json.dumps(values))])

    with (
        MqttCommander(parse_address(url), counters, ["near"]) as commander,
        BrokerLogin(parse_address(url), ("filmgauge/near/command",)) as node,
        ThreadPoolExecutor() as pool,
    ):

        def frame_here() -> bool:
            frames.extend(payload for _, payload, _ in node.drain())
            return bool(frames)

        action, key = parse_action(["report"]), {"near": KEYS["near"]}
        patience_s = PATIENCE_S if boots else 2.0
        sent = pool.submit(commander.send, key, action, patience_s, is_patient=True)
        until(frame_here)
        (first,) = frames
        frames.clear()
        said(0, WRONG_MAC)
        publisher.send([("filmgauge/near/status", '{"state":"sleeping","next_report_s":20}')])
        until(frame_here)
        assert frames == [first]  # which the node has not counted
        if boots:
            said(1, DONE)
        (outcome,) = sent.result()
        assert (outcome.is_done, outcome.is_wrong_key) == (boots, not boots)
    publisher.close()


@pytest.mark.parametrize("last", [5_000_000, LOST])
def test_how_far_a_node_is_it_proves_where_the_file_is_lost(
    url: str, tmp_path: Path, last: int
) -> None:
    """Nobody writes a number by hand. One that can count no further ends no other's command."""
    counters = CommandCounters(tmp_path / "counters.json")
    publisher = Publisher(url)
    with (
        MqttCommander(parse_address(url), counters, list(KEYS)) as commander,
        ThreadPoolExecutor() as pool,
    ):
        sent = pool.submit(commander.send, KEYS, parse_action(["report"]), PATIENCE_S)

        def answered(node: str, *answer: int | str) -> bool:
            mac = mac_of_answer(node, KEYS[node], *answer)  # type: ignore[arg-type]
            values = dict(zip(("counter", "status", "text", "last"), answer, strict=True))
            publisher.send([(f"filmgauge/{node}/ack", json.dumps(values | {"mac": mac}))])
            return sent.done()

        def both_answer() -> bool:
            answered("near", 1, OLD_COUNTER, f"counter must be above {last}, not 1", last)
            answered("near", last + 1, DONE, "", last + 1)
            return answered("far", 1, DONE, "", 1)

        until(both_answer)
        near, far = sent.result()
    assert far.is_done
    assert near.answer is not None
    if last == LOST:
        assert near.answer.text == "near has no counter left: give it a new command_key"
    assert near.is_done == (last != LOST)
    assert counters.last("near") == (1 if last == LOST else last + 1)
    publisher.close()


def test_a_time_that_has_waited_for_its_node_is_not_passed_over(url: str, tmp_path: Path) -> None:
    """And of a frame whose answer was lost nobody knows what became."""
    said: list[str] = []
    publisher = Publisher(url)
    clock = iter([1000.0, 1900.0])
    at, keys = parse_address(url), {"near": KEYS["near"]}
    counters = CommandCounters(tmp_path / "counters.json")
    with (
        MqttCommander(at, counters, ["near"], said.append, clock.__next__) as sender,
        ThreadPoolExecutor() as pool,
    ):

        def answered(words: list[str], *answer: int | str) -> Outcome:
            sent = pool.submit(sender.send, keys, parse_action(words), PATIENCE_S)
            values = dict(zip(("counter", "status", "text", "last"), answer, strict=True))
            mac = mac_of_answer("near", KEYS["near"], *answer)  # type: ignore[arg-type]
            text = json.dumps(values | {"mac": mac})

            def is_done() -> bool:
                publisher.send([("filmgauge/near/ack", text)])
                return sent.done()

            until(is_done)
            return sent.result()[0]

        assert answered(["time"], 1, DONE, "the clock is set", 1).is_done
        assert said == ["near got the time 900 s after it was sent: its clock is slow by that"]
        found = answered(["report"], 2, OLD_COUNTER, "counter must be above 2, not 2", 2)
        assert not found.is_done
        assert found.answer is not None
        assert found.answer.text == (
            "it has had this command, and its answer was lost: nobody knows whether it was done"
        )
    publisher.close()
