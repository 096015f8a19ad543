"""When a record was measured, by the host's clock.

A node says how long it has been up; the host knows when a record came. What comes at once sets
the clock of its boot: unix_ms at up_s. What waited, on the node or in the broker, came too late to
set it and is dated by it: between two live records that are far from each other by both, so that
a clock that runs wrong dates right what a node kept while nobody listened.

Whatever came, was measured before: where a record comes too early for the clock, the clock was
wrong, because what had set it had waited too, and what it dated is dated anew. A node's own
numbers are never rewritten.

The host's clock may be wrong as well, which a single record does not show: one that comes before
what came earlier, or later than expected, moves the clock of its boot only where the live records
that follow agree with it.

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
# So many live records over such a time move a clock against what it was set by: what had waited
# comes together, and does not agree over a time.
_AGREEING = 3
_AGREEMENT_S = 600


Quality: TypeAlias = Literal["live", "anchored", "latest"]


def quality(unix_ms: int, received_unix_ms: int, is_live: bool, is_anchored: bool) -> Quality:
    """Return how a record's time is known. live: it came when it was measured; anchored: by the
    clock of its boot, which live records have set; latest: only that it was not later."""
    if is_live and unix_ms == received_unix_ms:
        return "live"
    return "anchored" if is_anchored else "latest"


@dataclass(slots=True)
class Dispute:
    """Live records in a row that contradict a clock, as long as they agree with each other.

    up_s, unix_ms: of the first of them; last_up_s: of the last.
    """

    up_s: int
    unix_ms: int
    last_up_s: int
    records: int = 1

    def agrees(self, up_s: int, unix_ms: int) -> bool:
        """Return whether a record is what the first one makes expect."""
        passed_s = up_s - self.up_s
        return abs(unix_ms - self.unix_ms - 1000 * passed_s) <= _tolerance_ms(passed_s)

    def add(self, up_s: int) -> None:
        """Count a record that agrees, once."""
        if up_s > self.last_up_s:
            self.last_up_s = up_s
            self.records += 1

    @property
    def is_won(self) -> bool:
        """Whether there are enough of them."""
        return self.records >= _AGREEING and self.last_up_s - self.up_s >= _AGREEMENT_S


@dataclass(slots=True)
class BootClock:
    """The clock of one boot. is_set: by a live record; else it is only known to be no later.

    is_set_back, is_set_forward: what it had dated before must be dated anew. dispute: the live
    records that contradict it just now. wrong_from_s: what it stood at, up_s, before it was set
    forward. silences: (up_s, unix_ms) of the live records before and
    behind each of the last long ones.
    """

    up_s: int
    unix_ms: int
    is_set: bool
    is_set_back: bool = False
    is_set_forward: bool = False
    dispute: Dispute | None = None
    wrong_from_s: int = 0
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

    @property
    def is_corrected(self) -> bool:
        """Whether it was set back or forward since what it dates was dated anew."""
        return self.is_set_back or self.is_set_forward

    def tolerance_ms(self, up_s: int) -> int:
        """Return how far from it what is dated by it may be."""
        return _tolerance_ms(up_s - self.up_s)

    def date(self, up_s: int, received_unix_ms: int, is_live: bool) -> int:
        """Return when a record was measured, and set the clock where it can."""
        expected_ms, tolerance_ms = self._expected_ms(up_s), self.tolerance_ms(up_s)
        late_ms = received_unix_ms - expected_ms
        # It is newer than what has set the clock, and yet came before it.
        is_reversed = self.is_set and received_unix_ms < self.unix_ms - _TRANSIT_MS
        if late_ms > tolerance_ms or (late_ms < -tolerance_ms and is_reversed):
            if not (is_live and self._is_outvoted(up_s, received_unix_ms)):
                return expected_ms
        elif is_live:
            self.dispute = None
        if abs(late_ms) > tolerance_ms:
            self.is_set_back |= late_ms < 0
            if late_ms > 0:
                self.is_set_forward, self.wrong_from_s = True, self.up_s
            self.silences.clear()
        elif not is_live:
            return min(expected_ms, received_unix_ms)
        elif self.is_set and up_s - self.up_s >= _SILENCE_S:
            self.silences.append((self.up_s, self.unix_ms, up_s, received_unix_ms))
        self.up_s, self.unix_ms, self.is_set = up_s, received_unix_ms, is_live
        return received_unix_ms

    def _is_outvoted(self, up_s: int, received_unix_ms: int) -> bool:
        """Count a live record that contradicts the clock; return whether enough of them agree."""
        if self.dispute is None or not self.dispute.agrees(up_s, received_unix_ms):
            self.dispute = Dispute(up_s, received_unix_ms, up_s)
            return False
        self.dispute.add(up_s)
        is_won = self.dispute.is_won
        if is_won:
            self.dispute = None
        return is_won

    def _expected_ms(self, up_s: int) -> int:
        for before_s, before_ms, after_s, after_ms in self.silences:
            if before_s <= up_s <= after_s:
                share = (up_s - before_s) / (after_s - before_s)
                return before_ms + round((after_ms - before_ms) * share)
        return self.at(up_s)

    def date_again(self, up_s: int, unix_ms: int, received_unix_ms: int, is_live: bool) -> int:
        """Return when a record was measured that was dated by a clock that was behind; the date
        that it has where that may be right."""
        at_ms = self.at(up_s)
        if unix_ms >= at_ms - _tolerance_ms(up_s - self.wrong_from_s):
            return unix_ms
        is_timely = abs(received_unix_ms - at_ms) <= self.tolerance_ms(up_s)
        return received_unix_ms if is_live and is_timely else at_ms

    def is_misdated(self, up_s: int, unix_ms: int) -> bool:
        """Whether a record was dated before the clock was set back."""
        return unix_ms > self.at(up_s) + self.tolerance_ms(up_s)


def _tolerance_ms(passed_s: int) -> int:
    return _TRANSIT_MS + _DRIFT_PER_MILLE * abs(passed_s)
