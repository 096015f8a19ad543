"""Every record that was received, once, in one SQLite file.

    with RecordStore(Path("records.sqlite")) as store:
        outcomes = store.add([received])
        for received in store.records("bench"):
            ...

A record counts as stored when `add` returns: the commit has reached the disk. One process
writes; a second one is told so at once instead of meeting a locked database later.
"""

import enum
import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filmgauge.record.record import Record, fields
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.sqlite_file import SqliteFile

_COLUMNS = tuple(name for name, *_ in fields())
_PAGE = 1000

_CREATE = f"""
CREATE TABLE records (
    node TEXT NOT NULL,
    {" ".join(f"{name} INTEGER," for name in _COLUMNS)}
    received_unix_ms INTEGER NOT NULL,
    history INTEGER NOT NULL,
    PRIMARY KEY (node, boot, seq)
) WITHOUT ROWID
"""
_NAMES = ", ".join(_COLUMNS)
_INSERT = (
    f"INSERT OR IGNORE INTO records (node, {_NAMES}, received_unix_ms, history) "
    f"VALUES (?{', ?' * (len(_COLUMNS) + 2)})"
)
_SELECT = f"SELECT node, {_NAMES}, received_unix_ms, history FROM records WHERE node = ? "
_NEWEST = "ORDER BY boot DESC, seq DESC LIMIT ?"


class Outcome(enum.Enum):
    """What became of a record: stored, there already, or there already with other content."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class RecordStore(SqliteFile):
    """The records of all nodes; safe to call from several threads of one process.

    Raises InputError when the file cannot be used as a store: not a database, another version,
    no directory, or in use by another process.
    """

    kind = "store"
    application_id = 0x464C4D47  # "FLMG"
    version = 3
    tables = _CREATE

    def __init__(self, path: Path):
        with ExitStack() as stack:
            stack.enter_context(_only_writer(path))
            super().__init__(path)
            self.rows: int = self._database.execute("SELECT count(*) FROM records").fetchone()[0]
            self._writer = stack.pop_all()

    def add(self, batch: Sequence[ReceivedRecord]) -> list[Outcome]:
        """Commit a batch and return the outcome of each; raise StorageError, storing none."""
        with self._access() as database:
            with database:
                self.check_exists()
                outcomes = [_insert(database, received) for received in batch]
            self.check_exists()
            self.rows += outcomes.count(Outcome.NEW)
        return outcomes

    def count(self, node: str) -> int:
        """Return the number of stored records of a node."""
        with self._access() as database:
            query = "SELECT count(*) FROM records WHERE node = ?"
            return database.execute(query, (node,)).fetchone()[0]

    def newest(self, node: str, limit: int) -> list[ReceivedRecord]:
        """Return up to `limit` records with the highest (boot, seq), oldest of them first."""
        with self._access() as database:
            rows = database.execute(_SELECT + _NEWEST, (node, limit)).fetchall()
        return [_received(row) for row in reversed(rows)]

    def records(self, node: str) -> Iterator[ReceivedRecord]:
        """Yield all records of a node by (boot, seq), a page at a time."""
        key = (-1, -1)
        query = _SELECT + "AND (boot, seq) > (?, ?) ORDER BY boot, seq LIMIT ?"
        while True:
            with self._access() as database:
                page = [_received(row) for row in database.execute(query, (node, *key, _PAGE))]
            yield from page
            if len(page) < _PAGE:
                return
            key = page[-1].key

    def boots(self, node: str) -> list[tuple[int, int, int, int]]:
        """Return (boot, first seq, last seq, number of records) of each boot of a node."""
        query = (
            "SELECT boot, min(seq), max(seq), count(*) FROM records WHERE node = ? GROUP BY boot"
        )
        with self._access() as database:
            return database.execute(query, (node,)).fetchall()

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        super().close()
        self._writer.close()


def _insert(database: sqlite3.Connection, received: ReceivedRecord) -> Outcome:
    values = received.record.values()
    row = (received.node, *values, received.received_unix_ms, int(received.history))
    if database.execute(_INSERT, row).rowcount:
        return Outcome.NEW
    query = f"SELECT {_NAMES} FROM records WHERE node = ? AND boot = ? AND seq = ?"
    stored = database.execute(query, (received.node, *received.key)).fetchone()
    return Outcome.DUPLICATE if list(stored) == values else Outcome.CONFLICT


def _received(row: tuple) -> ReceivedRecord:
    node, *values, received_unix_ms, history = row
    record = Record(**dict(zip(_COLUMNS, values, strict=True)))
    return ReceivedRecord(node, record, received_unix_ms, bool(history))


@contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    """Hold the writer's lock, which ends with the process; leave no file of it."""
    if path.is_dir():
        raise InputError(f"store {path} is a directory: name a file")
    lock_path = path.with_name(path.name + "-writer")
    try:
        lock = lock_path.open("wb")
    except OSError as error:
        raise InputError(f"store {path} cannot be opened: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"store {path} is in use by another filmgauge: choose a file"
            ) from None
        try:
            yield
        finally:
            lock_path.unlink(missing_ok=True)
