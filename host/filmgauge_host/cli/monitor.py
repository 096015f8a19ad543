"""`filmgauge monitor`: watch nodes, store every record, say what is missing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from filmgauge_host.telemetry.ingest import Ingest
    from filmgauge_host.telemetry.store import RecordStore

_CONNECT_S = 5.0
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType):
    """A positive time: 90, 90s, 5m, 2h or 1d; converts to seconds."""

    name = "duration"

    def convert(self, value, param, ctx) -> float:
        if isinstance(value, float):
            return value
        number, unit = (value, "") if value[-1:].isdigit() else (value[:-1], value[-1:])
        try:
            seconds = float(number) * _UNITS_S[unit]
        except (ValueError, KeyError):
            seconds = 0.0
        if not 0 < seconds <= 3650 * 86400:
            self.fail(f"{value!r} must be a time above 0 such as 90s, 5m, 2h or 1d", param, ctx)
        return seconds


@click.command()
@click.option(
    "--broker",
    default="mqtt://127.0.0.1:1883",
    show_default=True,
    help="mqtt://[user[:password]@]host[:port] or mqtts://...; the password may instead be in "
    "FILMGAUGE_MQTT_PASSWORD.",
)
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    help="SQLite file for the records  [default: $XDG_DATA_HOME/filmgauge/records.sqlite]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--plain", is_flag=True, help="Print one line a record, also in a terminal.")
@click.option(
    "--for",
    "duration_s",
    type=Duration(),
    help="Stop after a time such as 90s, 5m or 2h; exit 4 if records are missing then.",
)
@click.option("--node", "names", multiple=True, help="Show only this node (may be repeated).")
def monitor(
    broker: str,
    store: Path | None,
    as_json: bool,
    plain: bool,
    duration_s: float | None,
    names: tuple[str, ...],
) -> None:
    """Watch nodes and store what they report.

    In a terminal a live table; otherwise one line a record. The records of all nodes are
    stored, whichever are shown. The broker keeps what comes while the monitor is away.
    """
    if as_json and plain:
        raise click.UsageError("--json and --plain exclude each other")
    shown = _node_names(names)
    with _opened(broker, store) as (records, ingest):
        if as_json or plain or not (sys.stdout.isatty() and sys.stdin.isatty()):
            from filmgauge_host.terminal.monitor_lines import LineMonitor

            LineMonitor(ingest, shown, as_json).run(duration_s, _CONNECT_S)
        else:
            from filmgauge_host.terminal.monitor_app import run_app

            run_app(ingest, records, shown, duration_s, _CONNECT_S)


@contextmanager
def _opened(broker: str, store: Path | None) -> "Iterator[tuple[RecordStore, Ingest]]":
    """Open store and ingest (not started); close both whatever happens."""
    from filmgauge_host.telemetry.address import parse_address
    from filmgauge_host.telemetry.ingest import Ingest
    from filmgauge_host.telemetry.store import RecordStore

    address = parse_address(broker)
    with RecordStore(store or _default_store()) as records:
        ingest = Ingest(address, records)
        try:
            yield records, ingest
        finally:
            ingest.close()


def _default_store() -> Path:
    """Return the store in the user's data directory, which is created."""
    from filmgauge_host.errors import InputError

    given = os.environ.get("XDG_DATA_HOME", "")
    base = Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share"
    directory = base / "filmgauge"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{directory} cannot be created: {error.strerror}") from None
    return directory / "records.sqlite"


def _node_names(names: tuple[str, ...]) -> frozenset[str]:
    from filmgauge.config import check_node
    from filmgauge_host.errors import InputError

    try:
        return frozenset(check_node(name) for name in names)
    except ValueError as error:
        raise InputError(str(error)) from None
