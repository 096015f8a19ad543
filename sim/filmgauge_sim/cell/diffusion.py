"""Diffusion of lithium through the film: eight modes, exact for constant current and temperature.

The surface stoichiometry differs from the mean by the sum of the modes x_k,

    dx_k/dt = -(r_k / tau) x_k + (r_k w_k / Q0) j

with j the current density (positive charges), Q0 the areal capacity and tau the diffusion time.
The rates r_k and weights w_k were fitted to planar finite diffusion, whose surface lags the mean
by 1/3 - 2 sum exp(-n^2 pi^2 t / tau) / (n^2 pi^2) for a unit flux. They keep its surface response
within 0.15 % from 1e-6 tau (4.5 ms at tau = 1.25 h) on; shorter bursts empty the surface less
than they should (13 % less at 3e-7 tau). That series cut off at eight terms would be much worse.
"""

from collections.abc import Sequence
from math import expm1
from operator import sub

RATES = (10.252, 62.52, 344.71, 1965.0, 11392.0, 65894.0, 380590.0, 2704300.0)
# Together 1/3, the lag of the surface in the long run.
WEIGHTS = (
    0.2137794,
    0.068468,
    0.029525,
    0.012596,
    0.0052409,
    0.0021743,
    0.00090735,
    0.00064242,
)


def rates_per_s(tau_s: float) -> list[float]:
    """Decay rates r_k / tau of the modes, 1/s."""
    return [rate / tau_s for rate in RATES]


def gains(tau_s: float, capacity_uas_cm2: float) -> list[float]:
    """Stationary value w_k tau / Q0 of each mode for 1 uA/cm2, stoichiometry per uA/cm2."""
    return [weight * tau_s / capacity_uas_cm2 for weight in WEIGHTS]


def advanced(
    modes: Sequence[float],
    decays_per_s: Sequence[float],
    gains_per_ua_cm2: Sequence[float],
    current_ua_cm2: float,
    duration_s: float,
) -> list[float]:
    """The modes after duration_s of constant current, exact for any duration >= 0.

    Written out because a loop takes twice as long, and this is most of a simulated month.
    """
    x0, x1, x2, x3, x4, x5, x6, x7 = modes
    r0, r1, r2, r3, r4, r5, r6, r7 = decays_per_s
    g0, g1, g2, g3, g4, g5, g6, g7 = gains_per_ua_cm2
    j, t = current_ua_cm2, -duration_s
    return [
        x0 + (x0 - g0 * j) * expm1(r0 * t),
        x1 + (x1 - g1 * j) * expm1(r1 * t),
        x2 + (x2 - g2 * j) * expm1(r2 * t),
        x3 + (x3 - g3 * j) * expm1(r3 * t),
        x4 + (x4 - g4 * j) * expm1(r4 * t),
        x5 + (x5 - g5 * j) * expm1(r5 * t),
        x6 + (x6 - g6 * j) * expm1(r6 * t),
        x7 + (x7 - g7 * j) * expm1(r7 * t),
    ]


def travel(start: Sequence[float], end: Sequence[float]) -> tuple[float, float]:
    """How far the sum of the modes falls (<= 0) and rises (>= 0) at most between two instants.

    Under constant current every mode moves monotonically, so the falling and the rising ones,
    each added up by itself, enclose the sum at every instant between.
    """
    net = sum(end) - sum(start)
    way = sum(map(abs, map(sub, end, start)))
    return 0.5 * (net - way), 0.5 * (net + way)
