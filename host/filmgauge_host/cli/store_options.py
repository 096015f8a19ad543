"""What commands that read a store share: which one, which nodes, from when to when."""

import datetime
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from filmgauge_host.cli.options import EITHER, Duration, make_folder, user_file
from filmgauge_host.errors import InputError, warn
from filmgauge_host.telemetry.export import iso_time, listed
from filmgauge_host.telemetry.postgresql_store import PostgresqlReader, PostgresqlStore
from filmgauge_host.telemetry.store import RecordFile, RecordStore
from filmgauge_host.telemetry.store_reader import StoreReader
from filmgauge_host.telemetry.store_writer import StoreWriter

DB_HELP = "postgresql://[user[:password]@]host[:port]/database instead of a file."
FOREVER_MS = 2**53
_LEAST_RAW_S = 86400.0


class Moment(click.ParamType[int]):
    """A time as people say it: an ISO 8601 date or time, by the clock here where it names no
    zone, or an age with its unit, such as 7d; converts to Unix milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the time. Fails as click does."""
        if isinstance(value, int):
            return value
        try:
            return round(datetime.datetime.fromisoformat(value).timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            pass
        # Without a unit it may be meant as a year, or as seconds since 1970.
        if value[-1:].isalpha():
            with suppress(click.BadParameter):
                return round((time.time() - Duration().convert(value, param, ctx)) * 1000)
        self.fail(
            f"{value!r} must be a date such as 2026-01-31, a time such as"
            " 2026-01-31T12:00+01:00, or an age such as 12h or 7d",
            param,
            ctx,
        )


class _KeepRaw(Duration):
    """A time of a day or more; converts to seconds."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the time. Fails as click does."""
        seconds = super().convert(value, param, ctx)
        if seconds < _LEAST_RAW_S:
            self.fail(f"{value!r} must be 1d or more", param, ctx)
        return seconds


KEEP_RAW = click.option(
    "--keep-raw",
    "keep_raw_s",
    type=_KeepRaw(),
    default="90d",
    show_default=True,
    help="How long to keep every record; hours and days of them stay.",
)


def store_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --store and --db."""
    store = click.option(
        "--store",
        type=EITHER,
        help="SQLite file of the records  [default: $XDG_DATA_HOME/filmgauge/records.sqlite]",
    )
    database = click.option("--db", help=DB_HELP)
    return store(database(command))


def span_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --from and --to, as from_unix_ms and to_unix_ms."""
    begin = click.option(
        "--from",
        "from_unix_ms",
        type=Moment(),
        default=0,
        help="Only what was measured from then on: an ISO 8601 date or time, or an age such as"
        " 7d.",
    )
    end = click.option(
        "--to",
        "to_unix_ms",
        type=Moment(),
        default=FOREVER_MS,
        help="Only what was measured before then.",
    )
    return begin(end(command))


def check_span(from_unix_ms: int, to_unix_ms: int) -> None:
    """Raise InputError for a span that ends before it begins."""
    if to_unix_ms <= from_unix_ms:
        raise InputError("--to must be later than --from")


@contextmanager
def reader(store: Path | None, db: str | None) -> Iterator[StoreReader]:
    """Open a store to read, also while a monitor writes it. Raises InputError and
    StorageError."""
    path = _path(store, db)
    with PostgresqlReader(db) if db is not None else RecordFile(path) as opened:
        yield opened


@contextmanager
def writer(store: Path | None, db: str | None) -> Iterator[StoreWriter]:
    """Open a store to write; make one where there is none. Raises InputError and
    StorageError."""
    path = _path(store, db)
    if store is None and db is None:
        make_folder(path.parent)
    with PostgresqlStore(db) if db is not None else RecordStore(path) as opened:
        yield opened


def _path(store: Path | None, db: str | None) -> Path:
    if store is not None and db is not None:
        raise InputError("--store and --db exclude each other: give one of them")
    if store is not None:
        return store
    return user_file("XDG_DATA_HOME", ".local/share", "records.sqlite")


def warn_of_removed(
    store: StoreReader, nodes: Sequence[str], from_unix_ms: int, to_unix_ms: int
) -> None:
    """Say on stderr of which nodes single records of a span are gone by age."""
    gone: dict[int, list[str]] = {}
    for node in nodes:
        span = store.summarised_span(node, from_unix_ms, to_unix_ms)
        if span is not None:
            gone.setdefault(span[1], []).append(node)
    for until_ms, names in sorted(gone.items()):
        warn(
            f"single records of {listed(names)} before {iso_time(until_ms)} are gone by age:"
            " only hours and days are left of them, in the store"
        )


def chosen_nodes(store: StoreReader, asked: Sequence[str]) -> list[str]:
    """Return the nodes that were asked for, all where none was. Raises InputError for one that
    the store does not have."""
    names = store.nodes()
    if not names:
        raise InputError("the store has no records")
    for name in asked:
        if name not in names:
            raise InputError(f"there is no node {name!r} in the store, but {listed(names)}")
    return list(dict.fromkeys(asked)) or names
