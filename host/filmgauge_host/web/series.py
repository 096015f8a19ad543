"""The course of one node's values for `/api/nodes/NAME/series`: columns, sampled, with marks."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.web.marks import fault_and_limit_spans, gaps_and_restarts
from filmgauge_host.web.quantities import COLUMNS, QUANTITIES, column_values
from filmgauge_host.web.record_time import RecordTime, Truth
from filmgauge_host.web.sampling import POINTS_MAX, kept_indices

# Whose extremes stay when points are left out: what has sudden changes.
_EXTREMES = ("soc_pct", "available_uah", "voltage_v", "current_ua", "temperature_c")
_FIELDS = {key: name for name, key, _ in QUANTITIES}
_KEY = ("life", "boot", "seq")


class SeriesReader:
    """Reads the course of a node from the store; may be asked from any thread."""

    def __init__(self, store: RecordStore, time: RecordTime, truth: Truth | None = None) -> None:
        self._store = store
        self._time = time
        self._truth = truth

    def read(
        self,
        node: str,
        from_ms: int | None = None,
        to_ms: int | None = None,
        points: int = POINTS_MAX,
        columns: Sequence[str] = COLUMNS,
    ) -> dict[str, Any]:
        """Return what docs/page.md describes. Bounds in Unix ms, None for all there is.

        Raises StorageError when the store cannot be read.
        """
        records = list(self._store.records(node))
        self._time.add(records)
        times = [self._time.ms(received) for received in records]
        gaps, restarts = gaps_and_restarts(records, times)
        spans = fault_and_limit_spans(records, times)
        order = sorted(range(len(records)), key=times.__getitem__)
        times = [times[index] for index in order]
        first = 0 if from_ms is None else bisect_left(times, from_ms)
        end = len(times) if to_ms is None else bisect_right(times, to_ms)
        times = times[first:end]
        records = [records[index] for index in order[first:end]]
        values = [[received.value(_FIELDS[name]) for received in records] for name in _EXTREMES]
        kept = kept_indices(times, values, points)
        begin = times[0] if times and from_ms is None else from_ms
        last = times[-1] if times and to_ms is None else to_ms
        return {
            "node": node,
            "from_ms": begin,
            "to_ms": last,
            "records": len(records),
            "points": len(kept),
            "columns": _columns(records, times, kept, columns),
            "gaps": _within(gaps, "from_ms", "to_ms", begin, last),
            "restarts": _within(restarts, "time_ms", "time_ms", begin, last),
            "events": _within(spans, "from_ms", "to_ms", begin, last),
            "truth": self._true_course(node, begin, last, points),
        }

    def recent(self, node: str, count: int) -> dict[str, list[Any]]:
        """Return time and state of charge of the last `count` records, for a small chart."""
        records = self._store.newest(node, count)
        self._time.add(records)
        pairs = [
            (self._time.ms(received), soc_ppm / 1e4)
            for received in records
            if (soc_ppm := received.value("soc_ppm")) is not None
        ]
        pairs.sort()
        return {
            "time_ms": [time_ms for time_ms, _ in pairs],
            "soc_pct": [soc_pct for _, soc_pct in pairs],
        }

    def _true_course(
        self, node: str, from_ms: int | None, to_ms: int | None, points: int
    ) -> Mapping[str, list[float]] | None:
        course = self._truth.course(node) if self._truth is not None else {}
        if not course:
            return None
        times = course["time_ms"]
        first = 0 if from_ms is None else bisect_left(times, from_ms)
        end = len(times) if to_ms is None else bisect_right(times, to_ms)
        cut = {name: values[first:end] for name, values in course.items()}
        extremes = [cut[name] for name in cut if name in _EXTREMES]
        kept = kept_indices(cut["time_ms"], extremes, points) if end > first else []
        return {name: [values[index] for index in kept] for name, values in cut.items()}


def _columns(
    records: Sequence[ReceivedRecord],
    times: Sequence[int],
    kept: Sequence[int],
    columns: Sequence[str],
) -> dict[str, list[Any]]:
    chosen = [records[index] for index in kept]
    found: dict[str, list[Any]] = {"time_ms": [times[index] for index in kept]}
    for at, name in enumerate(_KEY):
        found[name] = [received.key[at] for received in chosen]
    values = [column_values(received) for received in chosen]
    for name in columns:
        found[name] = [each[name] for each in values]
    return found


def _within(
    marks: Sequence[dict[str, Any]], begin: str, end: str, from_ms: int | None, to_ms: int | None
) -> list[dict[str, Any]]:
    """Return the marks that touch the time asked for; one without an end goes on."""
    return [
        mark
        for mark in marks
        if (to_ms is None or mark[begin] <= to_ms)
        and (from_ms is None or mark[end] is None or mark[end] >= from_ms)
    ]
