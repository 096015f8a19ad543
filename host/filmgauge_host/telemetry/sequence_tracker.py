"""Counts what is missing among the numbers that a node gives its records."""

from collections.abc import Iterable, Sequence

from filmgauge_host.telemetry.ingest_store import Gap


class SequenceTracker:
    """How many records of one life of a node are missing.

    Within a boot `seq` grows by one from record to record, so every number between the lowest
    and the highest received must arrive, late ones from the backlog included. A boot begins at 0;
    only of the lowest that was received the beginning may have come before anybody listened.
    Only ends and counts are kept: the store knows the numbers.

    stored: (boot, first, last, count) of what was received before; what is missing there is
    `missing_earlier` and not blamed on this run.
    """

    def __init__(self, stored: Iterable[tuple[int, int, int, int]] = ()) -> None:
        self._load(stored)
        self._earlier = {
            boot: (self._begin(boot), last) for boot, (_, last, _) in self._boots.items()
        }
        self.missing_earlier = self.missing

    def is_counted(self, boot: int, seq: int) -> bool | None:
        """Return whether a number is among those that are there; None where counts do not say
        which are missing."""
        first, last, count = self._boots.get(boot, (0, -1, 0))
        if not first <= seq <= last:
            return False
        return True if count == last - first + 1 else None

    def renew(self, stored: Iterable[tuple[int, int, int, int]], gaps: Sequence[Gap]) -> None:
        """Count anew by what the store has and lacks of this life. gaps: may be left out where
        nothing was missing earlier."""
        self._load(stored)
        self.missing_earlier = min(self.missing, sum(map(self._earlier_in, gaps)))

    def add(self, boot: int, seq: int) -> None:
        """Count a record whose number was not received before."""
        first, last, count = self._boots.get(boot, (0, -1, 0))
        if count and seq == last + 1:  # as nearly all of them come
            self._boots[boot] = (first, seq, count + 1)
            return
        self.missing -= self._missing(boot)
        if self._lowest is None or boot < self._lowest:
            before, self._lowest = self._lowest, boot
            if before is not None:
                self.missing += self._boots[before][0]
        first, last, count = self._boots.get(boot, (seq, seq, 0))
        self._boots[boot] = (min(first, seq), max(last, seq), count + 1)
        self.missing += self._missing(boot)
        first, last = self._earlier.get(boot, (0, -1))
        self.missing_earlier -= first <= seq <= last

    def _load(self, stored: Iterable[tuple[int, int, int, int]]) -> None:
        self._boots = {boot: (first, last, count) for boot, first, last, count in stored}
        self._lowest = min(self._boots, default=None)
        self.missing = sum(map(self._missing, self._boots))

    def _begin(self, boot: int) -> int:
        return self._boots[boot][0] if boot == self._lowest else 0

    def _earlier_in(self, gap: Gap) -> int:
        first, last = self._earlier.get(gap.boot, (0, -1))
        return max(0, min(last, gap.last) - max(first, gap.first) + 1)

    def _missing(self, boot: int) -> int:
        if boot not in self._boots:
            return 0
        _, last, count = self._boots[boot]
        return last - self._begin(boot) + 1 - count
