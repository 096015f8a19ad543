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
from typing import ClassVar

from filmgauge.record.record import Record, fields
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.sqlite_file import SqliteFile

_COLUMNS = tuple(name for name, *_ in fields())
_PAGE = 1000

# number: lives of a node in the order of time; live: 1 where one has sent more than its past
_CREATE = f"""
CREATE TABLE records (
    node TEXT NOT NULL,
    {" ".join(f"{name} INTEGER," for name in _COLUMNS)}
    received_unix_ms INTEGER NOT NULL,
    history INTEGER NOT NULL,
    PRIMARY KEY (node, life, boot, seq)
) WITHOUT ROWID;
CREATE TABLE lives (
    node TEXT NOT NULL,
    life INTEGER NOT NULL,
    number INTEGER NOT NULL,
    live INTEGER NOT NULL,
    PRIMARY KEY (node, life)
) WITHOUT ROWID
"""
_COLUMNS_3 = ", ".join(name for name in _COLUMNS if name not in ("life", "resets"))
_FROM_VERSION_3 = f"""
ALTER TABLE records RENAME TO records_3;
{_CREATE};
INSERT INTO records (node, {_COLUMNS_3}, life, received_unix_ms, history)
    SELECT node, {_COLUMNS_3}, 0, received_unix_ms, history FROM records_3;
INSERT INTO lives SELECT DISTINCT node, 0, 1, 1 FROM records;
DROP TABLE records_3
"""
_NAMES = ", ".join(_COLUMNS)
_INSERT = (
    f"INSERT OR IGNORE INTO records (node, {_NAMES}, received_unix_ms, history) "
    f"VALUES (?{', ?' * (len(_COLUMNS) + 2)})"
)
_SELECT = f"SELECT node, {_NAMES}, received_unix_ms, history FROM records WHERE node = ? "
_OF_LIFE = _SELECT + "AND life = ? "
_NEWEST = _OF_LIFE + "ORDER BY boot DESC, seq DESC LIMIT ?"
_PAGE_OF = _OF_LIFE + "AND (boot, seq) > (?, ?) ORDER BY boot, seq LIMIT ?"
_SAME = f"SELECT {_NAMES} FROM records WHERE node = ? AND life = ? AND boot = ? AND seq = ?"
_LIFE = "SELECT live FROM lives WHERE node = ? AND life = ?"
_LAST_LIFE = "SELECT coalesce(max(number), 0) FROM lives WHERE node = ?"
_LIVE_LIFE = (
    "SELECT coalesce(max(number) FILTER (WHERE live), max(number) + 1, 1) "
    "FROM lives WHERE node = ?"
)
_MAKE_ROOM = "UPDATE lives SET number = number + 1 WHERE node = ? AND number >= ?"


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
    version = 4
    tables = _CREATE
    upgrades: ClassVar = {3: _FROM_VERSION_3}

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
                outcomes = [self._insert(database, received) for received in batch]
            self.check_exists()
            self.rows += outcomes.count(Outcome.NEW)
        return outcomes

    def count(self, node: str) -> int:
        """Return the number of stored records of a node."""
        with self._access() as database:
            query = "SELECT count(*) FROM records WHERE node = ?"
            return database.execute(query, (node,)).fetchone()[0]

    def newest(self, node: str, limit: int) -> list[ReceivedRecord]:
        """Return up to `limit` records of the newest life or lives with the highest (boot, seq),
        oldest of them first."""
        rows: list[tuple] = []
        with self._access() as database:
            for life in reversed(list(self.lives(node))):
                rows += database.execute(_NEWEST, (node, life, limit - len(rows)))
        return [_received(row) for row in reversed(rows)]

    def records(self, node: str) -> Iterator[ReceivedRecord]:
        """Yield all records of a node, life after life and by (boot, seq), a page at a time."""
        for life in self.lives(node):
            at = (-1, -1)
            while True:
                with self._access() as database:
                    rows = database.execute(_PAGE_OF, (node, life, *at, _PAGE)).fetchall()
                page = [_received(row) for row in rows]
                yield from page
                if len(page) < _PAGE:
                    break
                at = page[-1].key[1:]

    def nodes(self) -> list[str]:
        """Return the names of all nodes of which there is a record, in order."""
        with self._access() as database:
            return [row[0] for row in database.execute("SELECT DISTINCT node FROM lives")]

    def lives(self, node: str) -> dict[int, bool]:
        """Return the lives of a node, the newest last, and whether each was heard live.

        Of two, the one that was heard live later is newer; one of which only the past has come,
        from a log, is older than the one that sent it.
        """
        with self._access() as database:
            query = "SELECT life, live FROM lives WHERE node = ? ORDER BY number"
            return {life: bool(live) for life, live in database.execute(query, (node,))}

    def boots(self, node: str, life: int) -> list[tuple[int, int, int, int]]:
        """Return (boot, first seq, last seq, number of records) of each boot of a life."""
        query = (
            "SELECT boot, min(seq), max(seq), count(*) FROM records "
            "WHERE node = ? AND life = ? GROUP BY boot"
        )
        with self._access() as database:
            return database.execute(query, (node, life)).fetchall()

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        super().close()
        self._writer.close()

    def _insert(self, database: sqlite3.Connection, received: ReceivedRecord) -> Outcome:
        values = received.record.values()
        row = (received.node, *values, received.received_unix_ms, int(received.history))
        if database.execute(_INSERT, row).rowcount:
            self._order_life(database, received)
            return Outcome.NEW
        stored = database.execute(_SAME, (received.node, *received.key)).fetchone()
        return Outcome.DUPLICATE if list(stored) == values else Outcome.CONFLICT

    def _order_life(self, database: sqlite3.Connection, received: ReceivedRecord) -> None:
        """Give the life of a new record its place among those of its node."""
        node, life, live = received.node, received.key[0], int(not received.history)
        known = database.execute(_LIFE, (node, life)).fetchone()
        if known is not None and known[0] >= live:
            return
        if live:
            number = database.execute(_LAST_LIFE, (node,)).fetchone()[0] + 1
        else:  # before the one that sends it, behind all others
            number = database.execute(_LIVE_LIFE, (node,)).fetchone()[0]
            database.execute(_MAKE_ROOM, (node, number))
        database.execute(
            "INSERT OR REPLACE INTO lives VALUES (?, ?, ?, ?)", (node, life, number, live)
        )


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
