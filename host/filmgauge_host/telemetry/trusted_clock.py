"""The wall clock, for what deletes by it: a leap of it is not believed at once.

    clock = TrustedClock(store)
    now_unix_ms = clock.now_ms()        # now and then

A machine without a clock of its own starts with a wrong time, and any clock can be set wrong for a
while. Time that has passed by the wall clock alone counts a day of running later, or not at all
where the clock leaps back meanwhile; across a restart, a pause of more than a day counts as such a
leap.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from filmgauge_host.errors import warn
from filmgauge_host.telemetry.ingest_store import SessionMemory

_LEAP_MS = 60_000
_BELIEVED_MS = 86_400_000  # a leap ahead, after so long without another one
_NAME = (
    "trusted clock"  # of what is remembered: now_ms, and how long a leap has lasted, 0 for none
)
_UNITS = (("days", 86_400_000), ("h", 3_600_000), ("min", 60_000))


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _steady_ms() -> int:
    """Return a time that nobody sets; where the system has one, of a clock that runs in sleep."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return time.monotonic_ns() // 1_000_000


class TrustedClock:
    """Never ahead of the wall clock. memory: what it remembers over a restart.

    wall_ms, steady_ms: the wall clock in Unix ms, and one that is never set. report: is given a
    sentence once for each leap.
    """

    def __init__(
        self,
        memory: SessionMemory,
        wall_ms: Callable[[], int] = _wall_ms,
        steady_ms: Callable[[], int] = _steady_ms,
        report: Callable[[str], None] = warn,
    ) -> None:
        self._memory = memory
        self._read_wall_ms, self._read_steady_ms = wall_ms, steady_ms
        self._report = report
        self._wall_ms, self._steady_ms = wall_ms(), steady_ms()
        self._ahead_ms = 0  # by which the wall clock has leapt
        self._ran_ms = 0  # since then
        self._is_resumed = False

    def now_ms(self) -> int:
        """Return the time to delete by, Unix ms. Raises StorageError."""
        if not self._is_resumed:
            self._resume()
        wall_ms, steady_ms = self._read_wall_ms(), self._read_steady_ms()
        passed_ms = steady_ms - self._steady_ms
        leap_ms = wall_ms - self._wall_ms - passed_ms
        self._wall_ms, self._steady_ms = wall_ms, steady_ms
        self._ran_ms += passed_ms
        if abs(leap_ms) > _LEAP_MS:
            self._ahead_ms = max(0, self._ahead_ms + leap_ms)
            self._ran_ms = 0
            self._report(_sentence(leap_ms))
        elif self._ran_ms >= _BELIEVED_MS:
            self._ahead_ms = 0
        now_ms = wall_ms - self._ahead_ms
        self._memory.set_attribute(_NAME, f"{now_ms} {self._ran_ms if self._ahead_ms else 0}")
        return now_ms

    def _resume(self) -> None:
        text = self._memory.attribute(_NAME)
        self._is_resumed = True
        with suppress(ValueError):
            before_ms, ran_ms = map(int, (text or "").split())
            pause_ms = self._wall_ms - before_ms
            if pause_ms > _BELIEVED_MS:
                self._ahead_ms, self._ran_ms = pause_ms, ran_ms


def _sentence(leap_ms: int) -> str:
    unit, length_ms = next(each for each in _UNITS if abs(leap_ms) >= each[1])
    way = "forward" if leap_ms > 0 else "back"
    return (
        f"the clock of this machine was set {way} by {abs(leap_ms) / length_ms:.0f} {unit}:"
        " no record is deleted for it until it has kept that time for a day"
    )
