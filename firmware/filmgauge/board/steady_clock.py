"""Time that nobody sets: milliseconds that only ever grow, whatever becomes of the date.

The date is what ports let run through their sleeps, and what anybody may set: mpremote and editors
do as soon as they connect. So it is believed as far as ticks and the sleep that was asked for bear
it out; beyond that it has leapt, and what was expected has passed.
"""

import struct
import time

from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, seal, unseal

_MARGIN_MS = const(3000)  # until ticks begin in a boot, and what an instant takes
_DRIFT = const(4)  # a sixteenth: RC oscillators are off by up to 5 %
_LONGEST_WAKE_MS = const(600000)  # that a reset can have ended
_FORMAT = const("<QqI")
_SIZE = const(20)
BLOCK = const(32)  # with its seal


class SteadyClock:
    """ticks_run: they run through the sleeps of the port, so that only they are believed."""

    def __init__(self, ticks_run=False):
        self._leapt = False
        self._ticks_run = ticks_run
        self._now_ms = self._asleep_ms = self._early_ms = 0
        self._date_ms = _date_ms()
        self._ticks_ms = time.ticks_ms()

    def now_ms(self) -> int:
        """Return the time since it began."""
        awake_ms = time.ticks_diff(time.ticks_ms(), self._ticks_ms)
        self._ticks_ms = time.ticks_add(self._ticks_ms, awake_ms)
        self._pass(awake_ms + self._asleep_ms, self._early_ms, 0)
        self._asleep_ms = self._early_ms = 0
        return self._now_ms

    def sleeping(self, duration_ms: int, may_end_early: bool = False) -> None:
        """Expect a sleep, in which ticks stand still."""
        if not self._ticks_run:
            self._asleep_ms += duration_ms
            if may_end_early:
                self._early_ms += duration_ms

    def has_leapt(self, last_ms: int) -> bool:
        """Return whether the date has leapt since the last call. It goes on from `last_ms`, which
        has been, where it would be behind: what it was is lost."""
        is_behind = self.now_ms() < last_ms
        if is_behind:
            self._now_ms = last_ms
        leapt, self._leapt = self._leapt or is_behind, False
        return leapt

    def seal_into(self, buffer, asked_ms: int) -> None:
        """Write what goes on after a boot into BLOCK bytes; `asked_ms`: the sleep before it."""
        now_ms = self.now_ms()
        struct.pack_into(_FORMAT, buffer, HEAD_SIZE, now_ms, self._date_ms, asked_ms)
        seal(buffer, _SIZE, 0)

    def go_on(self, block, has_slept: bool) -> None:
        """Go on from such a block, if it is whole. Unless the sleep came to its end, the board
        was reset some time before, or in the wake after it."""
        if unseal(block, _SIZE) is None:
            return
        self._now_ms, self._date_ms, asked_ms = struct.unpack_from(_FORMAT, block, HEAD_SIZE)
        early_ms = late_ms = 0
        if not has_slept:
            early_ms, late_ms = asked_ms, _LONGEST_WAKE_MS
        self._ticks_ms = time.ticks_ms()  # which began with the boot
        self._pass(self._ticks_ms + asked_ms, early_ms, late_ms)

    def _pass(self, expected_ms, early_ms, late_ms):
        date_ms = _date_ms()
        passed_ms = date_ms - self._date_ms
        self._date_ms = date_ms
        margin_ms = _MARGIN_MS + (expected_ms >> _DRIFT)
        if not -early_ms - margin_ms <= passed_ms - expected_ms <= late_ms + margin_ms:
            self._leapt = True
            passed_ms = expected_ms
        self._now_ms += expected_ms if self._ticks_run else max(0, passed_ms)


def _date_ms():
    return time.time_ns() // 1000000
