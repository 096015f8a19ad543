"""Diffusion of lithium through the film: fourteen modes, exact for constant current.

The stepping is exact for any duration at constant temperature. The surface stoichiometry differs
from the mean by the sum of the modes x_k,

    dx_k/dt = -(r_k / tau) x_k + (r_k w_k / Q0) j

with j the current density (positive charges), Q0 the areal capacity and tau the diffusion time.
The rates r_k and weights w_k were fitted to planar finite diffusion, whose surface lags the mean
by 1/3 - 2 sum exp(-n^2 pi^2 t / tau) / (n^2 pi^2) for a unit flux. They keep its surface response
within 0.006 % from 1e-6 tau (4.5 ms at tau = 1.25 h) on; at 1e-7 tau it is 2 % off. Eight modes
over the same range leave 0.15 %; the series itself cut off at as many terms would be much worse.
"""

from collections.abc import Sequence
from itertools import repeat
from math import expm1
from operator import mul, sub, truediv

from filmgauge_sim.package_data import read_toml

# exp(-38) is below half the last bit of 1: such a mode has reached its stationary value.
DECAYED = 38.0

_MODES = read_toml("filmgauge_sim.cell", "diffusion.toml")
RATES: tuple[float, ...] = tuple(_MODES["rates"])
WEIGHTS: tuple[float, ...] = tuple(_MODES["weights"])


def rates_per_s(tau_s: float) -> list[float]:
    """Decay rates r_k / tau of the modes, 1/s."""
    return list(map(truediv, RATES, repeat(tau_s)))


def gains(tau_s: float, capacity_uas_cm2: float) -> list[float]:
    """Stationary value w_k tau / Q0 of each mode for 1 uA/cm2, stoichiometry per uA/cm2."""
    return list(map(truediv, map(mul, WEIGHTS, repeat(tau_s)), repeat(capacity_uas_cm2)))


def advanced(
    modes: Sequence[float],
    decays_per_s: Sequence[float],
    gains_per_ua_cm2: Sequence[float],
    current_ua_cm2: float,
    duration_s: float,
) -> list[float]:
    """The modes after duration_s of constant current, exact for any duration >= 0.

    Written out because a loop takes twice as long, and this is most of a simulated month; modes
    that have decayed by then are not computed.
    """
    x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13 = modes
    r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13 = decays_per_s
    g0, g1, g2, g3, g4, g5, g6, g7, g8, g9, g10, g11, g12, g13 = gains_per_ua_cm2
    j, t = current_ua_cm2, -duration_s
    slow = [
        x0 + (x0 - g0 * j) * expm1(r0 * t),
        x1 + (x1 - g1 * j) * expm1(r1 * t),
        x2 + (x2 - g2 * j) * expm1(r2 * t),
        x3 + (x3 - g3 * j) * expm1(r3 * t),
    ]
    if r4 * t < -DECAYED:
        slow += (g4 * j, g5 * j, g6 * j, g7 * j, g8 * j)
        slow += (g9 * j, g10 * j, g11 * j, g12 * j, g13 * j)
        return slow
    slow += (
        x4 + (x4 - g4 * j) * expm1(r4 * t),
        x5 + (x5 - g5 * j) * expm1(r5 * t),
        x6 + (x6 - g6 * j) * expm1(r6 * t),
        x7 + (x7 - g7 * j) * expm1(r7 * t),
    )
    if r8 * t < -DECAYED:
        slow += (g8 * j, g9 * j, g10 * j, g11 * j, g12 * j, g13 * j)
        return slow
    slow += (
        x8 + (x8 - g8 * j) * expm1(r8 * t),
        x9 + (x9 - g9 * j) * expm1(r9 * t),
        x10 + (x10 - g10 * j) * expm1(r10 * t),
        x11 + (x11 - g11 * j) * expm1(r11 * t),
        x12 + (x12 - g12 * j) * expm1(r12 * t),
        x13 + (x13 - g13 * j) * expm1(r13 * t),
    )
    return slow


def ramped(
    modes: Sequence[float],
    moved: Sequence[float],
    gains_per_ua_cm2: Sequence[float],
    ramp_gains_s: Sequence[float],
    current_ua_cm2: float,
    change_ua_cm2: float,
    duration_s: float,
) -> list[float]:
    """The modes after duration_s > 0 of a current that changes evenly about its mean; exact.

    With z = r_k t / tau decays a mode gets further by w_k tau / Q0 times the change, times
    (1 + exp(-z)) / 2 - (1 - exp(-z)) / z. moved: exp(-z) - 1 of each mode. ramp_gains_s: the
    gains over the decay rates.
    """
    j, change, slope = current_ua_cm2, change_ua_cm2, change_ua_cm2 / duration_s
    return [
        x + (x + g * (0.5 * change - j) + f * slope) * m + g * change
        for x, m, g, f in zip(modes, moved, gains_per_ua_cm2, ramp_gains_s, strict=True)
    ]


def sum_after(
    modes: Sequence[float],
    distances: Sequence[float],
    decays_per_s: Sequence[float],
    targets: Sequence[float],
    duration_s: float,
) -> float:
    """The sum of what ``advanced`` returns, to the last bit, for many times of one path.

    targets: the stationary values of the modes. distances: how far each mode is from its own.
    """
    x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13 = modes
    d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13 = distances
    r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13 = decays_per_s
    t = -duration_s
    total = (
        (x0 + d0 * expm1(r0 * t))
        + (x1 + d1 * expm1(r1 * t))
        + (x2 + d2 * expm1(r2 * t))
        + (x3 + d3 * expm1(r3 * t))
    )
    if r4 * t < -DECAYED:
        for target in targets[4:]:
            total += target
        return total
    total = (
        total
        + (x4 + d4 * expm1(r4 * t))
        + (x5 + d5 * expm1(r5 * t))
        + (x6 + d6 * expm1(r6 * t))
        + (x7 + d7 * expm1(r7 * t))
    )
    if r8 * t < -DECAYED:
        for target in targets[8:]:
            total += target
        return total
    return (
        total
        + (x8 + d8 * expm1(r8 * t))
        + (x9 + d9 * expm1(r9 * t))
        + (x10 + d10 * expm1(r10 * t))
        + (x11 + d11 * expm1(r11 * t))
        + (x12 + d12 * expm1(r12 * t))
        + (x13 + d13 * expm1(r13 * t))
    )


def mean_sum(
    modes: Sequence[float],
    decays_per_s: Sequence[float],
    gains_per_ua_cm2: Sequence[float],
    current_ua_cm2: float,
    duration_s: float,
) -> float:
    """The mean of the sum of the modes over duration_s > 0 of constant current, in closed form.

    A mode's mean is its stationary value less what it has moved over its decays in that time.
    """
    then = advanced(modes, decays_per_s, gains_per_ua_cm2, current_ua_cm2, duration_s)
    moved = sum(map(truediv, map(sub, then, modes), decays_per_s))
    return sum(gains_per_ua_cm2) * current_ua_cm2 - moved / duration_s
