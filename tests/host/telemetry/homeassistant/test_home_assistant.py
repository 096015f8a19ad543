"""Against a real Home Assistant: what it makes of an announcement and of a node's messages.

Releases before 2024.11 know a device's components one by one only: for them the announcement is
taken apart as the newer ones do it (mqtt/discovery.py, `_merge_common_device_options`).
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from home_assistant import HomeAssistant
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher, record
from patience import until

from filmgauge_host.telemetry.homeassistant.discovery import (
    AnnouncedNode,
    discovery_payload,
    discovery_topic,
)

INFO = {"firmware": "0.1.0", "board": "esp32-c3", "cell": "lis-film", "full_uah": 250.0}
RECORD = record(
    *(7, 3),
    shown_ppm=812_000,
    stored_nah=203_100,
    available_nah=180_250,
    available_sigma_nah=1_500,
    full_nah=240_000,
    full_sigma_nah=2_000,
    current_pa=-12_345_678,
    temperature_cdeg=-1_234,
    to_empty_s=5_400,
    resistance_mohm=812_345,
    efficiency_ppm=998_765,
    trend_ppm=-120,
    cycles_left=4_321,
    mcycles=12_345,
    faults=0b110,
    limits=0b10,
    resets=2,
    refused=5,
    restarts=7,
    backlog=11,
)
STATES = {
    "soc_shown_pct": "81.2000",
    "soc_sigma_pct": "0.4000",
    "stored_uah": "203.100",
    "available_uah": "180.250",
    "available_sigma_uah": "1.500",
    "voltage_v": "2.104000",
    "current_ua": "-0.012345678",
    "temperature_c": "-12.34",
    "time_to_empty": "1.500",
    "time_to_full": "unknown",
    "health_pct": "96.0",
    "full_uah": "240.000",
    "full_sigma_uah": "2.000",
    "resistance_ohm": "812.345",
    "coulombic_efficiency_pct": "99.8765",
    "capacity_trend_pct": "-0.0120",
    "cycles_left": "4321",
    "equivalent_full_cycles": "12.345",
    "faults_problem": "on",
    "faults": "sensor+temperature",
    "limits_problem": "on",
    "limits": "over_voltage:limit",
    "boot": "3",
    "resets": "2",
    "refused": "5",
    "restarts": "7",
    "backlog": "11",
}
HIDDEN = {"up_s", "awake_ms", "measured_uah", "booked_uah", "corrected_uah"}
ABOUT_REPORTS = {"state": "sleeping", "next_report_s": "7200"}


class Home:
    """A broker, a Home Assistant there, and what is published to both."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.url = broker.url
        self.folder = folder / "home"
        self.publisher = Publisher(broker.url)
        self.assistant = HomeAssistant(self.folder, broker.url)

    def announce(self, node: AnnouncedNode, expire_s: int | None = None) -> None:
        """Publish an announcement, and for older releases its components."""
        payload = discovery_payload(node, expire_s)
        if self.assistant.knows_devices:
            self.publisher.send([(discovery_topic(node.name), payload)], retain=True)
            return
        whole = json.loads(payload)
        for key, own in whole.pop("cmps").items():
            content = json.dumps(whole | own) if len(own) > 1 else ""
            topic = f"homeassistant/{own['p']}/{node.name}/{key}/config"
            self.publisher.send([(topic, content)], retain=True)

    def remove(self, name: str) -> None:
        """Publish what `filmgauge homeassistant remove` does, and the same of the components."""
        gone = [discovery_topic(name)]
        if not self.assistant.knows_devices:
            found = self.assistant.discovered(name)
            gone = [f"homeassistant/{platform}/{name}/{key}/config" for platform, key in found]
        self.publisher.send([(topic, "") for topic in gone], retain=True)

    def report(self, name: str, text: str) -> None:
        """Publish a live record until it has arrived: subscribing takes it a second or two."""

        def arrived() -> bool:
            self.publisher.send([(f"filmgauge/{name}/telemetry", text)])
            return self.assistant.states(name).get("boot") not in (None, "unavailable")

        until(arrived)

    def report_all(self) -> None:
        """Have the node `bench` report RECORD."""
        self.report("bench", RECORD.to_json())
        until(lambda: self.assistant.states("bench")["boot"] == "3")

    def status(self, name: str, text: str) -> None:
        self.publisher.send([(f"filmgauge/{name}/status", text)], retain=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("home-assistant")
    broker = Mosquitto(folder)
    broker.start()
    made = Home(folder, broker)
    with made.assistant:
        made.status("bench", '{"state":"sleeping","next_report_s":7200}')
        made.announce(AnnouncedNode("bench", INFO, True, 7200))
        made.report_all()
        yield made
    made.publisher.close()
    broker.stop()


def test_every_quantity_has_its_value_unit_and_class(home: Home) -> None:
    home.report_all()
    assert home.assistant.states("bench") == STATES | ABOUT_REPORTS | dict.fromkeys(HIDDEN)
    entities = home.assistant.entities()
    charge = entities["filmgauge_bench_soc_shown_pct"]
    assert charge["attributes"]["device_class"] == "battery"
    assert charge["device"] == {
        "name": "bench",
        "manufacturer": "filmgauge",
        "model": "lis-film",
        "hw_version": "esp32-c3",
        "sw_version": "0.1.0",
    }
    names = {each["attributes"]["friendly_name"] for each in entities.values() if each["state"]}
    assert "bench State of charge" in names
    assert not any(name.lower().count("bench") > 1 for name in names)
    assert home.assistant.complaints() == []


def test_nothing_is_made_up_for_what_is_not_known(home: Home) -> None:
    """A key that is null, and one that an older version does not have."""
    home.report("bench", '{"v":4,"boot":1,"seq":1,"up_s":1,"life":0,"voltage_v":null}')
    until(lambda: home.assistant.states("bench")["boot"] == "1")
    unknown = dict.fromkeys(STATES, "unknown") | {"boot": "1"}
    assert home.assistant.states("bench") == unknown | ABOUT_REPORTS | dict.fromkeys(HIDDEN)
    assert home.assistant.complaints() == []


def test_a_sleeping_node_is_there_and_an_offline_one_is_not(home: Home) -> None:
    home.report_all()
    home.status("bench", '{"state":"offline"}')
    until(lambda: home.assistant.states("bench")["boot"] == "unavailable")
    states = home.assistant.states("bench")
    assert {states[key] for key in STATES} == {"unavailable"}
    assert states["state"] == "offline"
    home.status("bench", '{"state":"sleeping","next_report_s":7200}')
    until(lambda: home.assistant.states("bench")["boot"] == "3")


def test_values_run_out_when_the_node_is_late(home: Home) -> None:
    home.announce(AnnouncedNode("brief", {}, False, None), expire_s=3)
    home.report("brief", record(1).to_json())

    def shown() -> set[str | None]:
        states = home.assistant.states("brief")
        return {states[key] for key in states if key not in HIDDEN}

    until(lambda: shown() == {"unavailable"})  # each value has a clock of its own
    states = home.assistant.states("brief")
    assert set(states) == set(STATES) - {"health_pct"} | HIDDEN  # no info and no status


def test_a_restart_keeps_values_that_hold_and_a_removed_node_is_gone(home: Home) -> None:
    home.report_all()
    home.announce(AnnouncedNode("gone", {}, False, None))
    until(lambda: home.assistant.states("gone"))
    home.remove("gone")
    until(lambda: not home.assistant.states("gone"))
    home.assistant.stop()
    home.assistant.start()
    until(lambda: home.assistant.states("bench").get("boot") == "3")
    restored = STATES | {"time_to_full": "unavailable"}  # there was no value to restore
    until(lambda: home.assistant.states("bench")["state"] == "sleeping")
    assert home.assistant.states("bench") == restored | ABOUT_REPORTS | dict.fromkeys(HIDDEN)
