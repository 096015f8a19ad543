"""When a step of the cycler began to flow: at its first row, or some time before it.

A cycler that logs once a minute may write its first row of a step a minute late, or at once and
leave out the end of the rest before.
"""

from collections.abc import Sequence

import numpy as np

from filmgauge_sim.lab.cycler_data import CyclerData
from filmgauge_sim.lab.cyclers.recording import REST_SHARE

# The interval before a step is longer than its own if it is so many times the longest of so many.
_TIMES_LONGER = 1.5
_NEIGHBOURS = 3
# A voltage that leaves its start moves by so much, and by no less than this share of what it did
# before: that of a rest of which nothing was logged, and across the resistance, is in it.
_LEAVES_V, _LEAVES_SHARE = 0.1, 0.75
# So many of the flows of a file, and this share of them, show what its logger does.
_LEAST_SHOWN, _SHOWN_SHARE = 2, 0.25
# By a count, a step that flowed so many times the whole interval began to be counted anew.
_ANEW = 2.0
# A smaller share of the interval is the difference of two gains.
_SURE_SHARE = 0.1


def logs_first_rows(data: CyclerData, flows: Sequence[tuple[int, int]]) -> bool:
    """Whether a logger writes a row as a step begins, by first and last row of the flows.

    A voltage shows it where it leaves its start fast, as in the discharge of a full film.
    """
    shown = sum(_has_not_left(data, first, last) for first, last in flows)
    return shown >= _LEAST_SHOWN and shown >= _SHOWN_SHARE * len(flows)


def flowed_before_h(
    data: CyclerData, first: int, last: int, *, held: bool, first_rows: bool
) -> float:
    """How long the current of a step had flowed at its first row, h.

    By the cycler's count; without one the interval before the row, unless the voltage has not
    left its start or the interval is longer than those of the step. held: a hold goes on from
    the flow before it. first_rows: the logger writes a row as a step begins.
    """
    interval_h = float(data.time_h[first] - data.time_h[first - 1])
    flowed_h = _counted_h(data, first, interval_h)
    if flowed_h is None and held:
        flowed_h = interval_h
    if flowed_h is None:
        flowed_h = _logged_h(data, first, last, interval_h, first_rows)
    return max(flowed_h, 0.0) if flowed_h < (1.0 - _SURE_SHARE) * interval_h else interval_h


def _counted_h(data: CyclerData, first: int, interval_h: float) -> float | None:
    """By the count, or None where there is none or it began anew."""
    current = float(data.current_ua_cm2[first])
    if data.charge_uah_cm2 is None or not current:
        return None
    hours = float(data.charge_uah_cm2[first] - data.charge_uah_cm2[first - 1]) / current
    return hours if -_SURE_SHARE * interval_h <= hours <= _ANEW * interval_h else None


def _logged_h(
    data: CyclerData, first: int, last: int, interval_h: float, first_rows: bool
) -> float:
    """By what the logger shows of the step itself."""
    if _has_not_left(data, first, last):
        return 0.0
    before, current = data.current_ua_cm2[first - 1 : first + 1]
    if first_rows and abs(before) <= REST_SHARE * abs(current):
        return 0.0
    if last == first:
        return interval_h
    own = np.diff(data.time_h[first : min(last, first + _NEIGHBOURS) + 1])
    usual_h = float(own.max())
    if interval_h <= _TIMES_LONGER * usual_h:
        return interval_h
    return 0.0 if first_rows else usual_h


def _has_not_left(data: CyclerData, first: int, last: int) -> bool:
    """Whether the voltage at the first row of a flow is where it starts: as far from what follows
    as from what was before, or nearly so."""
    if last == first:
        return False
    before, start, after = data.voltage_v[first - 1 : first + 2]
    return bool(abs(after - start) > max(_LEAVES_V, _LEAVES_SHARE * abs(start - before)))
