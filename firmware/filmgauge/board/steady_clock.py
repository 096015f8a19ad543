"""Time that nobody sets: milliseconds that only ever grow, whatever becomes of the date.

The date is what most ports let run through their sleeps, and what anybody may set: mpremote and
editors do as soon as they connect. So it is believed as far as ticks and the sleep that was asked
for bear it out; beyond that it has leapt, and what was expected has passed. Where ticks run
through the sleeps, nobody asks for it: on an RP2 it stands still meanwhile (uplink/set_date.py).
"""

import time

from filmgauge.compat import const

_MARGIN_MS = const(3000)  # until ticks begin in a boot, and what an instant takes
_DRIFT = const(4)  # a sixteenth: RC oscillators are off by up to 5 %


class SteadyClock:
    """passed_ms: since it began, when it was read last; date_ms: the date then.
    ticks_run: they run through the sleeps of the port, so that only they are believed."""

    def __init__(self, ticks_run=False):
        self._leapt = False
        self.ticks_run = ticks_run
        self.passed_ms = self._asleep_ms = self._early_ms = 0
        self.date_ms = _date_ms()
        self._ticks_ms = time.ticks_ms()

    def now_ms(self) -> int:
        """Return the time since it began."""
        awake_ms = time.ticks_diff(time.ticks_ms(), self._ticks_ms)
        self._ticks_ms = time.ticks_add(self._ticks_ms, awake_ms)
        self.pass_to(awake_ms + self._asleep_ms, self._early_ms, 0)
        self._asleep_ms = self._early_ms = 0
        return self.passed_ms

    def sleeping(self, duration_ms: int, may_end_early: bool = False) -> None:
        """Expect a sleep, in which ticks stand still."""
        if not self.ticks_run:
            self._asleep_ms += duration_ms
            if may_end_early:
                self._early_ms += duration_ms

    def has_leapt(self, last_ms: int) -> bool:
        """Return whether the date has leapt since the last call. It goes on from `last_ms`, which
        has been, where it would be behind: what it was is lost."""
        is_behind = self.now_ms() < last_ms
        if is_behind:
            self.passed_ms = last_ms
        leapt, self._leapt = self._leapt or is_behind, False
        return leapt

    def add_ms(self, passed_ms: int) -> None:
        """Pass a time of which the date alone has told: that is no leap."""
        self.now_ms()
        self.passed_ms += passed_ms
        self._leapt = False

    def pass_to(self, expected_ms: int, early_ms: int, late_ms: int) -> None:
        """Believe the date as far as it is not more than so much beside what is expected."""
        if self.ticks_run:
            self.passed_ms += expected_ms
            self.date_ms += expected_ms
            return
        date_ms = _date_ms()
        passed_ms = date_ms - self.date_ms
        self.date_ms = date_ms
        margin_ms = _MARGIN_MS + (expected_ms >> _DRIFT)
        if not -early_ms - margin_ms <= passed_ms - expected_ms <= late_ms + margin_ms:
            self._leapt = True
            passed_ms = expected_ms
        self.passed_ms += max(0, passed_ms)


def _date_ms():
    return time.time_ns() // 1000000
