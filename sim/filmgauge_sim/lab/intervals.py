"""Noise and 95 % intervals of a fit to two kinds of data, voltages and charges.

    p +- t se,  se^2 the diagonal of (J' J)^-1, J in units of the noise,

with the t of as many degrees of freedom as stand behind the two noises (Welch, Biometrika 34
(1947) 28). Voltages that err together, as those of a wrong model do, count for less.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab.cycler_data import Numbers

# A parameter that moves the residuals by less of what the others do does not show.
_SHOWS = 1e-9


@dataclass(frozen=True, slots=True)
class ResidualKinds:
    """Which residuals are charges, and which stand in the same step as the next one."""

    is_charge: NDArray[np.bool_]
    same_step: NDArray[np.bool_]  # one shorter


def noises(
    kinds: ResidualKinds, residuals: Numbers, jac: Numbers
) -> tuple[Numbers, tuple[float, float]]:
    """Noise over the one assumed, a residual; degrees of freedom of voltages and charges.

    What the unknowns took from each kind is its share of the trace of the hat matrix.
    """
    leverage = np.einsum("ij,ji->i", jac, np.linalg.pinv(jac))
    scale = np.ones(len(residuals))
    freedom: list[float] = []
    for kind in (False, True):
        own = kinds.is_charge == kind
        free = float(own.sum() - leverage[own].sum())
        # Fewer leave nothing to estimate from: the noise stays as assumed.
        if free >= 1.0:
            scale[own] = sqrt(float((residuals[own] ** 2).sum()) / free)
        freedom.append(free)
    return scale, (freedom[0], freedom[1])


def half_widths(
    kinds: ResidualKinds, jac: Numbers, residuals: Numbers, freedom: tuple[float, float]
) -> Numbers:
    """Half of each 95 % interval, infinite for what does not show in the residuals."""
    from scipy.special import stdtrit

    inverse = np.linalg.pinv(jac.T @ jac)
    weights = inverse @ jac.T
    together = errors_together(kinds, residuals)
    parts = [
        factor * (weights[:, own] ** 2).sum(axis=1)
        for own, factor in ((~kinds.is_charge, together), (kinds.is_charge, 1.0))
    ]
    variance = parts[0] + parts[1]
    halves: list[float] = []
    for n in range(len(variance)):
        spent = sum(
            float(part[n]) ** 2 / free
            for part, free in zip(parts, freedom, strict=True)
            if free >= 1.0
        )
        free = float(variance[n]) ** 2 / spent if spent > 0.0 else 1e6
        halves.append(float(stdtrit(max(free, 1.0), 0.975)) * sqrt(float(variance[n])))
    sizes = np.linalg.norm(jac, axis=0)
    return np.where(sizes > _SHOWS * max(float(sizes.max()), 1.0), np.array(halves), np.inf)


def errors_together(kinds: ResidualKinds, residuals: Numbers) -> float:
    """By how much errors that neighbours share widen an interval: (1 + r) / (1 - r).

    r is the correlation of one voltage with the next of its step, when it is significant.
    """
    pairs = kinds.same_step & ~kinds.is_charge[:-1] & ~kinds.is_charge[1:]
    one, next_one = residuals[:-1][pairs], residuals[1:][pairs]
    if len(one) < 8:
        return 1.0
    r = float((one * next_one).mean() / (residuals[~kinds.is_charge] ** 2).mean())
    return (1.0 + min(r, 0.95)) / (1.0 - min(r, 0.95)) if r > 2.0 / sqrt(len(one)) else 1.0
