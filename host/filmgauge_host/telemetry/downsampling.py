"""Fewer points of a curve, of which the extremes stay: a spike does not vanish.

The span is cut into equal bins. A bin gives two rows, at a quarter and at three quarters of it:
of every quantity the least and the greatest value, the one first that came first, so that what
only rises still rises.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Values: TypeAlias = Sequence[float | None]
Range: TypeAlias = tuple[float, float] | None  # the extreme that came first, and the other one


class Bins:
    """The bins of one span, from_unix_ms to to_unix_ms, that give at most `points` rows of
    `width` quantities. bin_ms: the length of one."""

    def __init__(self, from_unix_ms: int, to_unix_ms: int, points: int, width: int) -> None:
        self._from_unix_ms, self._to_unix_ms = from_unix_ms, to_unix_ms
        bins = max(1, points // 2)
        self.bin_ms = max(1, -(-(to_unix_ms - from_unix_ms) // bins))
        self._width = width
        self._bins: dict[int, list[Range]] = {}

    def add(self, unix_ms: int, values: Values) -> None:
        """Count one reading, None in it for what is not known."""
        self.add_ranges(unix_ms, [None if v is None else (v, v) for v in values])

    def add_ranges(self, unix_ms: int, ranges: Iterable[Range]) -> None:
        """Count what several readings have come to: of each quantity two extremes in turn."""
        at = (unix_ms - self._from_unix_ms) // self.bin_ms
        found = self._bins.setdefault(at, [None] * self._width)
        for index, each in enumerate(ranges):
            if each is not None:
                found[index] = _joined(found[index], each)

    def rows(self) -> list[tuple]:
        """Return (unix_ms, value, ...) in the order of time."""
        rows: list[tuple] = []
        for at, found in sorted(self._bins.items()):
            begin = self._from_unix_ms + at * self.bin_ms
            width_ms = min(self.bin_ms, self._to_unix_ms - begin)  # the last one is cut off
            first, second = ([r and r[k] for r in found] for k in (0, 1))
            rows.append((begin + width_ms // 4, *first))
            if width_ms > 1 and second != first:
                rows.append((begin + 3 * width_ms // 4, *second))
        return rows


def _joined(before: Range, after: tuple[float, float]) -> tuple[float, float]:
    """Return the extremes of two ranges, the second later, in the order in which they came."""
    if before is None:
        return after
    least, greatest = min(*before, *after), max(*before, *after)
    in_turn = [value for value in (*before, *after) if value in (least, greatest)]
    return (least, greatest) if in_turn[0] == least else (greatest, least)
