"""The tables of a store, alike in SQLite and PostgreSQL (docs/store.md).

Times are Unix milliseconds, integers of a record have the record's own units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from filmgauge_host.telemetry.received_record import COLUMNS, FIELDS

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

# Of these an hour and a day have what a curve needs.
SUMMARISED = (
    *("soc_ppm", "soc_sigma_ppm", "shown_ppm"),
    *("stored_nah", "full_nah", "full_sigma_nah", "available_nah", "available_sigma_nah"),
    *("measured_nah", "booked_nah", "corrected_nah"),
    *("voltage_uv", "current_pa", "temperature_cdeg"),
    *("to_empty_s", "resistance_mohm", "mcycles", "cycles_left"),
)
STATISTICS = ("n", "min", "mean", "max", "last")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. columns: (name, type); each is there, except those that may be unknown.

    Types: text, integer (64 bits), real.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    unknowns: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns."""
        return tuple(name for name, _ in self.columns)

    def sql(self, types: dict[str, str], end: str = "") -> str:
        """Return what makes it, in the words of a database for the types."""
        lines = [
            f"{name} {types[kind]}{'' if name in self.unknowns else ' NOT NULL'}"
            for name, kind in self.columns
        ]
        lines.append(f"PRIMARY KEY ({', '.join(self.key)})")
        return f"CREATE TABLE {self.name} ({', '.join(lines)}){end}"

    def insert(self, values: str = "") -> str:
        """Return what adds a row, with ? for its values."""
        values = values or f"VALUES ({', '.join('?' * len(self.columns))})"
        return f"INSERT INTO {self.name} ({', '.join(self.names)}) {values}"

    def upsert(self) -> str:
        """Return what adds a row, or replaces that of the same key."""
        changed = [f"{name} = excluded.{name}" for name in self.names if name not in self.key]
        keys = ", ".join(self.key)
        return f"{self.insert()} ON CONFLICT ({keys}) DO UPDATE SET {', '.join(changed)}"


def _integers(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "integer") for name in names)


_NODE = (("node", "text"),)
KEY = ("node", "life", "boot", "seq")

# unix_ms: when it was measured, by the host's clock (measurement_time.py)
RECORDS = Table(
    "records",
    (*_NODE, *_integers(*COLUMNS[1:], "unix_ms")),
    KEY,
    frozenset(FIELDS) - set(KEY),
)
# number: lives of a node in the order of time; live: 1 where one has sent more than its past
LIVES = Table("lives", (*_NODE, *_integers("life", "number", "live")), ("node", "life"))
# the node's clock of a boot: unix_ms at up_s, as last set by a live record (is_set) or bounded
BOOTS = Table(
    "boots",
    (*_NODE, *_integers("life", "boot", "up_s", "unix_ms", "is_set")),
    ("node", "life", "boot"),
)
# numbers of records that retention has removed: they are not missing, and come no more
REMOVED = Table(
    "removed",
    (*_NODE, *_integers("life", "boot", "first_seq", "last_seq")),
    ("node", "life", "boot", "first_seq"),
)
# from when on records are whole; before that only hours and days are
RAW_FROM = Table("raw_from", (*_NODE, *_integers("unix_ms")), ("node",))
# hours with records that their row in `hourly` does not have yet
UNSUMMARISED = Table("unsummarised", (*_NODE, *_integers("unix_ms", "marks")), ("node", "unix_ms"))


def _summary(name: str) -> Table:
    columns = [
        (f"{field}_{statistic}", "real" if statistic == "mean" else "integer")
        for field in SUMMARISED
        for statistic in STATISTICS
    ]
    unknowns = {column for column, _ in columns if not column.endswith("_n")}
    rest = _integers("unix_ms", "records")
    return Table(name, (*_NODE, *rest, *columns), ("node", "unix_ms"), frozenset(unknowns))


HOURLY, DAILY = _summary("hourly"), _summary("daily")
TABLES = (RECORDS, LIVES, BOOTS, REMOVED, RAW_FROM, UNSUMMARISED, HOURLY, DAILY)
BY_TIME = "CREATE INDEX records_by_time ON records (node, unix_ms)"


def statements(types: dict[str, str], end: str = "") -> Sequence[str]:
    """Return what makes all tables."""
    return [*(table.sql(types, end) for table in TABLES), BY_TIME]
