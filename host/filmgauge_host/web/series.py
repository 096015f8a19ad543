"""The course of one node's values for `/api/nodes/NAME/series`: columns, sampled, with marks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.telemetry.record_columns import COLUMNS, Column
from filmgauge_host.telemetry.series import reach_ms
from filmgauge_host.telemetry.store_reader import StoreReader
from filmgauge_host.web.life_spans import LifeSpans
from filmgauge_host.web.marks import Moment, fault_and_limit_spans, gaps_and_restarts
from filmgauge_host.web.quantities import COURSES
from filmgauge_host.web.record_time import RecordTime, Truth
from filmgauge_host.web.sampling import POINTS_MAX, kept_indices

_T = TypeVar("_T")
_Row: TypeAlias = tuple[Moment, Sequence[int | None]]

# Beyond so many records a course comes from the store's own down-sampling, which leaves of
# their keys the life.
EXACT_MAX = 20_000
_POINTS_LEAST = 20  # of hours, and of the single records behind them
# Whose extremes stay when points are left out: what has sudden changes.
_EXTREMES = ("soc_pct", "available_uah", "voltage_v", "current_ua", "temperature_c")
_SHAPING = tuple(COLUMNS[name] for name in _EXTREMES)
_KEY = ("life", "boot", "seq")
_COUNT = "SELECT count(*), min(unix_ms), max(unix_ms) FROM records WHERE node = ?"
_RECENT = "SELECT unix_ms, soc_ppm FROM records WHERE node = ? ORDER BY unix_ms DESC LIMIT ?"
_WITHIN = " AND unix_ms >= ? AND unix_ms <= ?"
_RECENT_HOURS = (
    "SELECT unix_ms, soc_ppm_last FROM hourly WHERE node = ? ORDER BY unix_ms DESC LIMIT ?"
)
_FIRST_MS, _LAST_MS = 0, 1 << 60
_CHECKED = 1000  # records between two times that it is asked whether anybody waits for them

Stop: TypeAlias = Callable[[], bool]


class ReadingStoppedError(FilmgaugeError):
    """Nobody waits for the course any more."""


class _Course:
    """Records in the order of time: of each its moment, and the stored values of `columns`, which
    are those that are asked for and those whose extremes stay."""

    def __init__(self, asked: Sequence[Column]) -> None:
        self.columns = tuple(dict.fromkeys((*_SHAPING, *asked)))
        self._asked = asked
        self.moments: list[Moment] = []
        self._values: list[Sequence[int | None]] = []

    @property
    def fields(self) -> list[str]:
        """The names of the values in a store."""
        return [column.field for column in self.columns]

    def load(self, rows: Iterable[_Row]) -> None:
        """Load the records, with the values of `columns`."""
        ordered = sorted(rows, key=lambda row: row[0].time_ms)
        self.moments = [moment for moment, _ in ordered]
        self._values = [values for _, values in ordered]

    def sampled(self, points: int) -> dict[str, list[Any]]:
        """Return the columns that are asked for with at most so many points."""
        times = [moment.time_ms for moment in self.moments]
        shaping = [[row[at] for row in self._values] for at in range(len(_SHAPING))]
        kept = kept_indices(times, shaping, points)
        found: dict[str, list[Any]] = {"time_ms": [times[at] for at in kept]}
        for name in _KEY:
            found[name] = [getattr(self.moments[at], name) for at in kept]
        for column in self._asked:
            position, scale = self.columns.index(column), 10**column.decimals
            values = [self._values[at][position] for at in kept]
            if column.decimals:
                found[column.name] = [None if v is None else v / scale for v in values]
            else:
                found[column.name] = values
        return found


class SeriesReader:
    """Reads the course of a node from the store; may be asked from any thread."""

    def __init__(self, store: StoreReader, time: RecordTime, truth: Truth | None = None) -> None:
        self._store = store
        self._time = time
        self._truth = truth

    def read(
        self,
        node: str,
        from_ms: int | None = None,
        to_ms: int | None = None,
        points: int = POINTS_MAX,
        columns: Sequence[Column] = COURSES,
        stop: Stop = lambda: False,
    ) -> dict[str, Any]:
        """Return what docs/page.md describes. Bounds in Unix ms, None for all there is.

        stop: asked now and then. Raises StorageError when the store cannot be read, and
        ReadingStoppedError once `stop` says so.
        """
        begin = _FIRST_MS if from_ms is None else from_ms
        end = _LAST_MS if to_ms is None else to_ms
        course = _Course(columns)
        raw_from = self._store.raw_from_ms(node)
        if self._truth is not None:
            course.load(_unless(stop, self._simulated(node, course.fields, begin, end)))
            count, moments, sampled = len(course.moments), course.moments, course.sampled(points)
        else:
            count, first, last = self._count(node, begin, end)
            hours = self._store.summarised_span(node, begin, end + 1)
            if count <= EXACT_MAX:
                exact = self._exact(node, course.fields, max(begin, raw_from), end)
                course.load(_unless(stop, exact))
                moments = course.moments
                sampled = self._with_hours(node, hours, course, points, columns)
            else:
                moments = list(_unless(stop, self._moments(node, begin, end)))
                begin = max(begin, hours[0] if hours else first)
                end = min(end, last)
                sampled = self._summarised(node, begin, end, points, columns)
        times = sampled["time_ms"]
        gaps, restarts = gaps_and_restarts(self._in_sequence(node, moments))
        return {
            "node": node,
            "from_ms": from_ms if from_ms is not None or not times else times[0],
            "to_ms": to_ms if to_ms is not None or not times else times[-1],
            "records": count,
            "raw_from_ms": raw_from or None,
            "points": len(times),
            "columns": sampled,
            "gaps": gaps,
            "restarts": restarts,
            "events": fault_and_limit_spans(moments),
            "truth": self._true_course(node, begin, end, points),
        }

    def recent(self, node: str, count: int) -> dict[str, list[Any]]:
        """Return time and state of charge of the last `count` records, of a node that has none
        any more of its last hours, for a small chart."""
        if self._truth is None:
            rows = self._store.select(_RECENT, (node, count))
            rows = rows or self._store.select(_RECENT_HOURS, (node, count))
        else:
            newest = self._store.newest(node, count)
            rows = [(self._time.ms(each), each.value("soc_ppm")) for each in newest]
        pairs = sorted((time_ms, ppm / 1e4) for time_ms, ppm in rows if ppm is not None)
        return {
            "time_ms": [time_ms for time_ms, _ in pairs],
            "soc_pct": [soc_pct for _, soc_pct in pairs],
        }

    def newest_ms(self, node: str) -> int:
        """Return the time of the last record, of one that is gone by age the end of its hour; 0
        without any."""
        if self._truth is not None:
            (newest,) = self._store.newest(node, 1) or (None,)
            return self._time.ms(newest) if newest else 0
        last = self._count(node, _FIRST_MS, _LAST_MS)[2]
        hours = None if last else self._store.summarised_span(node, _FIRST_MS, _LAST_MS)
        return hours[1] - 1 if hours else last

    def _count(self, node: str, begin: int, end: int) -> tuple[int, int, int]:
        """Return how many records there are, and the times of the first and the last."""
        ((count, first, last),) = self._store.select(_COUNT + _WITHIN, (node, begin, end))
        return count, first or 0, last or 0

    def _with_hours(
        self,
        node: str,
        hours: tuple[int, int] | None,
        course: _Course,
        points: int,
        columns: Sequence[Column],
    ) -> dict[str, list[Any]]:
        """Return a course, before it what hours or days have left of the time `hours`, each with
        a part of the points as large as that of the time."""
        if hours is None:
            return course.sampled(points)
        begin, until = hours
        most = points
        if course.moments:
            share = (until - begin) / (course.moments[-1].time_ms + 1 - begin)
            most = min(max(_POINTS_LEAST, round(points * share)), points - _POINTS_LEAST)
        older = self._summarised(node, begin, until - 1, most, columns)
        newer = course.sampled(points - len(older["time_ms"]))
        return {name: older[name] + newer[name] for name in older}

    def _exact(self, node: str, fields: Sequence[str], begin: int, end: int) -> Iterator[_Row]:
        rows = self._store.readings(node, ("faults", "limits", *fields), begin, end + 1)
        return ((Moment(*row[:6]), row[6:]) for row in rows)

    def _moments(self, node: str, begin: int, end: int) -> Iterator[Moment]:
        rows = self._store.readings(node, ("faults", "limits"), begin, end + 1)
        return (Moment(*row) for row in rows)

    def _simulated(self, node: str, fields: Sequence[str], begin: int, end: int) -> Iterator[_Row]:
        """Yield the records of a node by the time of its world."""
        for received in self._store.records(node):
            time_ms = self._time.ms(received)
            if begin <= time_ms <= end:
                words = received.value("faults"), received.value("limits")
                values = [received.value(field) for field in fields]
                yield Moment(time_ms, *received.key, *words), values

    def _summarised(
        self, node: str, begin: int, end: int, points: int, columns: Sequence[Column]
    ) -> dict[str, list[Any]]:
        names = [column.name for column in columns]
        rows = self._store.series(node, names, begin, end + 1, points)
        found: dict[str, list[Any]] = {"time_ms": [row[0] for row in rows]}
        reach = reach_ms(begin, end + 1, points)
        found.update({name: [None] * len(rows) for name in _KEY})
        found["life"] = LifeSpans(self._store, node).lives(found["time_ms"], reach)
        found.update({name: [row[1 + at] for row in rows] for at, name in enumerate(names)})
        return found

    def _in_sequence(self, node: str, moments: Sequence[Moment]) -> list[Moment]:
        """Return the moments life after life and by (boot, seq)."""
        order = {life: number for number, life in enumerate(self._store.lives(node))}
        return sorted(moments, key=lambda each: (order.get(each.life, -1), each.boot, each.seq))

    def _true_course(
        self, node: str, begin: int, end: int, points: int
    ) -> Mapping[str, list[float]] | None:
        course = self._truth.course(node) if self._truth is not None else {}
        if not course:
            return None
        within = [at for at, time_ms in enumerate(course["time_ms"]) if begin <= time_ms <= end]
        cut = {name: [values[at] for at in within] for name, values in course.items()}
        extremes = [cut[name] for name in cut if name in _EXTREMES]
        kept = kept_indices(cut["time_ms"], extremes, points)
        return {name: [values[at] for at in kept] for name, values in cut.items()}


def _unless(stop: Stop, found: Iterable[_T]) -> Iterator[_T]:
    """Yield what is found; raise ReadingStoppedError once `stop` says so."""
    for number, each in enumerate(found):
        if number % _CHECKED == 0 and stop():
            raise ReadingStoppedError("the page closes")
        yield each
