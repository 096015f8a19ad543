"""Which records of a node arrived, and which are missing: gaps and duplicates.

Within a boot `seq` grows by one from record to record, so every number between the lowest and
the highest received must arrive, late ones from the backlog included. After a new boot `seq`
may start anywhere. Intervals are kept, not numbers: a node that loses nothing costs one pair.

    tracker = SequenceTracker()
    tracker.add(1, 7), tracker.add(1, 9)
    assert tracker.missing == 1  # seq 8 of boot 1
"""

from bisect import bisect_right
from collections.abc import Iterable


class SequenceTracker:
    """Numbers received from one node, over all its boots.

    stored: closed intervals (boot, first, last) that were received before, for example those
    in the store; gaps between them are `missing_earlier` and are not blamed on this run.
    """

    def __init__(self, stored: Iterable[tuple[int, int, int]] = ()):
        self._boots: dict[int, _Intervals] = {}
        self._bounds: dict[int, tuple[int, int]] = {}
        self.duplicated = 0
        for boot, first, last in sorted(stored):
            self._boots.setdefault(boot, _Intervals()).append(first, last)
        for boot, intervals in self._boots.items():
            self._bounds[boot] = intervals.bounds()
        self.missing = sum(intervals.missing() for intervals in self._boots.values())
        self.missing_earlier = self.missing

    def add(self, boot: int, seq: int) -> bool:
        """Count a received record; return False, and count it, when it was there already."""
        intervals = self._boots.setdefault(boot, _Intervals())
        before = intervals.missing()
        if not intervals.add(seq):
            self.duplicated += 1
            return False
        self.missing += intervals.missing() - before
        first, last = self._bounds.get(boot, (0, -1))
        if first <= seq <= last:
            self.missing_earlier -= 1
        return True


class _Intervals:
    """A set of integers as sorted, disjoint, non-adjacent closed intervals."""

    def __init__(self) -> None:
        self._first: list[int] = []
        self._last: list[int] = []
        self._count = 0

    def append(self, first: int, last: int) -> None:
        """Add an interval that lies above all others and does not touch them."""
        self._first.append(first)
        self._last.append(last)
        self._count += last - first + 1

    def bounds(self) -> tuple[int, int]:
        return self._first[0], self._last[-1]

    def missing(self) -> int:
        if not self._first:
            return 0
        return self._last[-1] - self._first[0] + 1 - self._count

    def add(self, number: int) -> bool:
        """Add one number; return False when it was in the set."""
        at = bisect_right(self._first, number)  # intervals before `at` start at or below number
        if at and number <= self._last[at - 1]:
            return False
        self._count += 1
        joins_left = at > 0 and self._last[at - 1] == number - 1
        joins_right = at < len(self._first) and self._first[at] == number + 1
        if joins_left and joins_right:
            self._last[at - 1] = self._last.pop(at)
            del self._first[at]
        elif joins_left:
            self._last[at - 1] = number
        elif joins_right:
            self._first[at] = number
        else:
            self._first.insert(at, number)
            self._last.insert(at, number)
        return True
