"""Of a node that is revoked or was taken away nothing is expected: its alerts end for good."""

from pathlib import Path

import pytest
from alert_bed import NODE, AlertBed, good
from click.testing import CliRunner
from mqtt_brokers import Broker
from mqtt_nodes import Publisher
from patience import until

from filmgauge.record import FAULT_SENSOR
from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert_log import AlertLog
from filmgauge_host.telemetry.alerts.alert_thread import AlertThread
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.alerts.node_memory import NodeMemory
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore

RULES = ["faults", "silent"]


@pytest.fixture
def bed(tmp_path):
    with AlertBed(tmp_path / "records.sqlite") as made:
        yield made


def end(bed: AlertBed, way: str) -> None:
    if way == "withdrawn":
        bed.withdraw()
        return
    bed.revoked = frozenset({NODE})
    if way == "revoked while the monitor was away":
        bed.restart()


def fail(bed: AlertBed) -> None:
    """Let a node report a fault, then be silent."""
    bed.announce(60)
    bed.report(good(0, faults=FAULT_SENSOR))
    bed.tick(60)
    bed.tick(600)
    assert sorted(alert.rule for alert in bed.engine.active()) == RULES


@pytest.mark.parametrize("way", ["revoked", "revoked while the monitor was away", "withdrawn"])
def test_the_alerts_of_a_node_that_is_gone_end_and_stay_away(bed, way):
    fail(bed)
    end(bed, way)
    bed.tick()
    assert sorted(rule for done, rule, _ in bed.said if done == "cleared") == RULES
    for _ in range(3):
        bed.tick(86_400)
    bed.restart()
    for _ in range(3):
        bed.tick(86_400)
    assert bed.engine.active() == bed.log.alerts() == []
    assert len(bed.said) == 4


@pytest.mark.parametrize("way", ["revoked", "withdrawn"])
def test_a_node_that_comes_back_is_judged_again(bed, way):
    fail(bed)
    end(bed, way)
    bed.tick()
    del bed.said[:]
    bed.revoked = frozenset()
    bed.report(good(9, faults=FAULT_SENSOR))
    assert bed.said == [("raised", "faults", "sensor")]
    bed.tick(700)
    assert bed.said[1:] == [("raised", "silent", "")]


def test_what_is_sent_under_a_revoked_name_raises_and_ends_though_the_monitor_began_anew(bed):
    bed.revoked = frozenset({NODE})
    bed.reject("bench is revoked")
    bed.tick()
    assert bed.said == [("raised", "rejected", "")]
    bed.restart()
    bed.tick()
    bed.tick(3500)
    assert [alert.rule for alert in bed.engine.active()] == ["rejected"]
    bed.tick(100)
    assert bed.said == [("raised", "rejected", ""), ("cleared", "rejected", "")]


def test_what_homeassistant_remove_takes_away_and_keys_revoke_is_not_missed(
    embedded: Broker, tmp_path: Path
) -> None:
    path = tmp_path / "records.sqlite"
    long_ago = NodeMemory(1, 1, 1, 60, seen_unix_ms=1)
    status = '{"state":"sleeping","next_report_s":60}'
    publisher = Publisher(embedded.url)
    publisher.send([("filmgauge/gone/status", status)], retain=True)
    publisher.close()
    with RecordStore(path) as store, AlertLog(path) as log:
        log.write([], {"gone": long_ago, "rev": long_ago, "other": long_ago}, [])
        revoked = frozenset({"rev"})
        ingest = Ingest(parse_address(embedded.url), store, lambda: revoked)
        with AlertThread(AlertEngine(log=log), ingest), ingest:
            until(lambda: ingest.nodes().get("gone"))
            ran = CliRunner().invoke(
                main, ["homeassistant", "remove", "gone", "--broker", embedded.url]
            )
            assert ran.exit_code == 0, ran.output
            until(lambda: log.memories().keys() == {"other"})
