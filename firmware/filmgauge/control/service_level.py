"""What a node still does as its cell runs low: four levels of service.

A level begins when what is left of the charge falls below its threshold, and ends when it is
above by a hysteresis. Limits ask for a level of their own at once.
"""

from filmgauge.compat import const
from filmgauge.control.limits import (
    FAULT,
    LIMIT,
    OVER_DISCHARGE,
    TOO_COLD,
    TOO_WARM,
    UNDER_VOLTAGE,
    WARNING,
)

ALL = const(0)  # everything
SAVING = const(1)  # reports less often
QUIET = const(2)  # samples, but does not report
HIBERNATE = const(3)  # wakes as seldom as it can

_BEGINS_PPM = const((300000, 150000, 50000))  # assumed: of the full charge
_HYSTERESIS_PPM = const(50000)
_SELDOM = const(4)  # reports at SAVING: one in so many
_HIBERNATING = const(6)  # wakes at HIBERNATE: one in so many
_LIMITING = (UNDER_VOLTAGE, OVER_DISCHARGE, TOO_COLD, TOO_WARM)
SIZE = const(1)


class ServiceLevel:
    """`level` is what the node still does."""

    def __init__(self):
        self._by_charge = ALL
        self.level = ALL

    def update(self, left_ppm: "int | None", limits) -> int:
        """Decide on the level. `left_ppm` is what is left for certain: the charge less its sigma
        over the full charge, None when nobody knows."""
        if left_ppm is not None:
            while self._by_charge < HIBERNATE and left_ppm < _BEGINS_PPM[self._by_charge]:
                self._by_charge += 1
            while self._by_charge > ALL and (
                left_ppm >= _BEGINS_PPM[self._by_charge - 1] + _HYSTERESIS_PPM
            ):
                self._by_charge -= 1
        asked = _asked(limits)
        self.level = asked if asked > self._by_charge else self._by_charge
        return self.level

    def report_every(self, wakes: int) -> int:
        """Return the wakes from one report to the next, 0 for none, where `wakes` are usual."""
        if self.level >= QUIET:
            return 0
        return wakes * _SELDOM if self.level == SAVING else wakes

    def period(self, duration_ms: int) -> int:
        """Return the time from wake to wake where `duration_ms` is usual."""
        return duration_ms * _HIBERNATING if self.level == HIBERNATE else duration_ms

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        buffer[offset] = self._by_charge | self.level << 2

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self._by_charge, self.level = buffer[offset] & 3, buffer[offset] >> 2 & 3


def _asked(limits):
    worst = 0
    for i in range(len(_LIMITING)):
        level = limits.level(_LIMITING[i])
        if level > worst:
            worst = level
    if worst == FAULT:
        return HIBERNATE
    if worst == LIMIT:
        return QUIET
    return SAVING if limits.level(OVER_DISCHARGE) == WARNING else ALL
