"""Every record that was received, once, in one SQLite file.

    with RecordStore(Path("records.sqlite")) as store:
        outcomes = store.add([report])
        for report in store.reports("bench"):
            ...

A record counts as stored when `add` returns: the commit has reached the disk. One process
writes; a second one is told so at once instead of meeting a locked database later.
"""

import enum
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from filmgauge.record.record import Record
from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.telemetry.received_record import COLUMNS, ReceivedRecord

SCHEMA_VERSION = 3
_APPLICATION_ID = 0x464C4D47  # "FLMG" in the file header: tells our files from other databases
_BUSY_S = 30.0
_PAGE = 1000

_CREATE = f"""
CREATE TABLE records (
    node TEXT NOT NULL,
    {" ".join(f"{name} INTEGER," for name in COLUMNS)}
    received_unix_ms INTEGER NOT NULL,
    history INTEGER NOT NULL,
    PRIMARY KEY (node, boot, seq)
) WITHOUT ROWID
"""
_NAMES = ", ".join(COLUMNS)
_INSERT = (
    f"INSERT OR IGNORE INTO records (node, {_NAMES}, received_unix_ms, history) "
    f"VALUES (?{', ?' * (len(COLUMNS) + 2)})"
)
_SELECT = f"SELECT node, {_NAMES}, received_unix_ms, history FROM records WHERE node = ? "
_NEWEST = "ORDER BY boot DESC, seq DESC LIMIT ?"
_INTERVALS = """
SELECT boot, min(seq), max(seq) FROM (
    SELECT boot, seq, seq - row_number() OVER (PARTITION BY boot ORDER BY seq) AS island
    FROM records WHERE node = ?
) GROUP BY boot, island
"""


class StoreError(FilmgaugeError):
    """The store cannot be read or written just now: full disk, another program holds it."""


class Outcome(enum.Enum):
    """What became of a record: stored, there already, or there already with other content."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class RecordStore:
    """The records of all nodes; safe to call from several threads of one process.

    Raises InputError when the file cannot be used as a store: not a database, another version,
    no directory, or in use by another process.
    """

    def __init__(self, path: Path):
        self.path = path
        self._mutex = threading.RLock()
        self._claim = _claim(path)
        try:
            self._database = _open(path)
            self.rows: int = self._database.execute("SELECT count(*) FROM records").fetchone()[0]
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, batch: Sequence[ReceivedRecord]) -> list[Outcome]:
        """Commit a batch and return the outcome of each report; raise StoreError, storing none."""
        with self._access() as database:
            with database:
                outcomes = [_insert(database, report) for report in batch]
            self.rows += outcomes.count(Outcome.NEW)
        return outcomes

    def nodes(self) -> list[str]:
        """Return the names of all nodes with records."""
        # One index seek a node: DISTINCT would read every row.
        found: list[str] = []
        with self._access() as database:
            while True:
                after = found[-1] if found else ""
                row = database.execute(
                    "SELECT min(node) FROM records WHERE node > ?", (after,)
                ).fetchone()
                if row[0] is None:
                    return found
                found.append(row[0])

    def count(self, node: str) -> int:
        """Return the number of stored records of a node."""
        with self._access() as database:
            query = "SELECT count(*) FROM records WHERE node = ?"
            return database.execute(query, (node,)).fetchone()[0]

    def newest(self, node: str, limit: int) -> list[ReceivedRecord]:
        """Return up to `limit` records with the highest (boot, seq), oldest of them first."""
        with self._access() as database:
            rows = database.execute(_SELECT + _NEWEST, (node, limit)).fetchall()
        return [_report(row) for row in reversed(rows)]

    def reports(self, node: str) -> Iterator[ReceivedRecord]:
        """Yield all records of a node by (boot, seq), a page at a time."""
        key = (-1, -1)
        query = _SELECT + "AND (boot, seq) > (?, ?) ORDER BY boot, seq LIMIT ?"
        while True:
            with self._access() as database:
                page = [_report(row) for row in database.execute(query, (node, *key, _PAGE))]
            yield from page
            if len(page) < _PAGE:
                return
            key = page[-1].key

    def intervals(self, node: str) -> list[tuple[int, int, int]]:
        """Return the stored (boot, first seq, last seq) of a node, without gaps inside."""
        with self._access() as database:
            return database.execute(_INTERVALS, (node,)).fetchall()

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._mutex:
            self._database.close()
            self._release()

    def _release(self) -> None:
        """Give the writer's lock back and leave no file of it."""
        if self._claim >= 0:
            _lock_path(self.path).unlink(missing_ok=True)
            os.close(self._claim)
            self._claim = -1

    @contextmanager
    def _access(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection; SQLite's own errors come out as StoreError."""
        with self._mutex:
            try:
                yield self._database
            except sqlite3.Error as error:
                raise StoreError(f"store {self.path}: {_explain(error)}") from error


def _insert(database: sqlite3.Connection, report: ReceivedRecord) -> Outcome:
    values = report.record.values()
    row = (report.node, *values, report.received_unix_ms, int(report.history))
    if database.execute(_INSERT, row).rowcount:
        return Outcome.NEW
    query = f"SELECT {_NAMES} FROM records WHERE node = ? AND boot = ? AND seq = ?"
    stored = database.execute(query, (report.node, *report.key)).fetchone()
    return Outcome.DUPLICATE if list(stored) == values else Outcome.CONFLICT


def _report(row: tuple) -> ReceivedRecord:
    node, *values, received_unix_ms, history = row
    record = Record(**dict(zip(COLUMNS, values, strict=True)))
    return ReceivedRecord(node, record, received_unix_ms, bool(history))


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + "-writer")


def _claim(path: Path) -> int:
    """Take the writer's lock and return its descriptor; it ends with the process."""
    if path.is_dir():
        raise InputError(f"store {path} is a directory: name a file")
    try:
        lock = os.open(_lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise InputError(f"store {path} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise InputError(f"store {path} is in use by another filmgauge: choose a file") from None
    return lock


def _open(path: Path) -> sqlite3.Connection:
    """Open or create the database; raise InputError when it is not a store of this version."""
    database: sqlite3.Connection | None = None
    try:
        database = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
        _check(path, database)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        if not database.execute("PRAGMA user_version").fetchone()[0]:
            _create(database)
        return database
    except sqlite3.Error as error:
        if database is not None:
            database.close()
        raise InputError(f"store {path} cannot be used: {_explain(error)}") from None
    except InputError:
        if database is not None:
            database.close()
        raise


def _check(path: Path, database: sqlite3.Connection) -> None:
    """Raise InputError unless the file is empty or a store of this version."""
    empty = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if application != _APPLICATION_ID and not empty:
        raise InputError(f"store {path} is a database of another program: choose another file")
    if application == _APPLICATION_ID and version != SCHEMA_VERSION:
        raise InputError(
            f"store {path} has version {version}; this filmgauge reads version {SCHEMA_VERSION}"
        )


def _create(database: sqlite3.Connection) -> None:
    """Write the table and its marks in one transaction: a cut leaves an empty file or a store."""
    database.executescript(
        f"BEGIN; {_CREATE}; PRAGMA application_id = {_APPLICATION_ID};"
        f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    )


def _explain(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another program has held it for {_BUSY_S:g} s"
    return str(error)
