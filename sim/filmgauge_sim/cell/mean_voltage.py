"""The mean voltage over a stretch of constant current, which is what its energy needs."""

from filmgauge_sim.cell.crossing import ConstantCurrentPath
from filmgauge_sim.cell.diffusion import mean_sum
from filmgauge_sim.cell.open_circuit import mean_hysteresis
from filmgauge_sim.cell.self_discharge import mean_stored

# Gauss-Legendre, twelve points on (-1, 1): the positive roots and their weights (Abramowitz and
# Stegun, table 25.4).
_HALF = (
    (0.125233408511468916, 0.249147045813402785),
    (0.367831498998180194, 0.233492536538354809),
    (0.587317954286617447, 0.203167426723065922),
    (0.769902674194304687, 0.160078328543346226),
    (0.904117256370474857, 0.106939325995318431),
    (0.981560634246719251, 0.047175336386511827),
)
# After a change of current the voltage moves fast and then ever more slowly: with time = length
# x^4 the points of the quadrature lie where it moves.
_POWER = 4


def _quadrature() -> list[tuple[float, float]]:
    """Return (share of the time, weight) for the mean of the voltage."""
    whole = [(sign * root, weight) for root, weight in _HALF for sign in (-1.0, 1.0)]
    places = [(0.5 * (root + 1.0), 0.5 * weight) for root, weight in sorted(whole)]
    return [(x**_POWER, weight * _POWER * x ** (_POWER - 1)) for x, weight in places]


_QUADRATURE = _quadrature()


def mean_voltage_v(course: ConstantCurrentPath, duration_s: float) -> float:
    """The mean over the first duration_s > 0 of a course.

    On the plateau the open-circuit curve is a straight line, so that the mean of the state gives
    the mean of the voltage; where an end of the curve is near, a quadrature does.
    """
    law, inflow = course.law, course.inflow_ua_cm2
    passed = inflow * duration_s * law.per_uas_cm2
    leaks = law.leak_per_s * duration_s
    if not law.curve.plateau(*course.surface_bounds(duration_s)):
        return sum(weight * course.voltage_v(share * duration_s) for share, weight in _QUADRATURE)
    surface = mean_stored(course.mean, passed, leaks) + mean_sum(
        course.modes, law.decays_per_s, law.gains, inflow, duration_s
    )
    hysteresis = mean_hysteresis(course.hysteresis, passed, law.hysteresis_rate)
    return law.curve.plateau_v(surface) + law.static_v * hysteresis + course.offset_v
