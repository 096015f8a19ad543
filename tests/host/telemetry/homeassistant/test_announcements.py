"""What is announced, when, and what a broker's ACL lets through."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded_broker import guarded, without
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.telemetry.homeassistant.announcements import Announcements
from filmgauge_host.telemetry.homeassistant.announcer import Announcer
from filmgauge_host.telemetry.homeassistant.discovery import (
    TOPICS,
    AnnouncedNode,
    discovery_payload,
    discovery_topic,
    expire_after_s,
    node_of,
)
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore

SCRIPT = str(Path(sys.executable).with_name("filmgauge"))
# home-assistant.io/integrations/mqtt, sensor.mqtt and binary_sensor.mqtt, with their abbreviations
DEVICE_KEYS = {"ids", "name", "mf", "mdl", "hw", "sw"}
COMPONENT_KEYS = [
    "p",
    "uniq_id",
    "name",
    "val_tpl",
    "stat_t",
    "stat_cla",
    "dev_cla",
    "unit_of_meas",
    "sug_dsp_prc",
    "ent_cat",
    "en",
    "ops",
    "avty",
    "exp_aft",
    "frc_upd",
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path_factory.mktemp("broker"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def publisher(broker: Mosquitto) -> Iterator[Publisher]:
    made = Publisher(broker.url)
    yield made
    made.close()


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, "homeassistant", *words], capture_output=True, text=True, timeout=PATIENCE_S
    )


def retained(url: str) -> dict[str, dict]:
    """Return the announcements that a broker retains, by node."""
    with BrokerLogin(parse_address(url)) as login:
        kept = login.read_retained([TOPICS])
    found = {node_of(topic, payload): payload for topic, payload in kept.items()}
    return {node: json.loads(payload) for node, payload in found.items() if node}


def test_an_announcement_has_what_is_required_and_nothing_unheard_of() -> None:
    info = {"firmware": "1", "board": "pico-w", "cell": None, "full_uah": 100.0, "report_s": 60}
    whole = json.loads(discovery_payload(AnnouncedNode("shelf-1", info, True, 3600)))
    assert set(whole) == {"dev", "o", "avty", "stat_t", "cmps"}
    assert set(whole["dev"]) == DEVICE_KEYS - {"mdl"}
    assert whole["o"]["name"] == "filmgauge"
    ids = [each["uniq_id"] for each in whole["cmps"].values()]
    assert len(set(ids)) == len(ids)
    for each in whole["cmps"].values():
        assert set(each) <= set(COMPONENT_KEYS)
        assert None not in each.values()
        is_of_telemetry = "stat_t" not in each
        assert each.get("exp_aft") == (3600 * 1.5 + 10 if is_of_telemetry else None)
    assert len(discovery_payload(AnnouncedNode("n" * 32, info, True, 3600))) < 16_384


@pytest.mark.parametrize("full", [None, 0, -1, True, "250", float("nan"), float("inf"), 1e30])
def test_a_capacity_that_is_none_gives_no_health(full: object) -> None:
    whole = json.loads(discovery_payload(AnnouncedNode("a", {"full_uah": full})))
    assert whole["cmps"]["health_pct"] == {"p": "sensor"}


def test_a_change_waits_for_the_moment_in_which_it_costs_least() -> None:
    announcements = Announcements()
    hourly = AnnouncedNode("a", {"firmware": "1"}, True, 3600)
    assert announcements.due(hourly, 0) is not None
    assert announcements.due(hourly, 0) is None
    assert announcements.due(AnnouncedNode("a", {"firmware": "1"}, True, 3000), 0) is None
    daily = AnnouncedNode("a", {"firmware": "1"}, True, 86400)
    assert announcements.due(daily, 60) is None  # the values hold, and would not afterwards
    assert announcements.due(daily, expire_after_s(hourly)) == discovery_payload(daily)
    assert announcements.due(hourly, 0) == discovery_payload(hourly)
    newer = AnnouncedNode("a", {"firmware": "2"}, True, 3600)
    assert announcements.due(newer, 0) == discovery_payload(newer)
    announcements.forget()
    assert announcements.due(newer, 0) == discovery_payload(newer)


def test_a_monitor_announces_every_node_and_what_changes(
    broker: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    heard: dict[str, bytes] = {}
    with (
        RecordStore(tmp_path / "records.sqlite") as store,
        Ingest(parse_address(broker.url), store) as ingest,
        BrokerLogin(parse_address(broker.url), (TOPICS,)) as login,
        Announcer(ingest, transient=True) as announcer,
    ):

        def announced(node: AnnouncedNode) -> bool:
            heard.update(login.messages())
            return heard.get(discovery_topic(node.name)) == discovery_payload(node)

        until(lambda: ingest.connected)
        publisher.records("bridged", [1])
        until(lambda: announced(AnnouncedNode("bridged")))
        publisher.send(
            [
                ("filmgauge/bridged/status", '{"state":"sleeping","next_report_s":60}'),
                ("filmgauge/bridged/info", '{"firmware":"1"}'),
            ]
        )
        until(lambda: announced(AnnouncedNode("bridged", {"firmware": "1"}, True, 60)))
        assert announcer.problem == ""
        broker.stop()
        until(lambda: announcer.problem)
        broker.start()
        until(lambda: announcer.problem == "")
    assert "bridged" not in retained(broker.url)  # it was transient


def test_nodes_are_announced_and_removed_by_command(
    broker: Mosquitto, publisher: Publisher
) -> None:
    publisher.send(
        [
            ("filmgauge/shelf-1/status", '{"state":"sleeping","next_report_s":7200}'),
            ("filmgauge/shelf-1/info", '{"firmware":"0.1.0","full_uah":250}'),
            ("filmgauge/shelf-2/info", '{"firmware":"0.1.0"}'),
            ("homeassistant/device/other/config", '{"o":{"name":"another"}}'),
        ],
        retain=True,
    )
    done = run("announce", "--broker", broker.url)
    assert (done.returncode, done.stdout) == (0, "announced: shelf-1, shelf-2\n")
    assert "shelf-2 has no status" in done.stderr
    known = retained(broker.url)
    assert known["shelf-1"] == json.loads(
        discovery_payload(
            AnnouncedNode("shelf-1", {"firmware": "0.1.0", "full_uah": 250}, True, 7200)
        )
    )
    assert run("remove", "nobody", "--broker", broker.url).returncode == 2
    assert run("remove", "shelf-2", "--broker", broker.url).stdout == "removed: shelf-2\n"
    assert set(retained(broker.url)) == {"shelf-1"}
    assert run("remove", "--broker", broker.url).stdout == "removed: shelf-1\n"
    assert retained(broker.url) == {}
    bad = run("announce", "Shelf_1", "--broker", broker.url)
    assert bad.returncode == 2
    assert bad.stderr.count("\n") == 1


def test_an_acl_that_drops_announcements_is_named(tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    lines = (Path(__file__).parents[4] / "docs" / "mosquitto.acl").read_text().splitlines()
    anonymous = ["topic readwrite filmgauge/#", f"topic read {TOPICS}"]
    acl.write_text("\n".join([*anonymous, *lines]))
    guarded = Mosquitto(tmp_path, f"acl_file {acl}")
    guarded.start()
    done = run("announce", "shelf-1", "--broker", guarded.url)
    guarded.stop()
    assert done.returncode == 1
    assert f"topic readwrite {TOPICS}" in done.stderr
    assert f"topic readwrite {TOPICS}" in lines


def test_a_monitor_names_an_acl_that_drops_announcements_while_it_runs(tmp_path: Path) -> None:
    line = f"topic readwrite {TOPICS}"
    said: list[str] = []
    with (
        guarded(tmp_path / "broker", without(line)) as broker,
        RecordStore(tmp_path / "records.sqlite") as store,
        Ingest(broker.address("host"), store) as ingest,
        BrokerLogin(broker.address("host")) as node,
        Announcer(ingest, say=said.append) as announcer,
    ):
        until(lambda: ingest.connected)
        node.publish("filmgauge/wall-1/telemetry", record(1).to_json().encode())
        until(lambda: said)
        assert line in announcer.problem
        assert said == [f"nodes are not announced to Home Assistant: {announcer.problem}"]
        broker.allow("user host", line)
        until(lambda: len(said) == 2)
        assert said[1:] == ["nodes are announced again"]
        assert discovery_topic("wall-1") in node.read_retained([TOPICS])
