"""An SQLite file of filmgauge's own: created, recognised, and shared by the threads of a process.

A commit has reached the disk when it returns.
"""

import errno
import os
import secrets
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Self

from filmgauge_host.errors import FilmgaugeError, InputError

_BUSY_S = 30.0
_LOG_MOST = 8 << 20  # bytes to which the log shrinks that grew while somebody read
_HELD = sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED
# What goes by without another path: somebody else is at it, the disk is full or fails.
_PASSING = (*_HELD, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_PASSING_ERRNO = errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENFILE, errno.EMFILE
# token: random, and so another one in every file.
_ATTRIBUTES = "CREATE TABLE IF NOT EXISTS attributes (name TEXT PRIMARY KEY, value TEXT NOT NULL)"


class StorageError(FilmgaugeError):
    """The file cannot be read or written just now: full disk, another program holds it."""


class InUseError(StorageError):
    """Another process writes the file."""


class SqliteFile:
    """Use as a context. Raises InputError for a file that is something else, StorageError for one
    that cannot be used just now, also from its methods.

    kind: what people call such a file. application_id: in its header, so that it is known from
    other databases. tables: the SQL that makes them. upgrades: that brings a file of an earlier
    version along, in one transaction. read_only: what is there is read, also while another
    process writes, and nothing is made or brought along.
    """

    kind: ClassVar[str]
    application_id: ClassVar[int]
    version: ClassVar[int]
    tables: ClassVar[str]
    upgrades: ClassVar[Mapping[int, str]] = {}  # from a version: the SQL that leads to the newest

    def __init__(self, path: Path, read_only: bool = False) -> None:
        self.path = path
        self._title = f"{self.kind} {path}"
        self._mutex = threading.RLock()
        self._database = self._open_to_read() if read_only else self._open()
        self._file = _file_id(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it cannot be used afterwards."""
        with self._mutex:
            self._database.close()

    @property
    def identity(self) -> str:
        """Return text that no other file has, also under the same path of another host."""
        return f"{socket.gethostname()}:{self.path.resolve()}{self.attribute('token') or ''}"

    def check_exists(self) -> None:
        """Raise StorageError where the file was deleted or replaced: what is written is lost."""
        if _file_id(self.path) != self._file:
            raise StorageError(
                f"{self._title} was deleted or replaced under us: put it back, or start again"
            )

    def attribute(self, name: str) -> str | None:
        """Return what the file has under a name besides its tables, None for nothing."""
        with self._access() as database:
            found = database.execute("SELECT value FROM attributes WHERE name = ?", (name,))
            return (found.fetchone() or (None,))[0]

    def set_attribute(self, name: str, value: str) -> None:
        """Keep a text under a name."""
        with self._access() as database, database:
            database.execute("INSERT OR REPLACE INTO attributes VALUES (?, ?)", (name, value))

    @contextmanager
    def _access(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection; SQLite's own errors come out as StorageError."""
        with self._mutex:
            try:
                yield self._database
            except sqlite3.Error as error:
                raise StorageError(f"{self._title}: {_reason(error)}") from error

    def _open_to_read(self) -> sqlite3.Connection:
        if not self.path.is_file():
            raise InputError(f"there is no {self._title}")
        try:
            return self._opened_to_read("mode=ro")
        except sqlite3.Error as error:
            if _code(error) in (*_PASSING, sqlite3.SQLITE_NOTADB):
                raise self._open_error(error) from None
            log = self._unmerged_log()
            if log is not None and os.access(self.path, os.R_OK):
                raise InputError(
                    f"{self._title} cannot be read whole: its newest part is in {log.name}, for"
                    f" which the folder {log.parent} must be writable"
                ) from None
            # In a folder that cannot be written there is nobody who writes either.
            with suppress(sqlite3.Error):
                return self._opened_to_read("mode=ro&immutable=1")
            raise InputError(
                f"{self._title} cannot be used: it is no database, or not to be read"
            ) from None

    def _unmerged_log(self) -> Path | None:
        """Return the file beside it with what is not in the file itself yet."""
        path = self.path.resolve()  # SQLite goes by the file behind a link
        for end in ("-wal", "-journal"):
            log = path.with_name(path.name + end)
            if log.is_file() and log.stat().st_size:
                return log
        return None

    def _opened_to_read(self, mode: str) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?{mode}"
        database = sqlite3.connect(uri, timeout=_BUSY_S, check_same_thread=False, uri=True)
        try:
            self._check(database)
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version != self.version:
                raise InputError(
                    f"{self._title} has version {version}: open it once to write, which brings"
                    f" it to version {self.version}"
                )
        except BaseException:
            database.close()
            raise
        return database

    def _open(self) -> sqlite3.Connection:
        database: sqlite3.Connection | None = None
        try:
            database = sqlite3.connect(self.path, timeout=_BUSY_S, check_same_thread=False)
            self._check(database)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute(f"PRAGMA journal_size_limit = {_LOG_MOST}")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version in self.upgrades:
                database.executescript(  # the first files had no attributes
                    f"BEGIN IMMEDIATE; {_ATTRIBUTES}; {self.upgrades[version]};"
                    f"PRAGMA user_version = {self.version}; COMMIT;"
                )
            elif not version:
                # in one transaction: a cut leaves an empty file or a whole one
                database.executescript(
                    f"BEGIN; {self.tables}; PRAGMA application_id = {self.application_id};"
                    f"PRAGMA user_version = {self.version}; {_ATTRIBUTES};"
                    f"INSERT INTO attributes VALUES ('token', '{secrets.token_hex(8)}'); COMMIT;"
                )
            database.execute(_ATTRIBUTES)
            return database
        except (sqlite3.Error, InputError) as error:
            if database is not None:
                database.close()
            if isinstance(error, InputError):
                raise
            raise self._open_error(error) from None

    def _open_error(self, error: sqlite3.Error) -> InputError | StorageError:
        """Return what to raise where SQLite does not open it: see open_error."""
        kind = StorageError if _code(error) in _PASSING else InputError
        return kind(f"{self._title} cannot be used: {_reason(error)}")

    def _check(self, database: sqlite3.Connection) -> None:
        """Raise InputError unless the file is empty or one of this kind and version."""
        empty = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = database.execute("PRAGMA application_id").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if application != self.application_id and not empty:
            raise InputError(
                f"{self._title} is a database of another program: choose another file"
            )
        known = (self.version, *self.upgrades)
        if application == self.application_id and version not in known:
            raise InputError(
                f"{self._title} has version {version}; this filmgauge reads version {self.version}"
            )


def open_error(title: str, error: OSError) -> InputError | StorageError:
    """Return what to raise where the system does not open a file: StorageError for what passes
    without another path."""
    kind = StorageError if error.errno in _PASSING_ERRNO else InputError
    return kind(f"{title} cannot be opened: {error.strerror}")


def _file_id(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None


def _code(error: sqlite3.Error) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _reason(error: sqlite3.Error) -> str:
    if _code(error) in _HELD:
        return f"another program has held it for {_BUSY_S:g} s"
    return str(error)
