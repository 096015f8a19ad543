"""The buffer capacitor under constant power: voltages, times and losses in closed form.

A capacitance C with a leakage resistance R across it and a resistance Rs in series. A constant
power p is taken at the terminals (negative: put in). With u the voltage at the terminals and

    w = u^2,   q = p Rs,   a = p (R + Rs),   b = Rs / (R + Rs)

the voltage on the capacitance is V = u + q / u, and the charge balance separates:

    t = (C R / 2) [ (1 + b) ln((w0 + a) / (w + a)) - b ln(w0 / w) ]

Without leakage and series resistance this is C V^2 / 2 falling linearly at p; without power it
is the exponential decay with R C. Units: V, uF, Mohm, uW, uJ, s; only Rs is given in ohm.
"""

from dataclasses import dataclass
from math import expm1, inf, log1p, sqrt
from typing import NamedTuple

_MOST_ITERATIONS = 60


class Stretch(NamedTuple):
    """What a time under constant power did: the voltage after it, and where energy went."""

    capacitance_v: float
    leakage_uj: float
    series_uj: float


class _Course(NamedTuple):
    """The numbers of the formula above for one voltage and one power."""

    w: float
    q: float
    a: float
    b: float
    half_rc_s: float


@dataclass(frozen=True)
class Capacitor:
    """capacitance_uf with leakage_mohm across it and series_ohm before it.

    Raises ValueError where capacitance or leakage resistance is not above 0, or the series
    resistance below 0.
    """

    capacitance_uf: float
    leakage_mohm: float
    series_ohm: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.capacitance_uf < inf:
            raise ValueError(f"capacitance_uf must be above 0, not {self.capacitance_uf!r}")
        if not 0 < self.leakage_mohm < inf:
            raise ValueError(f"leakage_mohm must be above 0, not {self.leakage_mohm!r}")
        if not 0 <= self.series_ohm < inf:
            raise ValueError(f"series_ohm must be at least 0, not {self.series_ohm!r}")

    def energy_uj(self, capacitance_v: float) -> float:
        """Return the energy stored at a voltage on the capacitance, uJ."""
        return 0.5 * self.capacitance_uf * capacitance_v * capacitance_v

    def terminal_v(self, capacitance_v: float, taken_uw: float) -> float:
        """Return the voltage at the terminals; 0 when so much power cannot be taken at all."""
        square = capacitance_v * capacitance_v - 4e-6 * taken_uw * self.series_ohm
        return 0.5 * (capacitance_v + sqrt(square)) if square >= 0.0 else 0.0

    def collapse_v(self, taken_uw: float) -> float:
        """Return the terminal voltage below which this power cannot be taken, V."""
        return sqrt(1e-6 * max(taken_uw, 0.0) * self.series_ohm)

    def time_to_s(self, capacitance_v: float, taken_uw: float, target_v: float) -> float | None:
        """Return when the terminals reach `target_v`, None if they never do.

        Raises ValueError when the power cannot be taken at this voltage.
        """
        course = self._course(capacitance_v, taken_uw)
        change = target_v * target_v - course.w
        if change == 0.0:
            return 0.0
        distance = course.w + course.a
        # The square of the voltage moves towards -a and does not reach it.
        if distance == 0.0 or change / distance >= 0.0 or change / distance <= -1.0:
            return None
        if target_v * target_v < course.q:
            return None
        return _time_s(course, log1p(change / distance), change)

    def after(self, capacitance_v: float, taken_uw: float, duration_s: float) -> Stretch:
        """Let constant power act for `duration_s`; exact for any duration.

        Raises ValueError when the power cannot be taken at this voltage. Where it cannot be
        taken to the end, the voltage stays where that became impossible.
        """
        course = self._course(capacitance_v, taken_uw)
        distance = course.w + course.a
        if duration_s <= 0.0:
            return Stretch(capacitance_v, 0.0, 0.0)
        y = _logarithm_after(course, duration_s)
        change = distance * expm1(y)
        w = max(course.w + change, course.q, 0.0)
        series_uj = _series_uj(course, taken_uw, y, w, change)
        share = self.series_ohm * 1e-6 / self.leakage_mohm
        leakage_uj = (
            0.5 * self.capacitance_uf * ((course.q + course.a) * y - change)
            + 2.0 * course.q * duration_s / self.leakage_mohm
            + share * series_uj
        )
        u = sqrt(w)
        return Stretch(u + (course.q / u if course.q else 0.0), leakage_uj, series_uj)

    def _course(self, capacitance_v: float, taken_uw: float) -> _Course:
        u = self.terminal_v(capacitance_v, taken_uw)
        if taken_uw > 0.0 and u == 0.0:
            raise ValueError(
                f"{taken_uw:g} uW cannot be taken from a capacitor of {self.series_ohm:g} ohm"
                f" at {capacitance_v:g} V"
            )
        series_mohm = 1e-6 * self.series_ohm
        both_mohm = self.leakage_mohm + series_mohm
        return _Course(
            w=u * u,
            q=taken_uw * series_mohm,
            a=taken_uw * both_mohm,
            b=series_mohm / both_mohm,
            half_rc_s=0.5 * self.capacitance_uf * self.leakage_mohm,
        )


def _time_s(course: _Course, y: float, change: float) -> float:
    """Return the time in which ln((w + a) / (w0 + a)) becomes `y` and w changes by `change`."""
    series = course.b * log1p(change / course.w) if course.b and course.q else course.b * y
    return course.half_rc_s * (series - (1.0 + course.b) * y)


def _logarithm_after(course: _Course, duration_s: float) -> float:
    """Return y = ln((w + a) / (w0 + a)) after a time, by Newton's method.

    The slope lies between 1 - q / w0 and 2, and the function bends one way only, so that the
    steps go to the root from one side.
    """
    aim = duration_s / course.half_rc_s
    if not course.b or not course.q:
        return -aim
    distance = course.w + course.a
    y = 0.0
    for _ in range(_MOST_ITERATIONS):
        change = distance * expm1(y)
        w = course.w + change
        if w <= course.q:
            return log1p((course.q - course.w) / distance)
        fault = aim - _time_s(course, y, change) / course.half_rc_s
        slope = 1.0 - course.q / w
        step = fault / slope
        y -= step
        if abs(step) <= 2e-16 * abs(y):
            break
    return y


def _series_uj(course: _Course, taken_uw: float, y: float, w: float, change: float) -> float:
    """Return the energy that the series resistance took while w changed by `change`."""
    if not course.q:
        return 0.0
    logarithms = (1.0 + course.b) * (log1p(change / course.w) - y)
    inverse = -course.q * change / (w * course.w)
    return -course.half_rc_s * taken_uw * course.b * (logarithms + inverse)
