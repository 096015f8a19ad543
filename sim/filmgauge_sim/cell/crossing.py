"""When the voltage first leaves its limits under constant current: proven, not sampled.

Under constant current and temperature every diffusion mode, the mean stoichiometry and the
hysteresis state move monotonically, and so do their rates. Two instants therefore enclose
everything between them: the voltage itself, and its slope, which encloses the voltage once more
and much tighter on short intervals. An interval whose enclosure stays within the limits holds no
crossing, however short the excursion looked for; any other is halved, earlier half first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, repeat
from operator import mul
from typing import Literal, NamedTuple

from filmgauge_sim.cell.diffusion import advanced
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.open_circuit import hysteresis_after
from filmgauge_sim.cell.self_discharge import leaked

Bound = Literal["low", "high"]

# Within this time two crossings count as one; an excursion less deep than this is none.
_SAME_TIME_S = 1e-6
AIM_S = 0.4 * _SAME_TIME_S
_GRAZE_V = 1e-9
# A solved crossing lies beyond its limit by no more than this, where floats permit.
SOLVED_V = 1e-9
_NEARBY_V = 1e-3


@dataclass(frozen=True, slots=True)
class Crossing:
    """The voltage reaches a limit time_s from now: the "low" or the "high" one."""

    time_s: float
    bound: Bound


class Limits(NamedTuple):
    """The open interval of voltages in which nothing happens; infinite where there is no limit."""

    low_v: float
    high_v: float

    def passed_by(self, voltage_v: float) -> Bound | None:
        """The limit at or beyond which the voltage lies."""
        if voltage_v <= self.low_v:
            return "low"
        return "high" if voltage_v >= self.high_v else None


class Instant(NamedTuple):
    """The cell at one time of a course, with the rates that bound its movement."""

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

    __slots__ = (
        "_bounded_s",
        "_bounds",
        "current_ua_cm2",
        "hysteresis",
        "inflow_ua_cm2",
        "law",
        "mean",
        "modes",
        "offset_v",
        "rate_per_s",
    )

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
        """The voltage after time_s of this course."""
        law = self.law
        mean, _, hysteresis, _ = self.slow_parts(time_s)
        modes = advanced(self.modes, law.decays_per_s, law.gains, self.inflow_ua_cm2, time_s)
        return law.curve.voltage_v(mean + sum(modes)) + law.static_v * hysteresis + self.offset_v

    def at(self, time_s: float) -> Instant:
        """The cell after time_s of this course."""
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
        """How fast the voltage moves at an instant of this course."""
        steepness = self.law.curve.slope_v(instant.surface)
        rate = instant.mean_rate_per_s + sum(instant.mode_rates_per_s)
        return steepness * rate + self.law.static_v * instant.hysteresis_rate_per_s

    def enclose(self, start: Instant, end: Instant) -> Enclosure:
        """Bounds over the time between two instants of this course."""
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


def surely_within(course: ConstantCurrentPath, duration_s: float, limits: Limits) -> bool:
    """Whether bounds that cost little prove that no limit is reached: the usual case."""
    law = course.law
    low, high = course.surface_bounds(duration_s)
    passed = course.inflow_ua_cm2 * duration_s * law.per_uas_cm2
    static_now = static_then = law.static_v * course.hysteresis
    if passed:
        static_then = law.static_v * hysteresis_after(
            course.hysteresis, passed, law.hysteresis_rate
        )
    lowest = law.curve.voltage_v(low) + min(static_now, static_then) + course.offset_v
    highest = law.curve.voltage_v(high) + max(static_now, static_then) + course.offset_v
    # Closer to a limit than a crossing resolves, the bounds are not trusted.
    return lowest > limits.low_v + _GRAZE_V and highest < limits.high_v - _GRAZE_V


def first_crossing(
    course: ConstantCurrentPath, duration_s: float, limits: Limits
) -> Crossing | None:
    """The earliest time in [0, duration_s] at which the voltage is at or beyond a limit.

    The time is right to 1e-6 s; there the voltage is at the limit or beyond it by 1e-9 V, where
    floats permit. A voltage that leaves its limits by less than 1e-9 V may count as within them.
    """
    now = course.at(0.0)
    bound = limits.passed_by(now.voltage_v)
    if bound is not None:
        return Crossing(0.0, bound)
    # Invariant: the voltage at the start of the interval on top lies within the limits.
    pending = [(now, course.at(duration_s))]
    while pending:
        start, end = pending.pop()
        bound = limits.passed_by(end.voltage_v)
        span = course.enclose(start, end)
        if bound is None and _holds(span, limits):
            continue
        monotone = span.least_v_per_s >= 0.0 or span.most_v_per_s <= 0.0
        if bound is not None and (monotone or end.time_s - start.time_s <= _SAME_TIME_S):
            return _solved(course, start, end, bound, limits)
        middle_s = 0.5 * (start.time_s + end.time_s)
        if not start.time_s < middle_s < end.time_s:
            # Neighbouring floats: nothing lies between.
            if bound is not None:
                return Crossing(end.time_s, bound)
            continue
        middle = course.at(middle_s)
        pending.append((middle, end))
        pending.append((start, middle))
    return None


def _holds(span: Enclosure, limits: Limits) -> bool:
    return span.lowest_v > limits.low_v - _GRAZE_V and span.highest_v < limits.high_v + _GRAZE_V


def _solved(
    course: ConstantCurrentPath, inside: Instant, outside: Instant, bound: Bound, limits: Limits
) -> Crossing:
    """The crossing between two instants, by Newton's rule kept within a shrinking bracket."""
    limit = limits.low_v if bound == "low" else limits.high_v
    latest = outside
    for step in count():
        width = outside.time_s - inside.time_s
        far = width > _SAME_TIME_S
        if not far and abs(outside.voltage_v - limit) <= SOLVED_V:
            break
        guess_s = inside.time_s + 0.5 * width
        # The steep side leads to the crossing from afar; the flat side only from nearby.
        near = latest if abs(latest.voltage_v - limit) < _NEARBY_V else outside
        slope = course.slope_v_per_s(near)
        # Every fourth step only halves the bracket, so that the end is sure.
        if slope and step % 4 != 3:
            newton_s = near.time_s + (limit - near.voltage_v) / slope
            if far:
                # Aims a little beyond the crossing, so that a good guess closes the bracket.
                newton_s += AIM_S if near is inside else -AIM_S
            if inside.time_s < newton_s < outside.time_s:
                guess_s = newton_s
        if not inside.time_s < guess_s < outside.time_s:
            break  # neighbouring floats
        latest = course.at(guess_s)
        if limits.passed_by(latest.voltage_v) is None:
            inside = latest
        else:
            outside = latest
    return Crossing(outside.time_s, bound)
