"""What can be asked of a store, whichever database holds it.

    for received in store.records("bench"):
        ...
    store.series("bench", ["soc_pct", "voltage_v"], from_unix_ms, to_unix_ms, points=800)

The questions are SQL that SQLite and PostgreSQL understand alike, with ? for values.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.ingest_store import Gap
from filmgauge_host.telemetry.received_record import COLUMNS, ReceivedRecord, RecordKey
from filmgauge_host.telemetry.record_columns import columns
from filmgauge_host.telemetry.series import SeriesQuery
from filmgauge_host.telemetry.store_tables import HOUR_MS, SUMMARISED

_PAGE = 1000
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM records WHERE node = ? "
_OF_LIFE = _SELECT + "AND life = ? "
_NEWEST = _OF_LIFE + "ORDER BY boot DESC, seq DESC LIMIT ?"
_PAGE_OF = _OF_LIFE + "AND (boot, seq) > (?, ?) ORDER BY boot, seq LIMIT ?"
_BOOTS = """
SELECT boot, min(first_seq), max(last_seq), sum(number) FROM (
    SELECT boot, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS number
    FROM records WHERE node = ? AND life = ? GROUP BY boot
    UNION ALL
    SELECT boot, first_seq, last_seq, last_seq - first_seq + 1
    FROM removed WHERE node = ? AND life = ?
) AS parts GROUP BY boot ORDER BY boot
"""
# Numbers that are there as ranges; what lies between two of them is missing.
_GAPS = """
SELECT steps.life, steps.boot, steps.before_seq + 1, steps.first_seq - 1 FROM (
    SELECT parts.life, parts.boot, parts.first_seq, lag(
        parts.last_seq, 1, CASE WHEN parts.boot = begins.boot THEN parts.first_seq - 1 ELSE -1 END
    ) OVER (PARTITION BY parts.life, parts.boot ORDER BY parts.first_seq) AS before_seq
    FROM (
        SELECT life, boot, seq AS first_seq, seq AS last_seq FROM records WHERE node = ?
        UNION ALL SELECT life, boot, first_seq, last_seq FROM removed WHERE node = ?
    ) AS parts JOIN (
        SELECT life, min(boot) AS boot FROM (
            SELECT life, boot FROM records WHERE node = ?
            UNION ALL SELECT life, boot FROM removed WHERE node = ?
        ) AS all_boots GROUP BY life
    ) AS begins ON parts.life = begins.life
) AS steps JOIN lives ON lives.node = ? AND lives.life = steps.life
WHERE steps.before_seq < steps.first_seq - 1
ORDER BY lives.number, steps.boot, steps.first_seq
"""
_LAST_REMOVED = (
    "SELECT boot, last_seq FROM removed WHERE node = ? AND life = ? "
    "ORDER BY boot DESC, first_seq DESC LIMIT 1"
)
_CLOCK = "SELECT up_s FROM boots WHERE node = ? AND life = ? AND boot = ?"
_LAST_HOUR = (
    f"SELECT unix_ms, {', '.join(f'{field}_last' for field in SUMMARISED)} FROM hourly "
    "WHERE node = ? ORDER BY unix_ms DESC LIMIT 1"
)
_HOUR = "SELECT {} FROM hourly WHERE node = ? AND unix_ms > ? AND unix_ms < ?"
_HOURS = f"SELECT ({_HOUR.format('min(unix_ms)')}), ({_HOUR.format('max(unix_ms)')})"
_RAW_FROM = "SELECT unix_ms FROM raw_from WHERE node = ?"
_MEASURED = "SELECT unix_ms FROM records WHERE node = ? AND life = ? AND boot = ? AND seq = ?"
_LIFE_SPANS = (
    "SELECT boots.life, min(boots.unix_ms - 1000 * boots.up_s), max(boots.unix_ms) FROM boots "
    "JOIN lives ON lives.node = boots.node AND lives.life = boots.life WHERE boots.node = ? "
    "GROUP BY boots.life, lives.number ORDER BY lives.number"
)
_ANCHORED = "SELECT life, boot FROM boots WHERE node = ? AND is_set = 1"
# The one lower bound: beside a second one SQLite begins each page at that.
_BY_TIME = (
    "FROM records WHERE node = ? AND (unix_ms, life, boot, seq) > (?, ?, ?, ?) AND unix_ms < ? "
    "ORDER BY unix_ms, life, boot, seq LIMIT ?"
)


class StoreReader(ABC):
    """The questions. All raise StorageError where the database does not answer."""

    @property
    @abstractmethod
    def where(self) -> str:
        """Return which store it is, for people."""

    @abstractmethod
    def select(self, sql: str, values: Sequence[object] = ()) -> list[tuple]:
        """Return the rows of a query, in which every ? stands for one of the values."""

    def snapshot(self) -> AbstractContextManager[object]:
        """Return what lets all questions within a `with` see the store as it is now, as far as
        the database can."""
        return nullcontext()

    def token(self) -> str:
        """Return random text that no other store has."""
        return str(self.select("SELECT value FROM attributes WHERE name = 'token'")[0][0])

    def nodes(self) -> list[str]:
        """Return the names of all nodes with records, in order."""
        return [name for (name,) in self.select("SELECT DISTINCT node FROM lives ORDER BY node")]

    def count(self, node: str) -> int:
        """Return the number of stored records of a node."""
        return self.select("SELECT count(*) FROM records WHERE node = ?", (node,))[0][0]

    def newest(self, node: str, limit: int) -> list[ReceivedRecord]:
        """Return up to `limit` records of the newest life or lives with the highest (boot, seq),
        oldest of them first."""
        rows: list[tuple] = []
        for life in reversed(list(self.lives(node))):
            if len(rows) < limit:
                rows += self.select(_NEWEST, (node, life, limit - len(rows)))
        return [ReceivedRecord.from_row(row) for row in reversed(rows)]

    def latest(self, node: str) -> ReceivedRecord | None:
        """Return the newest record, or what is left of it: see IngestStore."""
        found = self.newest(node, 1)
        return found[0] if found else self._latest_removed(node)

    def records(self, node: str) -> Iterator[ReceivedRecord]:
        """Yield all records of a node, life after life and by (boot, seq), a page at a time."""
        for life in self.lives(node):
            at = (-1, -1)
            while True:
                rows = self.select(_PAGE_OF, (node, life, *at, _PAGE))
                page = [ReceivedRecord.from_row(row) for row in rows]
                yield from page
                if len(page) < _PAGE:
                    break
                at = page[-1].key[1:]

    def lives(self, node: str) -> dict[int, bool]:
        """Return the lives of a node, the newest last, and whether each was heard live.

        Of two, the one that was heard live later is newer; one of which only the past has come,
        from a log, is older than the one that sent it.
        """
        found = self.select("SELECT life, live FROM lives WHERE node = ? ORDER BY number", (node,))
        return {life: bool(live) for life, live in found}

    def life_spans(self, node: str) -> list[tuple[int, int, int]]:
        """Return (life, begin, end) of each life, the newest last: when its first boot began and
        when the clock of one was last set, Unix ms."""
        return [
            (int(life), int(begin), int(end))
            for life, begin, end in self.select(_LIFE_SPANS, (node,))
        ]

    def boots(self, node: str, life: int) -> list[tuple[int, int, int, int]]:
        """Return (boot, first seq, last seq, number of records) of each boot of a life, those
        that retention has removed among them."""
        found = self.select(_BOOTS, (node, life, node, life))
        return [(boot, first, last, int(number)) for boot, first, last, number in found]

    def gaps(self, node: str) -> list[Gap]:
        """Return the numbers that are missing of a node: see IngestStore."""
        return [Gap(*row) for row in self.select(_GAPS, (node,) * 5)]

    def raw_from_ms(self, node: str) -> int:
        """Return from when on the records of a node are whole, Unix ms: of what was measured
        before there are but hours and days. 0 where no records are gone by age."""
        found = self.select(_RAW_FROM, (node,))
        return found[0][0] if found else 0

    def summarised_span(
        self, node: str, from_unix_ms: int, to_unix_ms: int
    ) -> tuple[int, int] | None:
        """Return from when on and before when, within a span, there are hours and days of a node
        whose single records are gone by age; None for nowhere."""
        until_ms = min(to_unix_ms, self.raw_from_ms(node))
        if from_unix_ms >= until_ms:
            return None
        within = node, from_unix_ms - HOUR_MS, until_ms
        ((first, last),) = self.select(_HOURS, within * 2)
        if first is None:
            return None
        return max(from_unix_ms, first), min(until_ms, last + HOUR_MS)

    def anchored_boots(self, node: str) -> set[tuple[int, int]]:
        """Return (life, boot) of those whose clock a live record has set."""
        return {(life, boot) for life, boot in self.select(_ANCHORED, (node,))}

    def measured_ms(self, node: str, key: RecordKey) -> int | None:
        """Return when a record was measured, None for one that the store does not have."""
        found = self.select(_MEASURED, (node, *key))
        return found[0][0] if found else None

    def _latest_removed(self, node: str) -> ReceivedRecord | None:
        """Return the last record that retention has removed: what its hour says of it, and how
        long it was up by the clock of its boot."""
        hours = self.select(_LAST_HOUR, (node,))
        for life in reversed(list(self.lives(node))):
            for boot, seq in self.select(_LAST_REMOVED, (node, life)):
                if not hours:
                    return None
                hour_ms, *values = hours[0]
                known = dict(zip(SUMMARISED, values, strict=True))
                known |= {"node": node, "life": life, "boot": boot, "seq": seq}
                for (known["up_s"],) in self.select(_CLOCK, (node, life, boot)):
                    pass
                known |= {"received_unix_ms": hour_ms, "history": 1}
                return ReceivedRecord.from_row(tuple(known.get(name) for name in COLUMNS))
        return None

    def readings(
        self, node: str, fields: Sequence[str], from_unix_ms: int, to_unix_ms: int
    ) -> Iterator[tuple]:
        """Yield (unix_ms, life, boot, seq, field, ...) of a node's records in the order of time,
        a page at a time: measured from from_unix_ms on and before to_unix_ms.

        fields: columns of `records`, in a store's integer units. unix_ms: when it was measured.
        """
        select = f"SELECT {', '.join(('unix_ms', 'life', 'boot', 'seq', *fields))} {_BY_TIME}"
        at = (from_unix_ms, -1, -1, -1)
        while True:
            page = self.select(select, (node, *at, to_unix_ms, _PAGE))
            yield from page
            if len(page) < _PAGE:
                return
            at = page[-1][:4]

    def series(
        self, node: str, names: Sequence[str], from_unix_ms: int, to_unix_ms: int, points: int
    ) -> list[tuple]:
        """Return at most `points` rows (unix_ms, value, ...) in the order of time, the values
        those of `names` (COLUMNS) in their units, None where not known.

        Where there are more records each bin of the span gives its extremes, so that no spike
        vanishes. What is too much or too old for single records comes from hours or days, where
        only SUMMARISED are known. Raises InputError for a name that no record has, or less than 2
        points.
        """
        if points < 2:
            raise InputError(f"points must be 2 or more, not {points}")
        wanted = columns(names)
        if to_unix_ms <= from_unix_ms:
            return []
        return SeriesQuery(self.select, node, wanted).rows(from_unix_ms, to_unix_ms, points)
