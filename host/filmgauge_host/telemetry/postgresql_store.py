"""The same store in PostgreSQL, which several processes may write: one database for many machines.

    with PostgresqlStore("postgresql://filmgauge@db.example/nodes") as store:
        outcomes = store.add([received])

A batch is copied into a table of the connection's own and from there into the records, where what
is there already stays. Nothing counts as stored before the commit; a server that restarts is
connected to again with the next question.
"""

import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from typing import Any, Self

from filmgauge_host.errors import InputError, needs
from filmgauge_host.telemetry.ingest_store import Outcome
from filmgauge_host.telemetry.received_record import FIELDS, ReceivedRecord, Row
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store_reader import StoreReader
from filmgauge_host.telemetry.store_tables import KEY, RECORDS, statements
from filmgauge_host.telemetry.store_upgrades import ADD_COLUMNS_6
from filmgauge_host.telemetry.store_writer import StoreWriter, Transaction
from filmgauge_host.telemetry.writer_number import WriterNumber

VERSION = "6"  # of the tables, as in SQLite
_BEFORE = "5"  # which a writer brings along
_LOCK = 0x464C4D47  # "FLMG": of advisory locks, one for making the tables and one a writer
_TYPES = {"text": "TEXT", "integer": "BIGINT", "real": "DOUBLE PRECISION"}
_ATTRIBUTES = "CREATE TABLE attributes (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
_SET = (
    "INSERT INTO attributes VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_INCOMING = "CREATE TEMP TABLE incoming (LIKE records) ON COMMIT DELETE ROWS"
_COPY = f"COPY incoming ({', '.join(RECORDS.names)}) FROM STDIN"
_KEYS = ", ".join(KEY)
_INSERT = (
    RECORDS.insert(f"SELECT {', '.join(RECORDS.names)} FROM incoming ORDER BY {_KEYS}")
    + f" ON CONFLICT DO NOTHING RETURNING {_KEYS}"
)
_STORED = f"""
SELECT {", ".join(f"records.{name}" for name in (*KEY, *FIELDS))} FROM records
JOIN unnest(?::text[], ?::bigint[], ?::bigint[], ?::bigint[]) AS keys ({_KEYS}) USING ({_KEYS})
"""
_KEY_AT = tuple(RECORDS.names.index(name) for name in KEY)
_TRIES = 5
_ROWS = "SELECT reltuples FROM pg_class WHERE oid = to_regclass('records')"
_COUNTED = 1_000_000
_FORGET_S = 3600.0  # what another process removes, this one must not think to be there for ever


class _PostgresqlRecords(StoreReader):
    """A connection, made again where it was lost, shared by the threads of a process."""

    read_only = True

    @needs("postgresql")
    def __init__(self, url: str) -> None:
        import psycopg

        from filmgauge_host.telemetry import postgresql_connection
        from filmgauge_host.telemetry.database_address import database_title

        self._psycopg: Any = psycopg
        self._driver: Any = postgresql_connection
        self._url = url
        self._where = database_title(url)
        self._mutex = threading.RLock()
        self._closing = threading.Event()
        self._in_snapshot = False
        self._connection: Any = self._opened()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def where(self) -> str:
        """See StoreReader."""
        return self._where

    def close(self) -> None:
        """Close the connection, and end what waits for an answer; the store cannot be used
        afterwards."""
        self._closing.set()
        with self._mutex:
            self._connection.close()

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """See StoreReader. Where the connection was lost, it is asked again on a new one."""
        was_open = not self._connection.closed
        try:
            return self._selected(sql, values)
        except StorageError as error:
            is_silent = isinstance(error.__cause__, self._driver.NoAnswerError)
            was_lost = was_open and self._connection.closed and not is_silent
            if self._in_snapshot or not was_lost:
                raise
        return self._selected(sql, values)

    def _selected(self, sql: str, values: Sequence[object]) -> list[Row]:
        with self._access() as connection:
            return connection.execute(_placed(sql), tuple(values) or None).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[object]:
        """See StoreReader."""
        with self._access() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._in_snapshot = True
            try:
                yield self
            finally:
                self._in_snapshot = False

    @contextmanager
    def _access(self) -> Iterator[Any]:
        """Hold the connection; errors of the database come out as StorageError, and so does a
        question before that goes on and on."""
        if not self._mutex.acquire(timeout=self._driver.ANSWER_S):
            raise StorageError(f"{self.where} is still busy with what was asked before")
        try:
            yield self._connected()
        except self._psycopg.Error as error:
            raise StorageError(f"{self.where}: {_sentence(error)}") from error
        finally:
            self._mutex.release()

    def _connected(self) -> Any:
        if self._closing.is_set():
            raise StorageError(f"{self.where} is closed")
        if self._connection.closed:
            try:
                self._connection = self._opened()
            except InputError as error:  # while we run, somebody may put it right again
                raise StorageError(str(error)) from None
        return self._connection

    def _opened(self) -> Any:
        """Return a new connection, ready for use. Raises InputError for what stays wrong, and
        StorageError for a server that cannot be reached, or not yet."""
        try:
            connection = self._driver.connect(self._url, self._closing)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        except self._psycopg.Error as error:
            kind = InputError if self._driver.is_lasting(error) else StorageError
            raise kind(f"{self.where} cannot be used: {_sentence(error)}") from None
        return connection

    def _prepare(self, connection: Any) -> None:
        """Make a new connection ready; raise InputError for a database of something else."""
        if not self._has_tables(connection):
            raise InputError(f"{self.where} has no store of filmgauge")

    def _has_tables(self, connection: Any) -> bool:
        """Return whether the store's tables are there; raise InputError for another version."""
        if connection.execute("SELECT to_regclass('attributes')").fetchone()[0] is None:
            return False
        query = "SELECT value FROM attributes WHERE name = 'version'"
        version = (connection.execute(query).fetchone() or ("?",))[0]
        if version == _BEFORE and self._upgrade(connection):
            return True
        if version != VERSION:
            raise InputError(
                f"{self.where} has a store of version {version}; this filmgauge reads {VERSION}"
            )
        return True

    def _upgrade(self, connection: Any) -> bool:
        """Bring tables of the version before along; return whether that is allowed here."""
        return False


class PostgresqlReader(_PostgresqlRecords):
    """The records of all nodes, to be read only.

    Raises InputError where there is no such login or store, StorageError where no server answers,
    MissingPackageError without psycopg.
    """


class PostgresqlStore(_PostgresqlRecords, StoreWriter):
    """The records of all nodes; safe to call from several threads, and several processes may
    have it open. Its tables are made where there are none.

    Raises InputError where there is no such login or right, or the database has something else,
    StorageError where no server answers, MissingPackageError without psycopg.
    """

    is_shared = True

    def __init__(self, url: str) -> None:
        self._number = WriterNumber(_LOCK)
        self._rows: int | None = None
        self._forget_s = time.monotonic() + _FORGET_S
        StoreWriter.__init__(self)
        super().__init__(url)
        # Of its own, so that who draws a curve does not keep what arrives waiting.
        self._reading = PostgresqlReader(url)
        self._token = self.token()

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """See StoreReader."""
        return self._reading.select(sql, values)

    @property
    def identity(self) -> str:
        """Return text that no other writer of any store has: see SessionMemory. The first on a
        host has the same whenever it comes back, and so has the second."""
        return f"{self._token}:{self._number.name}"

    @property
    def rows(self) -> int:
        """The number of records that were there when this was asked for first, of a million or
        more about, and of those that were added here since."""
        if self._rows is None:
            # To count many takes seconds; how many there are about, the server knows.
            about = int(self.select(_ROWS)[0][0])
            if about < _COUNTED:
                about = int(self.select("SELECT count(*) FROM records")[0][0])
            self._rows = about
        return self._rows

    def attribute(self, name: str) -> str | None:
        """See SessionMemory."""
        query = "SELECT value FROM attributes WHERE name = ?"
        found = self.select(query, (f"{self._number.name} {name}",))
        return str(found[0][0]) if found else None

    def set_attribute(self, name: str, value: str) -> None:
        """See SessionMemory."""
        with self.transaction() as transaction:
            transaction.run(_SET, [(f"{self._number.name} {name}", value)])

    def check_exists(self) -> None:
        """Raise StorageError where the server does not answer, or has another store, and
        NumberTakenError where another process has our identity."""
        found = super().select("SELECT value FROM attributes WHERE name = 'token'")
        if not found or found[0][0] != self._token:
            raise StorageError(f"{self.where} was replaced under us: start again")
        with self._access() as connection:
            self._number.check(connection)

    def add(self, batch: Sequence[ReceivedRecord]) -> list[Outcome]:
        """See StoreWriter. What another writer was in the way of is tried again."""
        for _ in range(_TRIES - 1):
            try:
                return self._added(batch)
            except StorageError as error:
                if not isinstance(error.__cause__, self._psycopg.errors.TransactionRollback):
                    raise
        return self._added(batch)

    def _added(self, batch: Sequence[ReceivedRecord]) -> list[Outcome]:
        if time.monotonic() > self._forget_s:
            self.forget()
            self._forget_s = time.monotonic() + _FORGET_S
        outcomes = super().add(batch)
        if self._rows is not None:
            self._rows += outcomes.count(Outcome.NEW)
        return outcomes

    def insert_new(self, transaction: Transaction, rows: Sequence[Row]) -> list[bool]:
        """See StoreWriter."""
        with self._access() as connection, connection.cursor() as cursor:
            with cursor.copy(_COPY) as copy:
                for row in rows:
                    copy.write_row(row)
            inserted = set(cursor.execute(_INSERT).fetchall())
        return [tuple(row[at] for at in _KEY_AT) in inserted for row in rows]

    def stored(self, transaction: Transaction, keys: Set[tuple]) -> dict[tuple, Row]:
        """See StoreWriter."""
        if not keys:
            return {}
        columns = [list(column) for column in zip(*keys, strict=True)]
        rows = transaction.select(_STORED, columns)
        return {row[: len(KEY)]: row[len(KEY) :] for row in rows}

    def alone(self, transaction: Transaction) -> bool:
        """See StoreWriter."""
        query = "SELECT pg_try_advisory_xact_lock(?, hashtext('retention'))"
        return bool(transaction.select(query, (_LOCK,))[0][0])

    def lock_lives(self, transaction: Transaction) -> None:
        """See StoreWriter."""
        transaction.run("LOCK TABLE lives IN SHARE ROW EXCLUSIVE MODE", [()])

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """See StoreWriter."""
        with self._access() as connection, connection.transaction():
            yield _PostgresqlTransaction(connection)

    def close(self) -> None:
        """Close the connection; the store cannot be used afterwards."""
        with suppress(StorageError):  # what was put off is done when the node reports again
            self.redate_all()
        self._reading.close()
        super().close()

    def _prepare(self, connection: Any) -> None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if not self._has_tables(connection):
                self._make_tables(connection)
        with self._needing("TEMPORARY on the database"):
            connection.execute(_INCOMING)
        self._number.connect(connection)

    def _upgrade(self, connection: Any) -> bool:
        with self._needing(f"to own the tables once, which are of version {_BEFORE}"):
            for statement in ADD_COLUMNS_6:
                connection.execute(statement.format(**_TYPES))
        connection.execute(_placed(_SET), ("version", VERSION))
        return True

    @contextmanager
    def _needing(self, right: str) -> Iterator[None]:
        """Say which right is missing where a statement is not allowed; raise InputError."""
        try:
            yield
        except self._psycopg.errors.InsufficientPrivilege as error:
            needed = f"{_sentence(error)}: the login needs {right}"
            raise InputError(f"{self.where} cannot be used: {needed}") from None

    def _make_tables(self, connection: Any) -> None:
        for statement in (_ATTRIBUTES, *statements(_TYPES)):
            connection.execute(statement)
        for name, value in (("version", VERSION), ("token", secrets.token_hex(8))):
            connection.execute(_placed(_SET), (name, value))


class _PostgresqlTransaction:
    """See Transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(_placed(sql), tuple(values) or None).fetchall()

    def run(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        found = list(rows)
        if found:
            with self._connection.cursor() as cursor:
                cursor.executemany(_placed(sql), found)


def _placed(sql: str) -> str:
    """Return SQL with the marks for values that psycopg wants: no text of ours has one else."""
    return sql.replace("?", "%s")


def _sentence(error: Exception) -> str:
    """Return the first line of what the server or the library says, without its marks."""
    first = next(iter(str(error).strip().splitlines()), type(error).__name__)
    for mark in ("connection failed: ", "FATAL:  ", "ERROR:  "):
        first = first.replace(mark, "")
    return first.strip()
