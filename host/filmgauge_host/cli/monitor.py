"""`filmgauge monitor`: watch nodes, store every record, say what is missing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from filmgauge.config import check_node
from filmgauge_host.cli.alerts import ALERTS, alerts_of
from filmgauge_host.cli.broker_option import BROKER, broker_address
from filmgauge_host.cli.home_assistant_option import HOME_ASSISTANT, announcing
from filmgauge_host.cli.nodes_file import NODES_FILE, revoked_names
from filmgauge_host.cli.options import FOR_ALIAS, Duration
from filmgauge_host.cli.page_options import PageOptions, page_options
from filmgauge_host.cli.store_options import KEEP_RAW, store_options, writer
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.retention import Retention, RetentionThread
from filmgauge_host.telemetry.store_writer import StoreWriter
from filmgauge_host.terminal.monitor_lines import LineMonitor
from filmgauge_host.terminal.screen import can_draw

_CONNECT_S = 5.0


@click.command(context_settings=FOR_ALIAS)
@BROKER
@store_options
@KEEP_RAW
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--plain", is_flag=True, help="Print one line a record, also in a terminal.")
@click.option(
    "--for",
    "duration_s",
    type=Duration(),
    help="Stop after a time such as 90s, 5min or 2h; exit 4 if records are missing then.",
)
@ALERTS
@click.option("--node", "names", multiple=True, help="Show only this node (may be repeated).")
@page_options
@NODES_FILE
@HOME_ASSISTANT
def monitor(
    broker: str,
    store: Path | None,
    db: str | None,
    keep_raw_s: float,
    as_json: bool,
    plain: bool,
    duration_s: float | None,
    alerts_file: Path | None,
    names: tuple[str, ...],
    page: PageOptions,
    nodes: Path | None,
    home_assistant: bool,
) -> None:
    """Watch nodes and store what they report.

    In a terminal a live table; otherwise one line a record. The records of all nodes are
    stored, whichever are shown. The broker keeps what comes while the monitor is away.
    """
    if as_json and plain:
        raise click.UsageError("--json and --plain exclude each other")
    shown = _node_names(names)
    with (
        _opened(broker, store, db, keep_raw_s, alerts_file, nodes) as (records, ingest, alerts),
        page.opened(ingest, records, alerts) as page_url,
        announcing(ingest, home_assistant),
    ):
        if as_json or plain or not (can_draw(sys.stdout) and sys.stdin.isatty()):
            LineMonitor(ingest, shown, as_json, alerts).run(duration_s, _CONNECT_S)
        else:
            from filmgauge_host.terminal.monitor_app import run_app  # loads textual

            run_app(ingest, records, alerts, shown, duration_s, _CONNECT_S, page_url)


@contextmanager
def _opened(
    broker: str,
    store: Path | None,
    db: str | None,
    keep_raw_s: float,
    alerts_file: Path | None,
    nodes: Path | None,
) -> Iterator[tuple[StoreWriter, Ingest, AlertEngine]]:
    """Open store, alerts and ingest (not started); close all whatever happens."""
    address = broker_address(broker)
    with writer(store, db) as records, RetentionThread(Retention(records, keep_raw_s)):
        ingest = Ingest(address, records, revoked_names(nodes))
        with alerts_of(ingest, records, alerts_file) as engine:
            try:
                yield records, ingest, engine
            finally:
                ingest.close()


def _node_names(names: tuple[str, ...]) -> frozenset[str]:
    try:
        return frozenset(check_node(name) for name in names)
    except ValueError as error:
        raise InputError(str(error)) from None
