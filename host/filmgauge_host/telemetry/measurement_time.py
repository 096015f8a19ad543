"""When a record was measured, by the host's clock.

A node says how long it has been up; the host knows when a record came. What comes at once sets
the clock of its boot: unix_ms at up_s. What waited, on the node or in the broker, came too late to
set it and is dated by it: between two live records that are far from each other by both, so that
a clock that runs wrong dates right what a node kept while nobody listened.

Whatever came, was measured before: where a record comes too early for the clock, the clock was
wrong, because what had set it had waited too, and what it dated is dated anew. A node's own
numbers are never rewritten.

    clock = BootClock.first(up_s, received_unix_ms, is_live)
    unix_ms = clock.date(up_s, received_unix_ms, is_live)
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

# What a node's clock may be wrong by, and what a message takes that nobody held up: assumed, five
# times what a calibrated RC oscillator does (esp32) and a slow join of a network.
_DRIFT_PER_MILLE = 20
_TRANSIT_MS = 2000
# Two live records so far from each other date what comes later of the time between them.
_SILENCE_S = 600
_SILENCES = 16


Quality: TypeAlias = Literal["live", "anchored", "latest"]


def quality(unix_ms: int, received_unix_ms: int, is_live: bool, is_anchored: bool) -> Quality:
    """Return how a record's time is known. live: it came when it was measured; anchored: by the
    clock of its boot, which live records have set; latest: only that it was not later."""
    if is_live and unix_ms == received_unix_ms:
        return "live"
    return "anchored" if is_anchored else "latest"


@dataclass(slots=True)
class BootClock:
    """The clock of one boot. is_set: by a live record; else it is only known to be no later.

    is_corrected: that it was set back, and so what it had dated before must be dated anew.
    silences: (up_s, unix_ms) of the live records before and behind each of the last long ones.
    """

    up_s: int
    unix_ms: int
    is_set: bool
    is_corrected: bool = False
    silences: deque[tuple[int, int, int, int]] = field(
        default_factory=lambda: deque(maxlen=_SILENCES)
    )

    @classmethod
    def first(cls, up_s: int, received_unix_ms: int, is_live: bool) -> "BootClock":
        """Begin with what is known first of a boot."""
        return cls(up_s, received_unix_ms, is_live)

    def at(self, up_s: int) -> int:
        """Return the Unix time in ms at a time of the boot."""
        return self.unix_ms + 1000 * (up_s - self.up_s)

    def tolerance_ms(self, up_s: int) -> int:
        """Return how far from it what is dated by it may be."""
        return _TRANSIT_MS + _DRIFT_PER_MILLE * abs(up_s - self.up_s)

    def date(self, up_s: int, received_unix_ms: int, is_live: bool) -> int:
        """Return when a record was measured, and set the clock where it can."""
        expected_ms, tolerance_ms = self._expected_ms(up_s), self.tolerance_ms(up_s)
        late_ms = received_unix_ms - expected_ms
        if late_ms > tolerance_ms:
            return expected_ms
        if late_ms < -tolerance_ms:
            self.is_corrected = True
            self.silences.clear()
        elif not is_live:
            return min(expected_ms, received_unix_ms)
        elif self.is_set and up_s - self.up_s >= _SILENCE_S:
            self.silences.append((self.up_s, self.unix_ms, up_s, received_unix_ms))
        self.up_s, self.unix_ms, self.is_set = up_s, received_unix_ms, is_live
        return received_unix_ms

    def _expected_ms(self, up_s: int) -> int:
        for before_s, before_ms, after_s, after_ms in self.silences:
            if before_s <= up_s <= after_s:
                share = (up_s - before_s) / (after_s - before_s)
                return before_ms + round((after_ms - before_ms) * share)
        return self.at(up_s)

    def is_misdated(self, up_s: int, unix_ms: int) -> bool:
        """Whether a record was dated before the clock was corrected."""
        return unix_ms > self.at(up_s) + self.tolerance_ms(up_s)
