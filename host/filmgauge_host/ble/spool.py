"""What the bridge owes the broker, in one SQLite file: records, and how far each node was read.

    with Spool(path) as spool:
        spool.add("window-1", records, mark=(life, 1, 9))
        for row in spool.pending(after=0, limit=100): ...
        spool.acknowledge([row.number])

A record is there from the commit of `add` until the broker has acknowledged it, and its key
(life, boot, seq) until the mark has passed it: so nothing is lost, and nothing is published twice.
Beside them are counters that must outlive the bridge: of advertisements that a key has opened, by
their address, and of commands that were sent.
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from filmgauge.record.record import Record
from filmgauge_host.telemetry.received_record import RecordKey, record_key
from filmgauge_host.telemetry.sqlite_file import SqliteFile, open_error

# live: since when the newest record of its node is here, in Unix seconds; 0 of all others.
_PEERS = """
CREATE TABLE commands (node TEXT PRIMARY KEY, sent INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE adverts (
    address TEXT NOT NULL,
    key TEXT NOT NULL,
    counter INTEGER NOT NULL,
    published INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (address, key)
) WITHOUT ROWID;
"""
_TABLES = f"""
CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    node TEXT NOT NULL,
    life INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    live INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    passed INTEGER NOT NULL DEFAULT 0,
    record BLOB NOT NULL,
    UNIQUE (node, life, boot, seq)
);
CREATE INDEX waiting ON records (number) WHERE NOT acknowledged;
CREATE TABLE nodes (
    node TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    life INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    seq INTEGER NOT NULL
) WITHOUT ROWID;
{_PEERS}
"""
_FROM_VERSION_1 = f"""
DROP INDEX waiting;
ALTER TABLE records RENAME TO records_1;
ALTER TABLE nodes RENAME TO nodes_1;
{_TABLES}
INSERT INTO nodes SELECT node, address, 0, boot, seq FROM nodes_1;
INSERT INTO records SELECT number, node, 0, boot, seq, live, acknowledged,
    EXISTS (SELECT 1 FROM nodes WHERE nodes.node = records_1.node
    AND (records_1.boot, records_1.seq) <= (nodes.boot, nodes.seq)), record FROM records_1;
DROP TABLE records_1;
DROP TABLE nodes_1
"""
_INSERT = (
    "INSERT OR IGNORE INTO records (node, life, boot, seq, live, record) VALUES (?, ?, ?, ?, ?, ?)"
)
# The mark goes from life to life as the log does: what it has left is passed in all.
_PASS = (
    "UPDATE records SET passed = 1 WHERE node = ? AND NOT passed "
    "AND (life = ? AND life != ? OR life = ? AND (boot, seq) <= (?, ?))"
)
_DONE = "DELETE FROM records WHERE acknowledged AND passed"
_NUMBER_MAX = 0xFFFFFFFF
_LIVE_S = 60  # what has waited longer is no live value: its node may have reported elsewhere


@dataclass(frozen=True, slots=True)
class SpooledRecord:
    """A record that the broker has not acknowledged. is_live: it was the newest when it was read,
    which is a minute ago at most."""

    number: int
    node: str
    record: Record
    is_live: bool


class Spool(SqliteFile):
    """Safe to call from several threads. Raises InputError for a file that is no spool, and
    StorageError for one that cannot be used just now."""

    kind = "spool"
    application_id = 0x464C4D53  # "FLMS"
    version = 3
    tables = _TABLES
    upgrades: ClassVar = {1: _FROM_VERSION_1, 2: _PEERS}

    def __init__(self, path: Path) -> None:
        try:
            path.touch(mode=0o600)
        except OSError as error:
            raise open_error(f"spool {path}", error) from None
        super().__init__(path)

    def claim_name(self, node: str, address: str) -> str:
        """Let an address have a name unless it has another; return whose it is."""
        with self._access() as database, database:
            database.execute("INSERT OR IGNORE INTO nodes VALUES (?, ?, 0, 0, 0)", (node, address))
            query = "SELECT address FROM nodes WHERE node = ?"
            return database.execute(query, (node,)).fetchone()[0]

    def assign_name(self, node: str, address: str) -> None:
        """Let an address have a name, whoever had it."""
        with self._access() as database, database:
            database.execute(
                "INSERT INTO nodes VALUES (?, ?, 0, 0, 0) "
                "ON CONFLICT (node) DO UPDATE SET address = excluded.address",
                (node, address),
            )

    def advert_counter(self, address: str, key: bytes) -> int | None:
        """Return the counter of the last encrypted advertisement that a key has opened, None for
        none."""
        with self._access() as database:
            query = "SELECT counter FROM adverts WHERE address = ? AND key = ?"
            found = database.execute(query, (address, _print_of(key))).fetchone()
            return found[0] if found else None

    def save_advert_counter(self, address: str, key: bytes, counter: int) -> None:
        """Keep the counter of an encrypted advertisement that a key has opened."""
        with self._access() as database, database:
            database.execute(
                "INSERT INTO adverts (address, key, counter) VALUES (?, ?, ?) "
                "ON CONFLICT (address, key) DO UPDATE SET counter = excluded.counter",
                (address, _print_of(key), counter),
            )

    def published_advert(self, address: str, key: bytes) -> int:
        """Return the counter of the last encrypted advertisement that became a record, 0 for
        none."""
        with self._access() as database:
            query = "SELECT published FROM adverts WHERE address = ? AND key = ?"
            found = database.execute(query, (address, _print_of(key))).fetchone()
            return found[0] if found else 0

    def mark_advert_published(self, address: str, key: bytes, counter: int) -> None:
        """Keep that an encrypted advertisement has become a record."""
        with self._access() as database, database:
            database.execute(
                "UPDATE adverts SET published = ? WHERE address = ? AND key = ?",
                (counter, address, _print_of(key)),
            )

    def commands_sent(self, node: str) -> int:
        """Return how many commands have been sent to a node from here."""
        with self._access() as database:
            query = "SELECT sent FROM commands WHERE node = ?"
            found = database.execute(query, (node,)).fetchone()
            return found[0] if found else 0

    def count_command(self, node: str) -> None:
        """Count a command that is about to be sent."""
        with self._access() as database, database:
            database.execute(
                "INSERT INTO commands VALUES (?, 1) "
                "ON CONFLICT (node) DO UPDATE SET sent = sent + 1",
                (node,),
            )

    def mark(self, node: str) -> RecordKey:
        """Return (life, boot, seq) up to which everything of a node has been read; zeros for
        nothing."""
        with self._access() as database:
            query = "SELECT life, boot, seq FROM nodes WHERE node = ?"
            return database.execute(query, (node,)).fetchone() or (0, 0, 0)

    def reset_mark(self, node: str) -> None:
        """Forget the mark and the numbers of a node whose counting has begun anew."""
        with self._access() as database, database:
            database.execute(
                "UPDATE nodes SET life = 0, boot = 0, seq = 0 WHERE node = ?", (node,)
            )
            database.execute("DELETE FROM records WHERE node = ? AND acknowledged", (node,))

    def add(
        self,
        node: str,
        records: Sequence[Record],
        mark: RecordKey | None = None,
        live: bool = False,
    ) -> int:
        """Commit records and how far the node has now been read; return how many were new.

        live: they are the newest of the node.
        """
        since_s = int(time.time()) if live else 0
        rows = [(node, *record_key(each), since_s, each.to_bytes()) for each in records]
        with self._access() as database, database:
            new = sum(database.execute(_INSERT, row).rowcount for row in rows)
            if mark is not None:
                before = self.mark(node)
                database.execute(
                    "INSERT INTO nodes VALUES (?, '', ?, ?, ?) ON CONFLICT (node) DO UPDATE "
                    "SET life = excluded.life, boot = excluded.boot, seq = excluded.seq",
                    (node, *mark),
                )
                database.execute(_PASS, (node, before[0], mark[0], *mark))
                database.execute(_DONE)
        return new

    def pending(self, after: int, limit: int) -> list[SpooledRecord]:
        """Return records that wait for the broker, in the order of `add`, from a number on."""
        query = (
            "SELECT number, node, record, live FROM records "
            "WHERE NOT acknowledged AND number > ? ORDER BY number LIMIT ?"
        )
        with self._access() as database:
            rows = database.execute(query, (after, limit)).fetchall()
        now_s = time.time()
        return [
            SpooledRecord(number, node, Record.from_bytes(data), abs(now_s - since_s) <= _LIVE_S)
            for number, node, data, since_s in rows
        ]

    def live_nodes(self) -> set[str]:
        """Return the nodes of which a live record waits for the broker."""
        query = "SELECT DISTINCT node FROM records WHERE NOT acknowledged AND abs(? - live) <= ?"
        with self._access() as database:
            return {node for (node,) in database.execute(query, (time.time(), _LIVE_S))}

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Mark records as delivered; those that the read mark has passed are forgotten."""
        with self._access() as database, database:
            database.executemany(
                "UPDATE records SET acknowledged = 1 WHERE number = ?",
                [(number,) for number in numbers],
            )
            database.execute(_DONE)

    def count(self) -> int:
        """Return how many records wait for the broker."""
        with self._access() as database:
            query = "SELECT count(*) FROM records WHERE NOT acknowledged"
            return database.execute(query).fetchone()[0]

    def acknowledged_to(self, node: str) -> RecordKey:
        """Return (life, boot, seq) up to which the broker has everything of a node; zeros for
        nothing, also while something of an earlier life waits."""
        mark = self.mark(node)
        query = (
            "SELECT life, boot, seq FROM records WHERE node = ? AND NOT acknowledged AND passed "
            "ORDER BY life = ?, boot, seq LIMIT 1"
        )
        with self._access() as database:
            first = database.execute(query, (node, mark[0])).fetchone()
        if first is None:
            return mark
        life, boot, seq = first
        if life != mark[0]:
            return 0, 0, 0
        if seq:
            return life, boot, seq - 1
        return life, max(0, boot - 1), _NUMBER_MAX if boot else 0


def _print_of(key: bytes) -> str:
    """Return what knows a key again and does not give it away."""
    return hashlib.sha256(key).hexdigest()[:16]
