"""When the voltage meets a limit on a course on which it moves one way only: the usual case.

After a switch to a discharge every mode of the film sinks towards its stationary value, and so do
the mean and the hysteresis branch; then the voltage sinks too, and its value at the end tells
whether the limit is met. The instant is found by Newton's rule from a good guess, and proven by
the voltage just before and just after it. Whatever is not proven goes to the general search.
"""

from itertools import repeat
from math import exp, inf, log, ulp
from operator import mul, sub

from filmgauge_sim.cell.crossing import (
    AIM_S,
    SOLVED_V,
    Bound,
    ConstantCurrentPath,
    Crossing,
    Limits,
    first_crossing,
)
from filmgauge_sim.cell.diffusion import DECAYED

# A mode this close to its stationary value moves the voltage by less than a crossing resolves.
_STATIONARY = 1e-15
_MOST_STEPS = 40
_CLOSE_S = 1e-7


def way(course: ConstantCurrentPath) -> int:
    """-1 where the voltage can only fall from now on, 1 where it can only rise, else 0.

    Every part of the state approaches its limit without turning, so the present directions stay.
    The hysteresis follows the current.
    """
    law, inflow = course.law, course.inflow_ua_cm2
    drift = course.rate_per_s - law.leak_per_s * course.mean
    distances = list(map(sub, course.modes, map(mul, law.gains, repeat(inflow))))
    if inflow <= 0.0 and drift <= 0.0 and min(distances) >= -_STATIONARY:
        return -1
    if inflow >= 0.0 and drift >= 0.0 and max(distances) <= _STATIONARY:
        return 1
    return 0


class OneWay:
    """A course on which the voltage only falls (direction -1) or only rises (1)."""

    def __init__(self, course: ConstantCurrentPath, direction: int) -> None:
        self._course = course
        self._direction = direction
        law, inflow = course.law, course.inflow_ua_cm2
        self._lead = law.lag_per_ua_cm2 * inflow
        self._distances = [
            (mode - gain * inflow, decay)
            for mode, gain, decay in zip(course.modes, law.gains, law.decays_per_s, strict=True)
        ]

    def first_crossing(self, duration_s: float, limits: Limits) -> Crossing | None:
        """The instant in [0, duration_s] at which a limit is met, as crossing.first_crossing."""
        course = self._course
        bound = limits.passed_by(course.voltage_v(0.0))
        if bound is not None:
            return Crossing(0.0, bound)
        bound = "low" if self._direction < 0 else "high"
        limit_v = limits.low_v if self._direction < 0 else limits.high_v
        if abs(limit_v) == inf or not self._beyond(course.voltage_v(duration_s), limit_v):
            return None
        found = self._proven(self._root_s(duration_s, limit_v), duration_s, limit_v, bound)
        return first_crossing(course, duration_s, limits) if found is None else found

    def _beyond(self, voltage_v: float, limit_v: float) -> bool:
        return voltage_v <= limit_v if self._direction < 0 else voltage_v >= limit_v

    def _proven(
        self, root_s: float, duration_s: float, limit_v: float, bound: Bound
    ) -> Crossing | None:
        """The crossing at a root, if the voltages around it prove it."""
        course = self._course
        _, slope = self._glance(root_s)
        step_s = min(AIM_S, 0.5 * SOLVED_V / abs(slope)) if slope else AIM_S
        after_s = min(root_s + max(step_s, 2.0 * ulp(root_s)), duration_s)
        after_v = course.voltage_v(after_s)
        if not self._beyond(after_v, limit_v) or abs(after_v - limit_v) > SOLVED_V:
            return None
        before_v = course.voltage_v(max(root_s - AIM_S, 0.0))
        return None if self._beyond(before_v, limit_v) else Crossing(after_s, bound)

    def _root_s(self, duration_s: float, limit_v: float) -> float:
        """Where the voltage meets the limit, by Newton's rule within a shrinking bracket."""
        inside, outside = 0.0, duration_s
        time_s = self._guess_s(limit_v)
        if not inside < time_s < outside:
            time_s = 0.5 * duration_s
        for step in range(_MOST_STEPS):
            voltage_v, slope = self._glance(time_s)
            if self._beyond(voltage_v, limit_v):
                outside = time_s
            else:
                inside = time_s
            newton_s = time_s + (limit_v - voltage_v) / slope if slope else inf
            if abs(newton_s - time_s) < max(_CLOSE_S, 2.0 * ulp(time_s)):
                return newton_s
            # Every fourth step only halves the bracket, so that the end is sure.
            halves = step % 4 == 3 or not inside < newton_s < outside
            time_s = 0.5 * (inside + outside) if halves else newton_s
        return time_s

    def _guess_s(self, limit_v: float) -> float:
        """About when the limit is met, with stationary modes: on the plateau while the branch
        turns, or at an end of the curve when it has turned."""
        course, law = self._course, self._course.law
        rate = course.rate_per_s
        if not rate:
            return 0.0
        branch = 1.0 if rate > 0.0 else -1.0
        surface = course.mean + self._lead
        resting_v = limit_v - course.offset_v
        left = branch - (resting_v - law.curve.plateau_v(surface)) / law.static_v
        start = branch - course.hysteresis
        if 0.0 < left / start < 1.0 if start else False:
            return log(start / left) / (law.hysteresis_rate * abs(rate))
        return (law.curve.near(resting_v - branch * law.static_v) - surface) / rate

    def _glance(self, time_s: float) -> tuple[float, float]:
        """Voltage and its slope (V/s) at a time, to rounding; modes that are gone left out."""
        course = self._course
        law = course.law
        mean, drift, hysteresis, turning = course.slow_parts(time_s)
        surface, speed = mean + self._lead, drift
        for distance, decay in self._distances:
            decays = decay * time_s
            if decays > DECAYED:
                break
            left = distance * exp(-decays)
            surface += left
            speed -= decay * left
        voltage = law.curve.voltage_v(surface) + law.static_v * hysteresis + course.offset_v
        return voltage, law.curve.slope_v(surface) * speed + law.static_v * turning
