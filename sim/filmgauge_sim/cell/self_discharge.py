"""Charge that is stored, and charge that is lost on the way.

Of the charging current the share 1 - acceptance is lost to side reactions; while time passes the
film loses the share k of what it holds,

    ds/dt = acceptance j / Q0 - k s        (acceptance 1 when discharging)

which is exact for constant current and temperature. What is lost is computed for itself and not
as a difference, so that stored = passed - lost can be tested.
"""

from math import expm1

# Below this many decays the series is exact to the last bit and the closed form is not.
SERIES_BELOW = 1e-3


def leaked(stored: float, passed: float, decays: float) -> float:
    """What leaks while ``passed`` is added evenly to ``stored`` (same unit), in k t decays."""
    if decays < SERIES_BELOW:
        lag = 0.5 * decays * (1.0 - decays / 3.0 * (1.0 - 0.25 * decays))
    else:
        lag = 1.0 + expm1(-decays) / decays
    return passed * lag - stored * expm1(-decays)


def mean_stored(stored: float, passed: float, decays: float) -> float:
    """The mean of what is stored while ``passed`` is added evenly, in k t decays."""
    if decays < SERIES_BELOW:
        left = 1.0 - decays / 2.0 * (1.0 - decays / 3.0 * (1.0 - 0.25 * decays))
        added = 0.5 * (1.0 - decays / 3.0 * (1.0 - decays / 4.0 * (1.0 - 0.2 * decays)))
    else:
        left = -expm1(-decays) / decays
        added = (1.0 - left) / decays
    return stored * left + passed * added
