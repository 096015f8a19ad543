"""Whether the charge that a cycler counted is that of its currents in their time."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab.cyclers.recording import REST_SHARE

Numbers = NDArray[np.float64]
Rows = NDArray[np.intp]

# Count and current may differ by this share: by the cycler's own gain, or by slow logging.
_COUNT_WITHIN = 0.05
_LEAST_PAIRS, _SAME_CURRENT = 5, 0.1


def check_count(
    time_h: Numbers,
    current: Numbers,
    charge: Numbers,
    step: Numbers | None,
    gaps: Rows,
    columns: Mapping[str, str],
) -> None:
    """Compare a count with the currents, positive charges, in one unit and in this unit times h.

    gaps: rows before which nothing was logged for long. columns: quantity -> its name in the
    file. Raises ValueError where count and current differ.
    """
    least = REST_SHARE * float(np.abs(current).max())
    now, before = current[1:], current[:-1]
    passed, counted = 0.5 * (now + before) * np.diff(time_h), np.diff(charge)
    # The mean of two currents is that between them only where they are alike.
    inside = np.abs(now - before) <= _SAME_CURRENT * np.maximum(np.abs(now), np.abs(before))
    inside &= (np.abs(now) > least) & (np.abs(before) > least) & (passed != 0.0)
    if step is not None:
        inside &= step[1:] == step[:-1]
    inside[gaps - 1] = False
    # Each way by itself: many a cycler has a counter for each.
    for way, does in ((1.0, "charges"), (-1.0, "discharges")):
        own = inside & (passed * way > 0.0)
        if own.sum() < _LEAST_PAIRS:
            continue
        ratio = _weighted_median(counted[own] / passed[own], np.abs(passed[own]))
        if abs(ratio - 1.0) > _COUNT_WITHIN:
            names = [repr(columns.get(key, key)) for key in ("count", "current", "time")]
            raise ValueError(
                f"what {names[0]} counts is {ratio:.3g} times what {names[1]} passes"
                f" in {names[2]} while it {does}. One of them is wrong: give its column or unit"
                " with --columns, or --ignore-count if it is the count."
            )


def _weighted_median(values: Numbers, weights: Numbers) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(summed, 0.5 * summed[-1])])
