"""`filmgauge alerts`: what is wrong, what is known to be, and whether anybody hears of it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count, takewhile
from pathlib import Path

import click

from filmgauge_host.cli.broker_option import TLS_FILES, broker_address
from filmgauge_host.cli.options import (
    BROKER_HELP,
    BROKER_VARIABLE,
    FILE,
    IntegerRange,
    make_folder,
    user_file,
)
from filmgauge_host.cli.store_options import reader, store_options
from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.telemetry.alerts.alert import Alert, Notification
from filmgauge_host.telemetry.alerts.alert_log import (
    MOST_ID,
    AlertLog,
    LocalAlertLog,
    open_alert_log,
)
from filmgauge_host.telemetry.alerts.alert_thread import AlertThread
from filmgauge_host.telemetry.alerts.delivery import DeliveryQueue
from filmgauge_host.telemetry.alerts.destinations import build_destinations
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.alerts.rules import DEFAULT_RULES, AlertFile, load_rules
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.sqlite_file import InUseError
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.telemetry.store_writer import StoreWriter

_FILE_NAME = "alerts.toml"
_DEFAULT_FILE = f"$XDG_CONFIG_HOME/filmgauge/{_FILE_NAME}, if there is one"
ALERTS = click.option(
    "--alerts",
    "alerts_file",
    type=FILE,
    help=f"Rules and destinations of alerts, see docs/alerts.md  [default: {_DEFAULT_FILE}]",
)
_JSON_LINES = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


@click.group()
def alerts() -> None:
    """Alerts that filmgauge monitor has raised, and the way that they go."""


@alerts.command("list")
@store_options
@click.option("--all", "with_cleared", is_flag=True, help="Also those that are over.")
@_JSON_LINES
def list_alerts(store: Path | None, db: str | None, with_cleared: bool, as_json: bool) -> None:
    """List the alerts that are not over, the oldest first."""
    with _log(store, db) as log:
        found = log.alerts(with_cleared)
    for alert in found:
        click.echo(json.dumps(alert.to_dict()) if as_json else _line(alert))
    if not found and not as_json:
        click.echo("no alert" + ("" if with_cleared else " is active"))


@alerts.command()
@store_options
@click.argument("number", metavar="ID", type=IntegerRange(1, MOST_ID))
def ack(store: Path | None, db: str | None, number: int) -> None:
    """Acknowledge an alert: it is known, and stays until it is over.

    A running monitor notices. Of a gap: the records are given up, and the alert is over.
    """
    with _log(store, db) as log:
        alert = log.alert(number)
        if alert is None:
            raise InputError(f"there is no alert {number}: filmgauge alerts list shows them")
        if alert.state != "active":
            raise InputError(f"alert {number} is {alert.state} already")
        log.acknowledge(number, time.time_ns() // 1_000_000)
    click.echo(f"alert {number} is acknowledged: {alert.title}")


@alerts.command(short_help="Send a test to each destination, or to those that are named.")
@ALERTS
@click.option("--broker", envvar=BROKER_VARIABLE, show_envvar=True, help=BROKER_HELP)
@TLS_FILES
@click.argument("names", metavar="[DESTINATION]...", nargs=-1)
def test(alerts_file: Path | None, broker: str | None, names: tuple[str, ...]) -> None:
    """Send a test to each destination of the file, or to those that are named, and say what
    became of it."""
    content = alert_file(alerts_file)
    if content is None or not content.destinations:
        raise InputError("no destination: --alerts names a file with [destinations.NAME]")
    for name in names:
        if name not in content.destinations:
            known = ", ".join(content.destinations)
            raise InputError(f"there is no destination {name!r}: the file has {known}")
    monitor = broker_address(broker) if broker else None
    chosen = {name: content.destinations[name] for name in names} or content.destinations
    failed = [each.name for each in build_destinations(chosen, monitor) if not _sent(each)]
    if failed:
        raise FilmgaugeError(f"the test did not arrive at {', '.join(failed)}")


def alert_file(path: Path | None) -> AlertFile | None:
    """Return what the file of alerts says, None without one; raise InputError."""
    if path is not None:
        return load_rules(path)
    usual = user_file("XDG_CONFIG_HOME", ".config", _FILE_NAME)
    return load_rules(usual) if usual.exists() else None


@contextmanager
def alerts_of(ingest: Ingest, store: StoreWriter, path: Path | None) -> Iterator[AlertEngine]:
    """Judge what an ingest receives by the rules of a file, in a thread; raise InputError.

    The alerts are in the store's file, and in one of their own for each database of a server.
    """
    content = alert_file(path) or AlertFile(DEFAULT_RULES, {})
    with AlertLog(store.path) if isinstance(store, RecordStore) else _local_log(store) as log:
        try:
            destinations = build_destinations(content.destinations, ingest.address, log)
        except InputError as error:
            raise InputError(f"alerts {path or _FILE_NAME}: {error}") from None
        engine = AlertEngine(content.rules, log, destinations)
        with AlertThread(engine, ingest, destinations):
            yield engine


def _local_log(store: StoreWriter) -> LocalAlertLog:
    """Open the alerts of a database, in the first of its files that no other monitor here has."""
    for path in _local_paths(store.token()):
        make_folder(path.parent)
        with suppress(InUseError):
            return LocalAlertLog(path)
    raise AssertionError("paths have no end")


def _local_paths(token: str) -> Iterator[Path]:
    """Yield where monitors of this machine have the alerts of a database, one after another."""
    for number in count(1):
        name = f"alerts-{token}.sqlite" if number == 1 else f"alerts-{token}-{number}.sqlite"
        yield user_file("XDG_DATA_HOME", ".local/share", name)


def _sent(destination: DeliveryQueue) -> bool:
    now_unix_ms = time.time_ns() // 1_000_000
    alert = Alert(0, "test", "", "", "critical", "this is a test", None, now_unix_ms)
    problem = destination.send_now(Notification("test", alert))
    click.echo(problem or f"destination {destination.name}: arrived")
    return not problem


@contextmanager
def _log(store: Path | None, db: str | None) -> Iterator[AlertLog]:
    if db is not None:
        store = _database_path(store, db)
    elif store is None:
        store = user_file("XDG_DATA_HOME", ".local/share", "records.sqlite")
    with open_alert_log(store) as log:
        yield log


def _database_path(store: Path | None, db: str) -> Path:
    """Return the one file with the alerts of a database; raise InputError."""
    with reader(store, db) as opened:
        token, where = opened.token(), opened.where
    found = list(takewhile(Path.is_file, _local_paths(token)))
    if not found:
        raise InputError(f"no monitor of this user has judged the records of {where}")
    if len(found) > 1:
        names = ", ".join(map(str, found))
        raise InputError(f"--db: several monitors judge {where}: give --store one of {names}")
    return found[0]


def _line(alert: Alert) -> str:
    raised = datetime.fromtimestamp(alert.raised_unix_ms / 1000).astimezone()
    return (
        f"{alert.id:>5}  {raised:%Y-%m-%d %H:%M}  {alert.state:<12}  {alert.severity:<8}"
        f"  {alert.title}: {alert.text}"
    )
