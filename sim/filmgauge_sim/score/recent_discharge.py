"""The recent mean current, at which a time to empty is told: by all gauges and by the truth.

An exponential mean with a time constant of one hour,

    m <- m + (i - m) (1 - exp(-dt / 1 h))

so that everybody answers the same question.
"""

from math import expm1

HOUR_S = 3600.0


class RecentMean:
    """Mean current in the unit of what is added; 0 before anything was."""

    def __init__(self) -> None:
        self.current = 0.0

    def add(self, current: float, duration_s: float) -> None:
        """Let a mean current act for a time."""
        self.current -= (current - self.current) * expm1(-duration_s / HOUR_S)


class RecentTruth:
    """The mean of the true current, and whether the cell was discharged throughout the hour."""

    def __init__(self) -> None:
        self._mean = RecentMean()
        self._now_s = self._passed_uah = self._idle_s = 0.0

    def add(self, now_s: float, passed_uah: float, least_ua: float) -> None:
        """Note a sample; a discharge below least_ua is none."""
        duration_s = now_s - self._now_s
        current_ua = (passed_uah - self._passed_uah) / duration_s * HOUR_S
        self._mean.add(current_ua, duration_s)
        self._now_s, self._passed_uah = now_s, passed_uah
        if current_ua > -least_ua:
            self._idle_s = now_s

    def discharge_ua(self) -> float | None:
        """Mean discharge (positive); None unless it lasted throughout the last hour."""
        if self._mean.current >= 0.0 or self._now_s - self._idle_s < HOUR_S:
            return None
        return -self._mean.current
