"""Where the alerts of monitors are that store in a server's database: several on one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from postgresql_server import PostgresqlServer

from filmgauge_host.cli.alerts import alerts_of
from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert import Alert
from filmgauge_host.telemetry.alerts.alert_log import LocalAlertLog, open_alert_log
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.postgresql_store import PostgresqlStore


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user's files are."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "filmgauge"


@contextmanager
def monitor(url: str) -> Iterator[AlertEngine]:
    with PostgresqlStore(url) as store:
        ingest = Ingest(parse_address("mqtt://127.0.0.1:1"), store)
        with alerts_of(ingest, store, None) as engine:
            yield engine


def test_monitors_of_a_machine_have_alerts_of_their_own(
    postgresql: PostgresqlServer, folder: Path
) -> None:
    one, other = postgresql.new_url(), postgresql.new_url()
    with monitor(one), monitor(other), monitor(one):
        assert len(list(folder.glob("alerts-*.sqlite"))) == 3
        assert len(list(folder.glob("alerts-*-2.sqlite"))) == 1


def test_the_alerts_of_a_database_are_not_those_of_another(
    postgresql: PostgresqlServer, folder: Path
) -> None:
    one, other = postgresql.new_url(), postgresql.new_url()
    with monitor(one):
        pass
    (path,) = folder.glob("alerts-*.sqlite")
    raised = Alert(1, "low", "bench", "", "warning", "it is low", 3.0, 5)
    with LocalAlertLog(path) as log:
        log.write([raised], {}, [])
    with monitor(other) as engine:
        assert engine.active() == []
    with monitor(one) as engine:
        assert engine.active() == [raised]


def test_alerts_are_listed_and_acknowledged_by_the_database(
    postgresql: PostgresqlServer, folder: Path
) -> None:
    url = postgresql.new_url()

    def alerts(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["alerts", arguments[0], "--db", url, *arguments[1:]])
        return done.exit_code, done.output

    with PostgresqlStore(url):
        code, said = alerts("list")
    assert code == 2
    assert "no monitor of this user has judged the records of " in said
    with monitor(url):
        (path,) = folder.glob("alerts-*.sqlite")
        with open_alert_log(path) as log:
            log.write([Alert(1, "low", "bench", "", "warning", "it is low", 3.0, 5)], {}, [])
        assert "bench low: it is low" in alerts("list")[1]
        assert alerts("ack", "1") == (0, "alert 1 is acknowledged: bench low\n")
        assert alerts("list", "--store", str(path))[0] == 2
        with monitor(url):
            code, said = alerts("list")
    assert code == 2
    assert f"give --store one of {path}, {path.with_stem(f'{path.stem}-2')}" in said
