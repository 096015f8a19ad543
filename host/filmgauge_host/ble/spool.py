"""What the bridge owes the broker, in one SQLite file: records, and how far each node was read.

    with Spool(path) as spool:
        spool.add("window-1", records, mark=(1, 9))
        for row in spool.waiting(after=0, limit=100): ...
        spool.acknowledge([row.number])

A record is there from the commit of `add` until the broker has acknowledged it, and its number
(boot, seq) until the mark has passed it: so nothing is lost, and nothing is published twice.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from filmgauge.record.record import Record
from filmgauge_host.errors import FilmgaugeError, InputError

_VERSION = 1
_APPLICATION_ID = 0x464C4D53  # "FLMS" in the file header
_BUSY_S = 30.0
_CREATE = """
CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    node TEXT NOT NULL,
    boot INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    live INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    record BLOB NOT NULL,
    UNIQUE (node, boot, seq)
);
CREATE INDEX waiting ON records (number) WHERE NOT acknowledged;
CREATE TABLE nodes (
    node TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    boot INTEGER NOT NULL,
    seq INTEGER NOT NULL
) WITHOUT ROWID;
"""
_INSERT = "INSERT OR IGNORE INTO records (node, boot, seq, live, record) VALUES (?, ?, ?, ?, ?)"
_PASSED = "DELETE FROM records WHERE node = ? AND acknowledged AND (boot, seq) <= (?, ?)"
_NUMBER_MAX = 0xFFFFFFFF


class SpoolError(FilmgaugeError):
    """The spool cannot be read or written just now."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that the broker has not acknowledged. is_live: it was the newest when read."""

    number: int
    node: str
    record: Record
    is_live: bool


class Spool:
    """Safe to call from several threads. Raises InputError for a file that is no spool."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = threading.RLock()
        self._database = _open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            self._database.close()

    def claim(self, node: str, address: str) -> str:
        """Let an address have a name unless it has another; return whose it is."""
        with self._access() as database, database:
            database.execute("INSERT OR IGNORE INTO nodes VALUES (?, ?, 0, 0)", (node, address))
            query = "SELECT address FROM nodes WHERE node = ?"
            return database.execute(query, (node,)).fetchone()[0]

    def give(self, node: str, address: str) -> None:
        """Let an address have a name, whoever had it."""
        with self._access() as database, database:
            database.execute(
                "INSERT INTO nodes VALUES (?, ?, 0, 0) "
                "ON CONFLICT (node) DO UPDATE SET address = excluded.address",
                (node, address),
            )

    def mark(self, node: str) -> tuple[int, int]:
        """Return (boot, seq) up to which everything of a node has been read; (0, 0): nothing."""
        with self._access() as database:
            query = "SELECT boot, seq FROM nodes WHERE node = ?"
            return database.execute(query, (node,)).fetchone() or (0, 0)

    def begin_anew(self, node: str) -> None:
        """Forget the mark and the numbers of a node whose counting has begun anew."""
        with self._access() as database, database:
            database.execute("UPDATE nodes SET boot = 0, seq = 0 WHERE node = ?", (node,))
            database.execute("DELETE FROM records WHERE node = ? AND acknowledged", (node,))

    def add(
        self,
        node: str,
        records: Sequence[Record],
        mark: tuple[int, int] | None = None,
        live: bool = False,
    ) -> int:
        """Commit records and how far the node has now been read; return how many were new."""
        rows = [(node, *each.values()[:2], int(live), each.to_bytes()) for each in records]
        with self._access() as database, database:
            new = sum(database.execute(_INSERT, row).rowcount for row in rows)
            if mark is not None:
                database.execute(
                    "INSERT INTO nodes VALUES (?, '', ?, ?) "
                    "ON CONFLICT (node) DO UPDATE SET boot = excluded.boot, seq = excluded.seq",
                    (node, *mark),
                )
                database.execute(_PASSED, (node, *mark))
        return new

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        """Return records that wait for the broker, in the order of `add`, from a number on."""
        query = (
            "SELECT number, node, record, live FROM records "
            "WHERE NOT acknowledged AND number > ? ORDER BY number LIMIT ?"
        )
        with self._access() as database:
            rows = database.execute(query, (after, limit)).fetchall()
        return [
            Waiting(number, node, Record.from_bytes(data), bool(live))
            for number, node, data, live in rows
        ]

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Note that the broker has them; those that a mark has passed are forgotten."""
        with self._access() as database, database:
            database.executemany(
                "UPDATE records SET acknowledged = 1 WHERE number = ?",
                [(number,) for number in numbers],
            )
            database.execute(
                "DELETE FROM records WHERE acknowledged AND EXISTS (SELECT 1 FROM nodes "
                "WHERE nodes.node = records.node "
                "AND (records.boot, records.seq) <= (nodes.boot, nodes.seq))"
            )

    def count(self) -> int:
        """Return how many records wait for the broker."""
        with self._access() as database:
            query = "SELECT count(*) FROM records WHERE NOT acknowledged"
            return database.execute(query).fetchone()[0]

    def arrived(self, node: str) -> tuple[int, int]:
        """Return (boot, seq) up to which the broker has everything of a node; (0, 0): nothing."""
        mark = self.mark(node)
        query = (
            "SELECT boot, seq FROM records WHERE node = ? AND NOT acknowledged "
            "ORDER BY boot, seq LIMIT 1"
        )
        with self._access() as database:
            first = database.execute(query, (node,)).fetchone()
        if first is None or first > mark:
            return mark
        boot, seq = first
        return (boot, seq - 1) if seq else (max(0, boot - 1), _NUMBER_MAX if boot else 0)

    @contextmanager
    def _access(self) -> Iterator[sqlite3.Connection]:
        with self._mutex:
            try:
                yield self._database
            except sqlite3.Error as error:
                raise SpoolError(f"spool {self.path}: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    """Open or create the file, which only its owner may read."""
    database: sqlite3.Connection | None = None
    try:
        path.touch(mode=0o600)
        database = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
        application = database.execute("PRAGMA application_id").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        empty = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not empty and (application, version) != (_APPLICATION_ID, _VERSION):
            raise InputError(f"{path} is no spool of this filmgauge: choose another file")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        if empty:
            database.executescript(
                f"BEGIN; {_CREATE} PRAGMA application_id = {_APPLICATION_ID};"
                f"PRAGMA user_version = {_VERSION}; COMMIT;"
            )
        return database
    except sqlite3.Error as error:
        if database is not None:
            database.close()
        raise InputError(f"spool {path} cannot be used: {error}") from None
    except OSError as error:
        raise InputError(f"spool {path} cannot be opened: {error.strerror}") from None
    except InputError:
        if database is not None:
            database.close()
        raise
