"""Alerts, what waits to be delivered, and what is remembered of nodes: tables in the store's file.

    with AlertLog(Path("records.sqlite")) as log:
        for alert in log.alerts(): ...
        log.acknowledge(17, now_unix_ms)

The monitor writes; another process may acknowledge at any time, which the monitor notices.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import astuple, dataclass
from pathlib import Path

import msgspec

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.alerts.alert import Alert, Transition
from filmgauge_host.telemetry.alerts.node_memory import NodeMemory
from filmgauge_host.telemetry.sqlite_file import SqliteFile
from filmgauge_host.telemetry.store import RecordStore, only_writer

MOST_ID = 2**63 - 1  # of a row of SQLite

# Times are Unix ms. alert_deliveries: what a destination has not confirmed yet.
_TABLES = """
CREATE TABLE IF NOT EXISTS alerts (
    id INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    node TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    text TEXT NOT NULL,
    value REAL,
    raised_unix_ms INTEGER NOT NULL,
    cleared_unix_ms INTEGER,
    acknowledged_unix_ms INTEGER
);
CREATE INDEX IF NOT EXISTS alerts_open ON alerts (id) WHERE cleared_unix_ms IS NULL;
CREATE TABLE IF NOT EXISTS alert_deliveries (
    alert INTEGER NOT NULL,
    transition TEXT NOT NULL,
    destination TEXT NOT NULL,
    PRIMARY KEY (alert, transition, destination)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_nodes (
    node TEXT PRIMARY KEY,
    memory TEXT NOT NULL
) WITHOUT ROWID;
"""
_COLUMNS = (
    "id, rule, node, subject, severity, text, value, raised_unix_ms, cleared_unix_ms,"
    " acknowledged_unix_ms"
)
_PUT = f"""
INSERT INTO alerts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET cleared_unix_ms = excluded.cleared_unix_ms,
    acknowledged_unix_ms = coalesce(acknowledged_unix_ms, excluded.acknowledged_unix_ms)
"""
_KEPT = 10_000  # alerts that are over; older ones are deleted


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    """That a transition of an alert is to reach a destination."""

    alert: int
    transition: Transition
    destination: str


class AlertLog(SqliteFile):
    """The alerts of a store's file, on a connection of its own.

    Raises InputError where there is no store at `path`.
    """

    kind = RecordStore.kind
    application_id = RecordStore.application_id
    version = RecordStore.version

    def __init__(self, path: Path) -> None:
        if not path.is_file() or not path.stat().st_size:
            raise InputError(f"there is no store {path}: filmgauge monitor makes one")
        super().__init__(path)
        with self._access() as database:
            database.executescript(_TABLES)

    def alerts(self, with_cleared: bool = False) -> list[Alert]:
        """Return all alerts that are not over, or all that are kept, the oldest first."""
        where = "" if with_cleared else "WHERE cleared_unix_ms IS NULL"
        query = f"SELECT {_COLUMNS} FROM alerts {where} ORDER BY id"
        with self._access() as database:
            return [Alert(*row) for row in database.execute(query)]

    def alert(self, number: int) -> Alert | None:
        """Return one alert, None where there is none with that id."""
        with self._access() as database:
            query = f"SELECT {_COLUMNS} FROM alerts WHERE id = ?"
            row = database.execute(query, (number,)).fetchone()
            return None if row is None else Alert(*row)

    def last_id(self) -> int:
        """Return the id of the newest alert, 0 for none."""
        with self._access() as database:
            return database.execute("SELECT coalesce(max(id), 0) FROM alerts").fetchone()[0]

    def acknowledge(self, number: int, unix_ms: int) -> bool:
        """Acknowledge an alert; return whether there is one that was not acknowledged yet."""
        query = (
            "UPDATE alerts SET acknowledged_unix_ms = ? WHERE id = ? AND"
            " acknowledged_unix_ms IS NULL"
        )
        with self._access() as database, database:
            return bool(database.execute(query, (unix_ms, number)).rowcount)

    def acknowledged(self) -> dict[int, int]:
        """Return the time of acknowledgement of each alert that is not over and has one."""
        query = (
            "SELECT id, acknowledged_unix_ms FROM alerts"
            " WHERE cleared_unix_ms IS NULL AND acknowledged_unix_ms IS NOT NULL"
        )
        with self._access() as database:
            return dict(database.execute(query).fetchall())

    def memories(self) -> dict[str, NodeMemory]:
        """Return what is remembered of each node."""
        with self._access() as database:
            rows = database.execute("SELECT node, memory FROM alert_nodes").fetchall()
        return {node: msgspec.json.decode(text, type=NodeMemory) for node, text in rows}

    def deliveries(self) -> list[Delivery]:
        """Return what waits to be delivered, in the order of the alerts."""
        query = (
            "SELECT alert, transition, destination FROM alert_deliveries"
            " ORDER BY alert, transition = 'cleared'"
        )
        with self._access() as database:
            return [Delivery(*row) for row in database.execute(query)]

    def write(
        self,
        alerts: Iterable[Alert],
        memories: Mapping[str, NodeMemory | None],
        deliveries: Collection[Delivery],
    ) -> None:
        """Commit new and changed alerts, memories and deliveries together, or nothing.

        memories: None for a node of which nothing is to be remembered.
        """
        kept = [(node, each) for node, each in memories.items() if each is not None]
        rows = [(node, msgspec.json.encode(each).decode()) for node, each in kept]
        forgotten = [(node,) for node, each in memories.items() if each is None]
        with self._access() as database:
            self.check_exists()
            with database:
                database.executemany(_PUT, [astuple(alert) for alert in alerts])
                database.executemany("INSERT OR REPLACE INTO alert_nodes VALUES (?, ?)", rows)
                database.executemany("DELETE FROM alert_nodes WHERE node = ?", forgotten)
                database.executemany(
                    "INSERT OR IGNORE INTO alert_deliveries VALUES (?, ?, ?)",
                    [astuple(each) for each in deliveries],
                )
                self._delete_old(database)

    def delivered(self, delivery: Delivery) -> None:
        """Cross out what has arrived, or was given up."""
        query = (
            "DELETE FROM alert_deliveries WHERE alert = ? AND transition = ? AND destination = ?"
        )
        with self._access() as database, database:
            database.execute(query, astuple(delivery))

    def _delete_old(self, database: sqlite3.Connection) -> None:
        database.execute(
            "DELETE FROM alerts WHERE cleared_unix_ms IS NOT NULL"
            " AND id <= (SELECT max(id) FROM alerts) - ?",
            (_KEPT,),
        )


class LocalAlertLog(AlertLog):
    """The alerts of a monitor whose store is a server's: a file of their own, which is made.

    Raises InUseError where another monitor writes it.
    """

    kind = "alert log"
    application_id = 0x464C4D41  # "FLMA"
    version = 1
    tables = _TABLES

    def __init__(self, path: Path) -> None:
        with ExitStack() as stack:
            stack.enter_context(only_writer(path))
            SqliteFile.__init__(self, path)
            self._opened = stack.pop_all()

    def close(self) -> None:
        """Close the file; it cannot be used afterwards."""
        super().close()
        self._opened.close()


class _ReadLocalAlertLog(AlertLog):
    """The same beside the monitor that writes it."""

    kind = LocalAlertLog.kind
    application_id = LocalAlertLog.application_id
    version = LocalAlertLog.version
    tables = _TABLES


def open_alert_log(path: Path) -> AlertLog:
    """Return the alerts in a file, beside a monitor or without one; raise InputError."""
    is_local = _application_id(path) == LocalAlertLog.application_id
    return _ReadLocalAlertLog(path) if is_local else AlertLog(path)


def _application_id(path: Path) -> int:
    """Return what a database says it is of, 0 for what is none. The header of its file may be
    older: see WAL."""
    if not path.is_file():
        return 0
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            return database.execute("PRAGMA application_id").fetchone()[0]
    except sqlite3.Error:
        return 0
