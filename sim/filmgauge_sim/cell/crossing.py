"""When the voltage first leaves its limits under constant current: proven, not sampled.

Bounds that cost little prove in the usual case that no limit is met. Where the voltage moves one
way only, as after a switch to a discharge, its value at the end tells whether one is; the instant
is found by Newton's rule from a good guess, and proven by the voltage just before and just after
it. Whatever is not proven goes to the general search: an interval whose enclosure
(constant_current.py) stays within the limits holds no crossing, however short the excursion
looked for; any other is halved, earlier half first.
"""

from dataclasses import dataclass
from itertools import count, repeat
from math import exp, inf, log, ulp
from operator import mul, sub
from typing import Literal, NamedTuple

from filmgauge_sim.cell.constant_current import ConstantCurrentPath, Enclosure, Instant
from filmgauge_sim.cell.diffusion import DECAYED
from filmgauge_sim.cell.open_circuit import hysteresis_after

Bound = Literal["low", "high"]

# Within this time two crossings count as one; an excursion less deep than this is none.
_SAME_TIME_S = 1e-6
_AIM_S = 0.4 * _SAME_TIME_S
_GRAZE_V = 1e-9
# A solved crossing lies beyond its limit by no more than this, where floats permit.
_SOLVED_V = 1e-9
_NEARBY_V = 1e-3
# A mode this close to its stationary value moves the voltage by less than a crossing resolves.
_STATIONARY = 1e-15
_MOST_STEPS = 60
# Of a time in which a limit is met: after a change of current the voltage moves fastest at first.
_SOON = 1.0 / 64.0
_CLOSE_S = 1e-7


@dataclass(frozen=True, slots=True)
class Crossing:
    """The voltage reaches a limit time_s from now: the "low" or the "high" one."""

    time_s: float
    bound: Bound


class VoltageLimits(NamedTuple):
    """The open interval of voltages in which nothing happens; infinite where there is no limit."""

    low_v: float
    high_v: float

    def passed_by(self, voltage_v: float) -> Bound | None:
        """The limit at or beyond which the voltage lies."""
        if voltage_v <= self.low_v:
            return "low"
        return "high" if voltage_v >= self.high_v else None


def next_crossing(
    path: ConstantCurrentPath, duration_s: float, limits: VoltageLimits
) -> Crossing | None:
    """The earliest time in [0, duration_s] at which the voltage is at or beyond a limit.

    The time is right to 1e-6 s; there the voltage is at the limit or beyond it by 1e-9 V, where
    floats permit. A voltage that leaves its limits by less than 1e-9 V may count as within them.
    """
    if _surely_within(path, duration_s, limits):
        return None
    direction = direction_of(path)
    if direction:
        return MonotonicPath(path, direction).first_crossing(duration_s, limits)
    return first_crossing(path, duration_s, limits)


def _surely_within(path: ConstantCurrentPath, duration_s: float, limits: VoltageLimits) -> bool:
    """Whether bounds that cost little prove that no limit is reached: the usual case."""
    law = path.law
    low, high = path.surface_bounds(duration_s)
    passed = path.inflow_ua_cm2 * duration_s * law.per_uas_cm2
    static_now = static_then = law.static_v * path.hysteresis
    if passed:
        static_then = law.static_v * hysteresis_after(path.hysteresis, passed, law.hysteresis_rate)
    lowest = law.curve.voltage_v(low) + min(static_now, static_then) + path.offset_v
    highest = law.curve.voltage_v(high) + max(static_now, static_then) + path.offset_v
    # Closer to a limit than a crossing resolves, the bounds are not trusted.
    return lowest > limits.low_v + _GRAZE_V and highest < limits.high_v - _GRAZE_V


def direction_of(path: ConstantCurrentPath) -> int:
    """-1 where the voltage can only fall from now on, 1 where it can only rise, else 0.

    Every part of the state approaches its limit without turning, so the present directions stay.
    The hysteresis follows the current.
    """
    law, inflow = path.law, path.inflow_ua_cm2
    drift = path.rate_per_s - law.leak_per_s * path.mean
    distances = list(map(sub, path.modes, map(mul, law.gains, repeat(inflow))))
    if inflow <= 0.0 and drift <= 0.0 and min(distances) >= -_STATIONARY:
        return -1
    if inflow >= 0.0 and drift >= 0.0 and max(distances) <= _STATIONARY:
        return 1
    return 0


class MonotonicPath:
    """A path on which the voltage only falls (direction -1) or only rises (1)."""

    def __init__(self, path: ConstantCurrentPath, direction: int) -> None:
        self._path = path
        self._direction = direction
        law, inflow = path.law, path.inflow_ua_cm2
        self._lead = law.lag_per_ua_cm2 * inflow
        self._distances = [
            (mode - gain * inflow, decay)
            for mode, gain, decay in zip(path.modes, law.gains, law.decays_per_s, strict=True)
        ]

    def first_crossing(self, duration_s: float, limits: VoltageLimits) -> Crossing | None:
        """The instant in [0, duration_s] at which a limit is met, as ``next_crossing``."""
        path = self._path
        bound = limits.passed_by(path.voltage_v(0.0))
        if bound is not None:
            return Crossing(0.0, bound)
        bound = "low" if self._direction < 0 else "high"
        limit_v = limits.low_v if self._direction < 0 else limits.high_v
        if abs(limit_v) == inf or not self._beyond(path.voltage_v(duration_s), limit_v):
            return None
        found = self._proven(self._root_s(duration_s, limit_v), duration_s, limit_v, bound)
        return first_crossing(path, duration_s, limits) if found is None else found

    def _beyond(self, voltage_v: float, limit_v: float) -> bool:
        return voltage_v <= limit_v if self._direction < 0 else voltage_v >= limit_v

    def _proven(
        self, root_s: float, duration_s: float, limit_v: float, bound: Bound
    ) -> Crossing | None:
        """The crossing at a root, if the voltages around it prove it."""
        path = self._path
        _, slope = self._voltage_and_slope(root_s)
        step_s = min(_AIM_S, 0.5 * _SOLVED_V / abs(slope)) if slope else _AIM_S
        after_s = min(root_s + max(step_s, 2.0 * ulp(root_s)), duration_s)
        after_v = path.voltage_v(after_s)
        if not self._beyond(after_v, limit_v) or abs(after_v - limit_v) > _SOLVED_V:
            return None
        before_v = path.voltage_v(max(root_s - _AIM_S, 0.0))
        return None if self._beyond(before_v, limit_v) else Crossing(after_s, bound)

    def _root_s(self, duration_s: float, limit_v: float) -> float:
        """Where the voltage meets the limit, by Newton's rule within a shrinking bracket."""
        inside, outside = 0.0, duration_s
        time_s = self._guess_s(limit_v)
        if not inside < time_s < outside:
            time_s = _SOON * duration_s
        moved_s = inf
        for _ in range(_MOST_STEPS):
            voltage_v, slope = self._voltage_and_slope(time_s)
            if self._beyond(voltage_v, limit_v):
                outside = time_s
            else:
                inside = time_s
            newton_s = time_s + (limit_v - voltage_v) / slope if slope else inf
            step_s = abs(newton_s - time_s)
            if step_s < max(_CLOSE_S, 2.0 * ulp(time_s)):
                return newton_s
            # A step that is not half of the one before halves the bracket: so the end is sure.
            if inside < newton_s < outside and step_s < 0.5 * moved_s:
                moved_s, time_s = step_s, newton_s
            else:
                moved_s, time_s = outside - inside, 0.5 * (inside + outside)
        return time_s

    def _guess_s(self, limit_v: float) -> float:
        """About when the limit is met, with stationary modes: on the plateau while the branch
        turns, or at an end of the curve when it has turned."""
        path, law = self._path, self._path.law
        rate = path.rate_per_s
        if not rate:
            return 0.0
        branch = 1.0 if rate > 0.0 else -1.0
        surface = path.mean + self._lead
        resting_v = limit_v - path.offset_v
        left = branch - (resting_v - law.curve.plateau_v(surface)) / law.static_v
        start = branch - path.hysteresis
        if 0.0 < left / start < 1.0 if start else False:
            return log(start / left) / (law.hysteresis_rate * abs(rate))
        return (law.curve.near(resting_v - branch * law.static_v) - surface) / rate

    def _voltage_and_slope(self, time_s: float) -> tuple[float, float]:
        """Voltage and its slope (V/s) at a time, to rounding; modes that are gone left out."""
        path = self._path
        law = path.law
        mean, drift, hysteresis, turning = path.slow_parts(time_s)
        surface, speed = mean + self._lead, drift
        for distance, decay in self._distances:
            decays = decay * time_s
            if decays > DECAYED:
                break
            left = distance * exp(-decays)
            surface += left
            speed -= decay * left
        voltage = law.curve.voltage_v(surface) + law.static_v * hysteresis + path.offset_v
        return voltage, law.curve.slope_v(surface) * speed + law.static_v * turning


def first_crossing(
    path: ConstantCurrentPath, duration_s: float, limits: VoltageLimits
) -> Crossing | None:
    """As ``next_crossing``, on any path: halves intervals until each is proven."""
    now = path.at(0.0)
    bound = limits.passed_by(now.voltage_v)
    if bound is not None:
        return Crossing(0.0, bound)
    # Invariant: the voltage at the start of the interval on top lies within the limits.
    pending = [(now, path.at(duration_s))]
    while pending:
        start, end = pending.pop()
        bound = limits.passed_by(end.voltage_v)
        span = path.enclose(start, end)
        if bound is None and _holds(span, limits):
            continue
        monotone = span.least_v_per_s >= 0.0 or span.most_v_per_s <= 0.0
        if bound is not None and (monotone or end.time_s - start.time_s <= _SAME_TIME_S):
            return _solved(path, start, end, bound, limits)
        middle_s = 0.5 * (start.time_s + end.time_s)
        if not start.time_s < middle_s < end.time_s:
            # Neighbouring floats: nothing lies between.
            if bound is not None:
                return Crossing(end.time_s, bound)
            continue
        middle = path.at(middle_s)
        pending.append((middle, end))
        pending.append((start, middle))
    return None


def _holds(span: Enclosure, limits: VoltageLimits) -> bool:
    return span.lowest_v > limits.low_v - _GRAZE_V and span.highest_v < limits.high_v + _GRAZE_V


def _solved(
    path: ConstantCurrentPath,
    inside: Instant,
    outside: Instant,
    bound: Bound,
    limits: VoltageLimits,
) -> Crossing:
    """The crossing between two instants, by Newton's rule kept within a shrinking bracket."""
    limit = limits.low_v if bound == "low" else limits.high_v
    latest = outside
    for step in count():
        width = outside.time_s - inside.time_s
        far = width > _SAME_TIME_S
        if not far and abs(outside.voltage_v - limit) <= _SOLVED_V:
            break
        guess_s = inside.time_s + 0.5 * width
        # The steep side leads to the crossing from afar; the flat side only from nearby.
        near = latest if abs(latest.voltage_v - limit) < _NEARBY_V else outside
        slope = path.slope_v_per_s(near)
        # Every fourth step only halves the bracket, so that the end is sure.
        if slope and step % 4 != 3:
            newton_s = near.time_s + (limit - near.voltage_v) / slope
            if far:
                # Aims a little beyond the crossing, so that a good guess closes the bracket.
                newton_s += _AIM_S if near is inside else -_AIM_S
            if inside.time_s < newton_s < outside.time_s:
                guess_s = newton_s
        if not inside.time_s < guess_s < outside.time_s:
            break  # neighbouring floats
        latest = path.at(guess_s)
        if limits.passed_by(latest.voltage_v) is None:
            inside = latest
        else:
            outside = latest
    return Crossing(outside.time_s, bound)
