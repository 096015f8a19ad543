"""A monitor of which a thread has failed, by a fault of ours: it ends, and is started again."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from alert_bed import UnjudgingEngine
from mqtt_nodes import Publisher
from patience import PATIENCE_S

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert_thread import AlertThread
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import Outcome, RecordStore
from filmgauge_host.terminal.monitor_lines import LineMonitor

NOBODY: frozenset[str] = frozenset()


class FaultyStore(RecordStore):
    """Fails in a way that nobody has thought of."""

    def add(self, batch: Sequence[ReceivedRecord]) -> list[Outcome]:
        raise RuntimeError("a fault of the store")


def test_an_ingest_that_has_failed_ends_the_monitor(
    embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, address = AlertEngine(), parse_address(embedded.url)
    with RecordStore(tmp_path / "r.sqlite") as store, Ingest(address, store) as before:
        assert before.wait_connected(PATIENCE_S)  # the session begins
    publisher = Publisher(embedded.url)
    publisher.records("bench", [1])
    publisher.close()
    with FaultyStore(tmp_path / "r.sqlite") as store:
        ingest = Ingest(address, store)
        with (
            AlertThread(engine, ingest),
            pytest.raises(RuntimeError, match="a fault of the store"),
        ):
            LineMonitor(ingest, NOBODY, False, engine).run(PATIENCE_S, PATIENCE_S)
    assert "retrying" not in capsys.readouterr().err


def test_alerts_that_have_failed_end_the_monitor(embedded, tmp_path: Path) -> None:
    engine = UnjudgingEngine(RuntimeError("a fault of the alerts"))
    with RecordStore(tmp_path / "r.sqlite") as store:
        ingest = Ingest(parse_address(embedded.url), store)
        with (
            AlertThread(engine, ingest),
            pytest.raises(RuntimeError, match="a fault of the alerts"),
        ):
            LineMonitor(ingest, NOBODY, False, engine).run(PATIENCE_S, PATIENCE_S)
