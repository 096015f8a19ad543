"""Pauses of a logger while a current flowed: what passed then is not known from the currents."""

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab.cyclers.recording import REST_SHARE

Numbers = NDArray[np.float64]
Rows = NDArray[np.intp]

# A pause is so many times as long as every other of so many on either side. Cyclers log by time,
# by change of the voltage or by both: an interval much longer than all around it is neither.
_TIMES_LONGER = 10.0
_NEIGHBOURS = 3
_SAME_CURRENT = 0.1


def find_gaps(
    time: Numbers, current: Numbers, step: Numbers | None, times_longer: float = _TIMES_LONGER
) -> Rows:
    """The rows before which the logger paused inside a step in which a current flowed.

    A step begins where it is counted anew, or else where the current changes.
    """
    if len(time) < 2 * _NEIGHBOURS:
        return np.zeros(0, dtype=np.intp)
    interval = np.diff(time)
    largest = float(np.abs(current).max())
    now, before = current[1:], current[:-1]
    flows = (np.abs(now) > REST_SHARE * largest) & (np.abs(before) > REST_SHARE * largest)
    same = (now * before > 0.0) & (
        np.abs(now - before) <= _SAME_CURRENT * np.maximum(np.abs(now), np.abs(before))
    )
    inside = flows & same
    if step is not None:
        inside &= step[1:] == step[:-1]
    # Intervals between steps are no measure of those within.
    own = np.where(inside, interval, 0.0)
    around = np.zeros(len(own))
    for shift in range(1, _NEIGHBOURS + 1):
        around[shift:] = np.maximum(around[shift:], own[:-shift])
        around[:-shift] = np.maximum(around[:-shift], own[shift:])
    paused = inside & (around > 0.0) & (interval > times_longer * around)
    return np.flatnonzero(paused) + 1
