"""The exporter, read by Prometheus's own parser, and the dashboard that rests on its names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher, record
from patience import until
from prometheus_client.parser import text_string_to_metric_families

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.metrics import metrics_text
from filmgauge_host.telemetry.store import RecordStore

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana" / "filmgauge.json"
RECORD = record(
    *(7, 3),
    stored_nah=250_000,
    current_pa=-1_500_000,
    temperature_cdeg=-1_250,
    to_empty_s=7_200,
    faults=0b110,
    limits=0b10,
    resets=2,
)
UNITS = ["ratio", "coulombs", "volts", "amperes", "celsius", "seconds", "ohms", "info"]
# What is counted has no unit; Prometheus's rules ask for the plural of what it is.
COUNTS = [
    "boots",
    "records_received",
    "records_duplicated",
    "records_conflicting",
    "messages_refused",
    "records_missing",
    "broker_sessions_lost",
    "lives",
    "nodes",
    "equivalent_full_cycles",
    "cycles_left",
    "backlog_records",
    "resets",
    "refused_commands",
    "restarts",
]
FLAGS = ["broker_connected", "store_writable", "node_up", "node_state", "fault", "limit", "alert"]


@pytest.fixture(scope="module")
def ingest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    folder = tmp_path_factory.mktemp("metrics")
    broker = Mosquitto(folder)
    broker.start()
    publisher = Publisher(broker.url)
    with (
        RecordStore(folder / "records.sqlite") as store,
        Ingest(parse_address(broker.url), store) as running,
    ):
        until(lambda: running.connected)
        info = '{"firmware":"0.1.0","board":"esp32-c3","cell":"a \\"b\\"\\\\","report_s":60}'
        publisher.send(
            [
                ("filmgauge/bench/status", '{"state":"sleeping","next_report_s":3600}'),
                ("filmgauge/bench/info", info),
                ("filmgauge/bench/telemetry", record(5, 3).to_json()),
                ("filmgauge/bench/telemetry", RECORD.to_json()),
                ("filmgauge/bench/telemetry", RECORD.to_json()),
                ("filmgauge/bench/telemetry", "{}"),
                ("filmgauge/gone/telemetry", record(1).to_json()),
                ("filmgauge/gone/status", '{"state":"offline"}'),
            ]
        )
        publisher.send([("filmgauge/before/last", record(1).to_json())], retain=True)
        until(lambda: len(running.nodes()) == 3 and running.nodes()["gone"].status is not None)
        until(lambda: running.nodes()["before"].latest is not None)
        yield running
    publisher.close()
    broker.stop()


@pytest.fixture(scope="module")
def samples(ingest: Ingest) -> dict[tuple[str, ...], float]:
    """Return value by name and the values of the labels, the node's first."""
    alert = SimpleNamespace(node="bench", rule="low", subject="", severity="warning")
    text = metrics_text(ingest, ingest.nodes(), SimpleNamespace(active=lambda: [alert])).decode()
    return {
        (sample.name.removeprefix("filmgauge_"), *_labels(sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _labels(labels: dict[str, str]) -> list[str]:
    """Return their values in alphabetical order of their names, but the node's first."""
    return [labels[name] for name in sorted(labels, key=lambda name: (name != "node", name))]


def test_values_are_in_base_units(samples: dict[tuple[str, ...], float]) -> None:
    def of(name: str) -> float:
        return samples[name, "bench"]

    assert of("state_of_charge_ratio") == 0.812345
    assert of("stored_charge_coulombs") == pytest.approx(0.9)  # 250 uAh
    assert of("voltage_volts") == 2.104
    assert of("current_amperes") == -1.5e-6
    assert of("temperature_celsius") == -12.5
    assert of("time_to_empty_seconds") == 7200
    assert of("report_interval_seconds") == 3600
    assert (of("boots_total"), of("resets")) == (3, 2)
    assert samples["fault", "bench", "sensor"] == samples["fault", "bench", "temperature"] == 1
    assert samples["limit", "bench", "limit", "over_voltage"] == 1
    assert samples["node_info", "bench", "esp32-c3", 'a "b"\\', "0.1.0"] == 1
    assert samples["alert", "bench", "low", "warning", ""] == 1
    assert ("time_to_full_seconds", "bench") not in samples  # not known


def test_the_ingest_says_how_it_is(samples: dict[tuple[str, ...], float], ingest: Ingest) -> None:
    assert samples["records_received_total", "bench"] == 2
    assert samples["records_duplicated_total", "bench"] == 1
    assert samples["messages_refused_total", "bench"] == 1
    assert samples["records_missing", "bench"] == 1  # seq 6
    assert samples[("nodes",)] == 3
    assert samples[("broker_connected",)] == samples[("store_writable",)] == 1


def test_a_node_that_is_away_has_no_values_that_look_live(
    samples: dict[tuple[str, ...], float], ingest: Ingest
) -> None:
    of_gone = {name: value for (name, *labels), value in samples.items() if "gone" in labels}
    assert of_gone["node_up"] == 0
    assert samples["node_state", "gone", "offline"] == 1
    latest = ingest.nodes()["gone"].latest
    assert of_gone["last_report_timestamp_seconds"] == latest.received_unix_ms / 1000
    assert not {name for name in of_gone if name.endswith(("_ratio", "_volts", "_coulombs"))}


def test_a_record_that_the_broker_had_retained_does_not_look_live(
    samples: dict[tuple[str, ...], float],
) -> None:
    found = {name for name, *labels in samples if "before" in labels}
    assert "boots_total" in found
    assert not found & {"voltage_volts", "last_report_timestamp_seconds"}


def test_names_follow_the_rules(ingest: Ingest) -> None:
    text = metrics_text(ingest, ingest.nodes(), SimpleNamespace(active=lambda: [])).decode()
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.documentation.endswith("."), family.name
        assert re.fullmatch(r"filmgauge_[a-z]+(_[a-z]+)*", family.name)
        name = family.name.removeprefix("filmgauge_")
        assert name in COUNTS + FLAGS or name.rpartition("_")[2] in UNITS, name
        totals = [sample.name.endswith("_total") for sample in family.samples]
        assert all(totals) if family.type == "counter" else not any(totals)


def test_the_dashboard_asks_for_what_there_is(ingest: Ingest) -> None:
    alerts = SimpleNamespace(active=lambda: [])
    text = metrics_text(ingest, ingest.nodes(), alerts).decode()
    offered = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    dashboard = json.loads(DASHBOARD.read_text())
    asked = set()
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            asked |= set(re.findall(r"\bfilmgauge_\w+", target["expr"]))
    for variable in dashboard["templating"]["list"]:
        asked |= set(re.findall(r"\bfilmgauge_\w+", str(variable.get("query", ""))))
    assert len(asked) > 15
    assert asked <= offered
