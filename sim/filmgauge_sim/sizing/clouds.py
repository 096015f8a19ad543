"""What clouds leave of a clear sky: a share for each hour, seeded.

A day's cloudiness follows the day before (first-order autoregression), hours scatter around their
day. Mean, spread and memory are assumed unless a world gives them; what they lead to, a series of
dark days in a row, is what a node must survive.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

HOURS_A_DAY = 24
_DAY_MEMORY = 0.6  # assumed: correlation of a day's cloudiness with that of the day before
_DAY_SPREAD = 1.2  # assumed: of the logit of a day's share
_HOUR_SPREAD = 0.5  # assumed: of the logit of an hour's share around its day
_DARKEST, _CLEAREST = 0.08, 1.0  # assumed: overcast, and no cloud at all
_ROUNDS = 40


def clear_shares(mean: float, days: int, seed: int) -> Numbers:
    """Return the share of the clear sky's light that arrives, one for each hour of `days`.

    mean: of all of them, from 0.08 to 1; 1 is always clear.
    """
    if mean >= _CLEAREST:
        return np.ones(days * HOURS_A_DAY)
    source = np.random.default_rng(seed)
    shocks = source.standard_normal(days) * np.sqrt(1.0 - _DAY_MEMORY**2)
    cloudiness = np.empty(days)
    level = source.standard_normal()
    for day in range(days):
        level = _DAY_MEMORY * level + shocks[day]
        cloudiness[day] = level
    hours = np.repeat(_DAY_SPREAD * cloudiness, HOURS_A_DAY)
    hours = hours + _HOUR_SPREAD * source.standard_normal(days * HOURS_A_DAY)
    return _shares(hours + _shift(hours, mean))


def _shares(logits: Numbers) -> Numbers:
    return _DARKEST + (_CLEAREST - _DARKEST) / (1.0 + np.exp(-logits))


def _shift(logits: Numbers, mean: float) -> float:
    """Return what moves the mean share to `mean`, by bisection."""
    low, high = -20.0, 20.0
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        if _shares(logits + middle).mean() < mean:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
