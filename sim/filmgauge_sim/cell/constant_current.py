"""What a film does from now on under one current at one temperature: any instant of it, bounds of
everything between two instants, and the mean voltage.

Under constant current and temperature every diffusion mode, the mean stoichiometry and the
hysteresis state move monotonically, and so do their rates. Two instants therefore enclose
everything between them: the voltage itself, and its slope, which encloses the voltage once more
and much tighter on short intervals.
"""

from collections.abc import Sequence
from itertools import repeat
from operator import mul, sub
from typing import NamedTuple

from filmgauge_sim.cell.diffusion import advanced, mean_sum, sum_after
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.open_circuit import hysteresis_after, mean_hysteresis
from filmgauge_sim.cell.self_discharge import leaked, mean_stored

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


QUADRATURE = _quadrature()


class Instant(NamedTuple):
    """The cell at one time of a path, with the rates that bound its movement."""

    time_s: float
    voltage_v: float
    surface: float
    mean: float
    mean_rate_per_s: float
    hysteresis: float
    modes: Sequence[float]
    mode_rates_per_s: Sequence[float]
    hysteresis_rate_per_s: float


class Enclosure(NamedTuple):
    """Bounds of the voltage (V) and of its slope (V/s) over an interval of time."""

    lowest_v: float
    highest_v: float
    least_v_per_s: float
    most_v_per_s: float


class ConstantCurrentPath:
    """What the cell would do from now on under one current at one temperature."""

    def __init__(
        self,
        law: Isothermal,
        current_ua_cm2: float,
        mean: float,
        modes: Sequence[float],
        hysteresis: float,
    ) -> None:
        self.law = law
        self.current_ua_cm2 = current_ua_cm2
        self.inflow_ua_cm2 = law.stored_ua_cm2(current_ua_cm2)
        self.mean = mean
        self.modes = modes
        self.hysteresis = hysteresis
        self.rate_per_s = self.inflow_ua_cm2 * law.per_uas_cm2
        self.offset_v = law.offset_v(current_ua_cm2)
        self._bounded_s = -1.0
        self._bounds = (0.0, 0.0)
        self._meant_s = self._mean_v = 0.0  # of the mean voltage that was last asked for
        # Where the modes go, and how far each is from there; made when they are first needed.
        self._targets: list[float] = []
        self._distances: list[float] = []

    def slow_parts(self, time_s: float) -> tuple[float, float, float, float]:
        """Mean stoichiometry, its rate (1/s), hysteresis and its rate (1/s) after time_s."""
        law, inflow = self.law, self.inflow_ua_cm2
        # In the order of FilmCell, so that both agree to the last bit.
        passed = inflow * time_s * law.per_uas_cm2
        hysteresis = self.hysteresis
        turning = 0.0
        if passed:
            hysteresis = hysteresis_after(hysteresis, passed, law.hysteresis_rate)
        if inflow:
            branch = 1.0 if inflow > 0.0 else -1.0
            turning = law.hysteresis_rate * abs(self.rate_per_s) * (branch - hysteresis)
        mean = self.mean + (passed - leaked(self.mean, passed, law.leak_per_s * time_s))
        return mean, self.rate_per_s - law.leak_per_s * mean, hysteresis, turning

    def surface_bounds(self, duration_s: float) -> tuple[float, float]:
        """Bounds of the surface stoichiometry over a time; those of a longer time hold as well.

        Every mode stays between its present and its stationary value.
        """
        if duration_s <= self._bounded_s:
            return self._bounds
        inflow = self.inflow_ua_cm2
        passed = inflow * duration_s * self.law.per_uas_cm2
        leak = abs(self.mean) * self.law.leak_per_s * duration_s
        targets = list(map(mul, self.law.gains, repeat(inflow)))
        low = self.mean + min(passed, 0.0) - leak + sum(map(min, self.modes, targets))
        high = self.mean + max(passed, 0.0) + leak + sum(map(max, self.modes, targets))
        self._bounded_s, self._bounds = duration_s, (low, high)
        return self._bounds

    def voltage_v(self, time_s: float) -> float:
        """The voltage after time_s of this path."""
        if not self._targets:
            self._targets = list(map(mul, self.law.gains, repeat(self.inflow_ua_cm2)))
            self._distances = list(map(sub, self.modes, self._targets))
        law, hysteresis = self.law, self.hysteresis
        # As in slow_parts.
        passed = self.inflow_ua_cm2 * time_s * law.per_uas_cm2
        if passed:
            hysteresis = hysteresis_after(hysteresis, passed, law.hysteresis_rate)
        mean = self.mean + (passed - leaked(self.mean, passed, law.leak_per_s * time_s))
        lead = sum_after(self.modes, self._distances, law.decays_per_s, self._targets, time_s)
        return law.curve.voltage_v(mean + lead) + law.static_v * hysteresis + self.offset_v

    def mean_voltage_v(self, duration_s: float) -> float:
        """The mean voltage over the first duration_s > 0 of this path, which its energy needs.

        On the plateau the open-circuit curve is a straight line, so that the mean of the state
        gives the mean of the voltage; where an end of the curve is near, a quadrature does.
        """
        if duration_s != self._meant_s:
            # Planned and, when it has passed as planned, booked: asked for twice.
            self._meant_s, self._mean_v = duration_s, self._meaned_v(duration_s)
        return self._mean_v

    def _meaned_v(self, duration_s: float) -> float:
        law, inflow = self.law, self.inflow_ua_cm2
        passed = inflow * duration_s * law.per_uas_cm2
        leaks = law.leak_per_s * duration_s
        if not law.curve.plateau(*self.surface_bounds(duration_s)):
            return sum(weight * self.voltage_v(share * duration_s) for share, weight in QUADRATURE)
        surface = mean_stored(self.mean, passed, leaks) + mean_sum(
            self.modes, law.decays_per_s, law.gains, inflow, duration_s
        )
        hysteresis = mean_hysteresis(self.hysteresis, passed, law.hysteresis_rate)
        return law.curve.plateau_v(surface) + law.static_v * hysteresis + self.offset_v

    def state(self, time_s: float) -> tuple[float, list[float], float]:
        """Mean stoichiometry, modes and hysteresis after time_s: where another path begins."""
        law = self.law
        mean, _, hysteresis, _ = self.slow_parts(time_s)
        modes = advanced(self.modes, law.decays_per_s, law.gains, self.inflow_ua_cm2, time_s)
        return mean, modes, hysteresis

    def at(self, time_s: float) -> Instant:
        """The cell after time_s of this path."""
        law, current = self.law, self.inflow_ua_cm2
        mean, mean_rate, hysteresis, turning = self.slow_parts(time_s)
        modes = advanced(self.modes, law.decays_per_s, law.gains, current, time_s)
        speeds = [
            (gain * current - mode) * decay
            for mode, decay, gain in zip(modes, law.decays_per_s, law.gains, strict=True)
        ]
        surface = mean + sum(modes)
        voltage = law.curve.voltage_v(surface) + law.static_v * hysteresis + self.offset_v
        return Instant(
            time_s, voltage, surface, mean, mean_rate, hysteresis, modes, speeds, turning
        )

    def slope_v_per_s(self, instant: Instant) -> float:
        """How fast the voltage moves at an instant of this path."""
        steepness = self.law.curve.slope_v(instant.surface)
        rate = instant.mean_rate_per_s + sum(instant.mode_rates_per_s)
        return steepness * rate + self.law.static_v * instant.hysteresis_rate_per_s

    def enclose(self, start: Instant, end: Instant) -> Enclosure:
        """Bounds over the time between two instants of this path."""
        law = self.law
        low = min(start.mean, end.mean) + sum(map(min, start.modes, end.modes))
        high = max(start.mean, end.mean) + sum(map(max, start.modes, end.modes))
        means = start.mean_rate_per_s, end.mean_rate_per_s
        least = min(means) + sum(map(min, start.mode_rates_per_s, end.mode_rates_per_s))
        most = max(means) + sum(map(max, start.mode_rates_per_s, end.mode_rates_per_s))
        flat, steep = law.curve.slope_bounds_v(low, high)
        turnings = (start.hysteresis_rate_per_s, end.hysteresis_rate_per_s)
        falling = min(flat * least, steep * least) + law.static_v * min(turnings)
        rising = max(flat * most, steep * most) + law.static_v * max(turnings)
        static = law.static_v * start.hysteresis, law.static_v * end.hysteresis
        duration = end.time_s - start.time_s
        # Two enclosures: from the extremes of the state, and from both ends along the slopes.
        lowest = max(
            law.curve.voltage_v(low) + min(static) + self.offset_v,
            start.voltage_v + duration * min(falling, 0.0),
            end.voltage_v - duration * max(rising, 0.0),
        )
        highest = min(
            law.curve.voltage_v(high) + max(static) + self.offset_v,
            start.voltage_v + duration * max(rising, 0.0),
            end.voltage_v - duration * min(falling, 0.0),
        )
        return Enclosure(lowest, highest, falling, rising)
