"""Every record that was received, once, in one SQLite file.

    with RecordStore(Path("records.sqlite")) as store:
        outcomes = store.add([received])
        for received in store.records("bench"):
            ...

A record counts as stored when `add` returns: the commit has reached the disk. One process
writes; a second one is told so at once instead of meeting a locked database later. Others may
read meanwhile:

    with RecordFile(Path("records.sqlite")) as store:
        ...
"""

import fcntl
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.ingest_store import Outcome
from filmgauge_host.telemetry.received_record import Row
from filmgauge_host.telemetry.sqlite_file import InUseError, SqliteFile, StorageError, open_error
from filmgauge_host.telemetry.store_reader import StoreReader
from filmgauge_host.telemetry.store_tables import RECORDS
from filmgauge_host.telemetry.store_upgrades import COUNT, CREATE, UPGRADES
from filmgauge_host.telemetry.store_writer import Hours, StoreWriter, Transaction

__all__ = ["Outcome", "RecordFile", "RecordStore"]

_INSERT = RECORDS.insert() + " ON CONFLICT DO NOTHING"


class _SqliteRecords(SqliteFile, StoreReader):
    """A SQLite file with the tables of a store."""

    kind = "store"
    application_id = 0x464C4D47  # "FLMG"
    version = 6
    tables = CREATE
    upgrades: ClassVar = UPGRADES

    @property
    def where(self) -> str:
        """Which store it is, for people."""
        return str(self.path)

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """See StoreReader."""
        with self._access() as database:
            return database.execute(sql, values).fetchall()


class RecordFile(_SqliteRecords):
    """The records of all nodes, to be read only, also while another process writes them.

    Raises InputError when the file is no store of this version.
    """

    def __init__(self, path: Path):
        super().__init__(path, read_only=True)

    @contextmanager
    def snapshot(self) -> Iterator[object]:
        """See StoreReader."""
        self.select("BEGIN")
        try:
            yield self
        finally:
            self.select("ROLLBACK")


class RecordStore(_SqliteRecords, StoreWriter):
    """The records of all nodes; safe to call from several threads of one process.

    Raises InputError when the file cannot be used as a store: not a database, another version,
    no directory; StorageError while another process uses it, or its disk is full.
    """

    def __init__(self, path: Path):
        with ExitStack() as stack:
            stack.enter_context(only_writer(path))
            super().__init__(path)
            StoreWriter.__init__(self)
            stack.callback(super().close)
            # Of its own, so that who draws a curve does not keep what arrives waiting.
            self._reading = stack.enter_context(RecordFile(path))
            self._marked: set[tuple[str, int]] = set()
            self._opened = stack.pop_all()

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """See StoreReader."""
        return self._reading.select(sql, values)

    @property
    def rows(self) -> int:
        """The number of stored records."""
        return int(self.attribute("rows") or 0)

    def insert_new(self, transaction: Transaction, rows: Sequence[Row]) -> list[bool]:
        """See StoreWriter."""
        inserted = self._inserted(rows)
        transaction.run(COUNT, [(sum(inserted),)])
        return inserted

    def remove(self, transaction: Transaction, keys: Sequence[tuple]) -> None:
        """See StoreWriter."""
        super().remove(transaction, keys)
        transaction.run(COUNT, [(-len(keys),)])

    def _inserted(self, rows: Sequence[Row]) -> list[bool]:
        """Insert rows at once, and only where not all are new each on its own."""
        with self._access() as database:
            before = database.total_changes
            database.execute("SAVEPOINT batch")
            database.executemany(_INSERT, rows)
            if database.total_changes - before == len(rows):
                return [True] * len(rows)
            database.execute("ROLLBACK TO batch")
            return [database.execute(_INSERT, row).rowcount > 0 for row in rows]

    def mark(self, transaction: Transaction, hours: Hours) -> None:
        """See StoreWriter. This process alone marks: what it has marked, it need not again."""
        fresh = hours - self._marked
        super().mark(transaction, fresh)
        self._marked |= fresh

    def unmarked(self, hours: Iterable[tuple[str, int]]) -> None:
        """See StoreWriter."""
        self._marked -= set(hours)

    def forget(self) -> None:
        """See StoreWriter."""
        super().forget()
        self._marked.clear()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """See StoreWriter."""
        with self._access() as database:
            with database:
                database.execute("BEGIN IMMEDIATE")
                self.check_exists()
                yield _SqliteTransaction(database)
            self.check_exists()

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with suppress(StorageError):  # what was put off is done when the node reports again
            self.redate_all()
        self._opened.close()


class _SqliteTransaction:
    """See Transaction."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        return self._database.execute(sql, values).fetchall()

    def run(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._database.executemany(sql, rows)


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold the writer's lock, which ends with the process; leave no file of it.

    Raises InUseError where another process holds it, and InputError for a path that cannot be
    written.
    """
    if path.is_dir():
        raise InputError(f"store {path} is a directory: name a file")
    lock_path = path.with_name(path.name + "-writer")
    try:
        lock = lock_path.open("wb")
    except OSError as error:
        raise open_error(f"store {path}", error) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InUseError(
                f"store {path} is in use by another filmgauge: choose a file"
            ) from None
        try:
            yield
        finally:
            lock_path.unlink(missing_ok=True)
