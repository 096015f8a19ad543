"""`filmgauge ingest`: one of the workers that share a durable stream and one database."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filmgauge_host.cli.broker_option import TLS_FILES, tls_files
from filmgauge_host.cli.nodes_file import NODES_FILE, revoked_names
from filmgauge_host.cli.options import EITHER, FOR_ALIAS, JSON, Duration, IntegerRange, show
from filmgauge_host.cli.store_options import KEEP_RAW
from filmgauge_host.errors import InputError, needs, warn
from filmgauge_host.signals import catch_signals

if TYPE_CHECKING:
    from filmgauge_host.telemetry.postgresql_store import PostgresqlStore
    from filmgauge_host.telemetry.store import RecordStore
    from filmgauge_host.telemetry.stream_worker import StreamWorker, WorkerCounts

_POLL_S = 0.2


@click.command(context_settings=FOR_ALIAS)
@click.option(
    "--nats",
    "servers",
    multiple=True,
    default=["nats://127.0.0.1:4222"],
    show_default=True,
    help="NATS server that nodes speak MQTT with, nats:// or tls://; several of a cluster.",
)
@TLS_FILES
@click.option("--db", "database", help="postgresql://[user@]host[:port]/name, shared by workers.")
@click.option("--store", type=EITHER, help="SQLite file instead, for one worker.")
@KEEP_RAW
@click.option(
    "--replicas",
    type=IntegerRange(1, 5),
    default=1,
    show_default=True,
    help="Of the stream and of what is known to be stored: stream_replicas of the servers.",
)
@click.option("--for", "duration_s", type=Duration(), help="Stop after a time such as 90s or 2h.")
@NODES_FILE
@JSON
@needs("cluster")
def ingest(
    servers: tuple[str, ...],
    database: str | None,
    store: Path | None,
    keep_raw_s: float,
    replicas: int,
    duration_s: float | None,
    nodes: Path | None,
    as_json: bool,
) -> None:
    """Store what nodes publish, together with other workers.

    Workers on any machines share the work and take over from one that dies. A record is
    acknowledged after the commit, and stored once, whoever brings it.
    """
    from filmgauge_host.telemetry.retention import Retention, RetentionThread
    from filmgauge_host.telemetry.stream_worker import StreamWorker

    files = tls_files(any(server.startswith("tls://") for server in servers), "tls://")
    revoked = revoked_names(nodes)
    with (
        catch_signals() as signalled,
        _opened(database, store) as records,
        RetentionThread(Retention(records, keep_raw_s)),
    ):
        worker = StreamWorker(servers, records, replicas, files, revoked)
        end = None if duration_s is None else time.monotonic() + duration_s

        def stopped() -> bool:
            return signalled() or (end is not None and time.monotonic() >= end)

        asyncio.run(_work(worker, stopped))
    counts = worker.counts
    show(as_json, asdict(counts), [_line(counts)])


def _opened(database: str | None, store: Path | None) -> "PostgresqlStore | RecordStore":
    """Open where the records go. Raises InputError and StorageError."""
    from filmgauge_host.telemetry.postgresql_store import PostgresqlStore
    from filmgauge_host.telemetry.store import RecordStore

    if database is not None and store is None:
        return PostgresqlStore(database)
    if store is not None and database is None:
        return RecordStore(store)
    raise InputError("give either --db or --store: where the records go")


async def _work(worker: "StreamWorker", stopped: Callable[[], bool]) -> None:
    """Run the worker; say on stderr when it reads, each time anew, and what it waits for."""
    work = asyncio.create_task(worker.run(stopped))
    reported, reads = "", False
    while not work.done():
        await asyncio.wait([work], timeout=_POLL_S)
        counts = worker.counts
        begins, reads = counts.reads and not reads, counts.reads
        if begins:
            warn("reads the stream: from now on it keeps what nodes publish")
        if counts.problem != reported:
            reported = counts.problem
            if reported or not begins:
                warn(f"{reported}: waiting" if reported else "works again")
    await work


def _line(counts: "WorkerCounts") -> str:
    line = (
        f"{counts.stored} stored, {counts.duplicated} duplicated, "
        f"{counts.conflicting} conflicting, {counts.malformed} malformed"
    )
    return f"{line}; last: {counts.last_refusal}" if counts.last_refusal else line
