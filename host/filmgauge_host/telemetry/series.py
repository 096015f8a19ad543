"""A curve of a node with few points, from single records, hours or days, whichever will do.

rows = SeriesQuery(store.select, "bench", columns(["soc_pct"])).rows(begin_ms, end_ms, 800)
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from filmgauge_host.telemetry.downsampling import Bins, Range
from filmgauge_host.telemetry.record_columns import Column
from filmgauge_host.telemetry.store_tables import DAY_MS, HOUR_MS, SUMMARISED
from filmgauge_host.telemetry.summary import QuantitySummary

Select: TypeAlias = Callable[[str, Sequence[object]], list[tuple]]

_MOST = 20_000  # records that are read for one curve
_HOURS_MOST = 2200  # hours of one: of more than a quarter of a year the days will do
_SPAN = "WHERE node = ? AND unix_ms >= ? AND unix_ms < ?"
_COUNT = f"SELECT count(*) FROM (SELECT 1 FROM records {_SPAN} LIMIT {_MOST + 1}) AS found"
_MARKED = f"SELECT unix_ms FROM unsummarised {_SPAN} ORDER BY unix_ms"
_RAW_FROM = "SELECT coalesce(max(unix_ms), 0) FROM raw_from WHERE node = ?"


def reach_ms(from_ms: int, to_ms: int, points: int) -> int:
    """Return how far from the time of a row, at most, that was measured of which it tells."""
    return Bins(from_ms, to_ms, points, 0).bin_ms + _step_ms(from_ms, to_ms)


class SeriesQuery:
    """Curves of some columns of one node. Raises what `select` raises.

    From hours and days come those of SUMMARISED; of the others nothing is known there.
    """

    def __init__(self, select: Select, node: str, wanted: Sequence[Column]) -> None:
        self._select = select
        self._node = node
        self._wanted = wanted
        self._fields = [each.field for each in wanted]
        self._summarised = [each for each in wanted if each.field in SUMMARISED]

    def rows(self, from_ms: int, to_ms: int, points: int) -> list[tuple]:
        """Return at most `points` rows (unix_ms, value, ...): see StoreReader.series."""
        bins = Bins(from_ms, to_ms, points, len(self._wanted))
        raw_from_ms = self._select(_RAW_FROM, (self._node,))[0][0]
        begin_ms = min(max(from_ms, raw_from_ms), to_ms)
        if self._select(_COUNT, (self._node, begin_ms, to_ms))[0][0] > _MOST:
            begin_ms = to_ms
        if from_ms < begin_ms:
            self._add_summaries(bins, from_ms, begin_ms)
        records = list(self._records(begin_ms, to_ms))
        if from_ms >= begin_ms and len(records) <= points:
            return records
        for unix_ms, *values in records:
            bins.add(unix_ms, values)
        return bins.rows()

    def _records(self, from_ms: int, to_ms: int) -> Iterator[tuple]:
        """Yield (unix_ms, value, ...) of every record."""
        if to_ms <= from_ms:
            return
        columns = ", ".join(("unix_ms", *self._fields))
        order = "ORDER BY unix_ms, life, boot, seq"
        found = self._select(
            f"SELECT {columns} FROM records {_SPAN} {order}", (self._node, from_ms, to_ms)
        )
        for unix_ms, *values in found:
            numbers = (c.number(v) for c, v in zip(self._wanted, values, strict=True))
            yield (unix_ms, *numbers)

    def _add_summaries(self, bins: Bins, from_ms: int, to_ms: int) -> None:
        """Add hours, or days where those are too many; records where an hour has not all."""
        step_ms = _step_ms(from_ms, to_ms)
        table = "daily" if step_ms == DAY_MS else "hourly"
        begin_ms = from_ms // step_ms * step_ms
        marked = [row[0] for row in self._select(_MARKED, (self._node, begin_ms, to_ms))]
        found: list[tuple[int, list[Range]]] = []
        for span_ms, until_ms in _joined(marked):
            rows = self._records(max(from_ms, span_ms), min(to_ms, until_ms))
            found += ((at, [v if v is None else (v, v) for v in values]) for at, *values in rows)
        for unix_ms, ranges in self._summaries(table, begin_ms, to_ms):
            middle_ms = min(max(unix_ms + step_ms // 2, from_ms), to_ms - 1)
            found.append((middle_ms, ranges))
        for unix_ms, ranges in sorted(found, key=lambda each: each[0]):
            bins.add_ranges(unix_ms, ranges)

    def _summaries(
        self, table: str, from_ms: int, to_ms: int
    ) -> Iterator[tuple[int, list[Range]]]:
        columns = ["unix_ms"]
        for each in self._summarised:
            columns += [f"{each.field}_{name}" for name in ("n", "min", "mean", "max", "last")]
        found = self._select(
            f"SELECT {', '.join(columns)} FROM {table} {_SPAN} ORDER BY unix_ms",
            (self._node, from_ms, to_ms),
        )
        for unix_ms, *values in found:
            known = {
                column.field: _scaled(column, QuantitySummary(*values[5 * at : 5 * at + 5]).range)
                for at, column in enumerate(self._summarised)
            }
            yield unix_ms, [known.get(field) for field in self._fields]


def _step_ms(from_ms: int, to_ms: int) -> int:
    """Return the length of a summary: of too many hours the days."""
    return DAY_MS if to_ms - from_ms > _HOURS_MOST * HOUR_MS else HOUR_MS


def _joined(hours: Iterable[int]) -> list[tuple[int, int]]:
    """Return hours in order as spans without a pause."""
    spans: list[tuple[int, int]] = []
    for hour_ms in hours:
        since_ms = spans.pop()[0] if spans and spans[-1][1] == hour_ms else hour_ms
        spans.append((since_ms, hour_ms + HOUR_MS))
    return spans


def _scaled(column: Column, extremes: Range) -> Range:
    if extremes is None:
        return None
    first, second = (column.number(value) for value in extremes)
    return None if first is None or second is None else (first, second)
