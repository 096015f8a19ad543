"""When a step of the cycler began to flow: at its first row, or some time before it.

A cycler that logs once a minute may write its first row of a step a minute late, or at once and
leave out the end of the rest before.
"""

import numpy as np

from filmgauge_sim.lab.cycler_data import CyclerData

# The interval before a step is longer than its own if it is so many times the longest of so many.
_TIMES_LONGER = 1.5
_NEIGHBOURS = 3
# A voltage that leaves its start moves by so much, and by more than it did before.
_LEAVES_V = 0.1
# By a count, a step that flowed so many times the whole interval began to be counted anew.
_ANEW = 2.0
# A smaller share of the interval is the difference of two gains.
_SURE_SHARE = 0.1


def flowed_before_h(data: CyclerData, first: int, last: int, *, held: bool) -> float:
    """How long the current of a step had flowed at its first row, h.

    By the cycler's count; without one the interval before the row, unless the voltage has not
    left its start or the interval is longer than those of the step. held: a hold goes on from
    the flow before it.
    """
    interval_h = float(data.time_h[first] - data.time_h[first - 1])
    flowed_h = _counted_h(data, first, interval_h)
    if flowed_h is None:
        flowed_h = interval_h if held else _logged_h(data, first, last, interval_h)
    idle_h = interval_h - min(max(flowed_h, 0.0), interval_h)
    return interval_h - idle_h if idle_h > _SURE_SHARE * interval_h else interval_h


def _counted_h(data: CyclerData, first: int, interval_h: float) -> float | None:
    """By the count, or None where there is none or it began anew."""
    current = float(data.current_ua_cm2[first])
    if data.charge_uah_cm2 is None or not current:
        return None
    hours = float(data.charge_uah_cm2[first] - data.charge_uah_cm2[first - 1]) / current
    return hours if -_SURE_SHARE * interval_h <= hours <= _ANEW * interval_h else None


def _logged_h(data: CyclerData, first: int, last: int, interval_h: float) -> float:
    """By what the logger shows of the step itself."""
    if last == first:
        return interval_h
    before, start, after = data.voltage_v[first - 1 : first + 2]
    if abs(after - start) > max(_LEAVES_V, abs(start - before)):
        return 0.0
    own = np.diff(data.time_h[first : min(last, first + _NEIGHBOURS) + 1])
    usual_h = float(own.max())
    return usual_h if interval_h > _TIMES_LONGER * usual_h else interval_h
