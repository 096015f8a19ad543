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
from functools import cached_property
from math import expm1, inf, log1p, sqrt
from typing import NamedTuple

_MOST_ITERATIONS = 60
# Newton's rule doubles the digits: after a step as small as this the next one changes no bit.
_LAST_STEP = 1e-9


class Stretch(NamedTuple):
    """What a time under constant power did: the voltage after it, and where energy went."""

    capacitance_v: float
    leakage_uj: float
    series_uj: float


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

    @cached_property
    def series_mohm(self) -> float:
        """The series resistance in Mohm."""
        return 1e-6 * self.series_ohm

    @cached_property
    def both_mohm(self) -> float:
        """R + Rs of the formula above, Mohm."""
        return self.leakage_mohm + self.series_mohm

    @cached_property
    def series_share(self) -> float:
        """b of the formula above."""
        return self.series_mohm / self.both_mohm

    @cached_property
    def half_rc_s(self) -> float:
        """C R / 2, s."""
        return 0.5 * self.capacitance_uf * self.leakage_mohm

    def energy_uj(self, capacitance_v: float) -> float:
        """Return the energy stored at a voltage on the capacitance, uJ."""
        return 0.5 * self.capacitance_uf * capacitance_v * capacitance_v

    def terminal_v(self, capacitance_v: float, taken_uw: float) -> float:
        """Return the voltage at the terminals; 0 when so much power cannot be taken at all."""
        return Course(self, capacitance_v, taken_uw).terminal_v

    def collapse_v(self, taken_uw: float) -> float:
        """Return the terminal voltage below which this power cannot be taken, V."""
        return sqrt(taken_uw * self.series_mohm) if taken_uw > 0.0 else 0.0

    def time_to_s(self, capacitance_v: float, taken_uw: float, target_v: float) -> float | None:
        """Return when the terminals reach `target_v`, None if they never do.

        Raises ValueError when the power cannot be taken at this voltage.
        """
        return Course(self, capacitance_v, taken_uw).time_to_s(target_v)

    def after(self, capacitance_v: float, taken_uw: float, duration_s: float) -> Stretch:
        """Let constant power act for `duration_s`; exact for any duration.

        Raises ValueError when the power cannot be taken at this voltage. Where it cannot be
        taken to the end, the voltage stays where that became impossible.
        """
        return Course(self, capacitance_v, taken_uw).after(duration_s)


class Course:
    """What a capacitor does from one voltage under one constant power.

    Raises ValueError, when asked, where the power cannot be taken at this voltage.
    """

    __slots__ = ("_capacitance_v", "_distance", "_part", "_q", "_taken_uw", "_w", "terminal_v")

    def __init__(self, part: Capacitor, capacitance_v: float, taken_uw: float) -> None:
        # The letters of the formula above; the distance is w + a.
        self._q = q = taken_uw * part.series_mohm
        square = capacitance_v * capacitance_v - 4.0 * q
        self.terminal_v = u = 0.5 * (capacitance_v + sqrt(square)) if square >= 0.0 else 0.0
        self._w = w = u * u
        self._distance = w + taken_uw * part.both_mohm
        self._part = part
        self._capacitance_v = capacitance_v
        self._taken_uw = taken_uw

    @property
    def falls(self) -> bool:
        """Whether the voltage moves down."""
        return self._distance > 0.0

    def time_to_s(self, target_v: float) -> float | None:
        """See Capacitor."""
        if not self.terminal_v:
            self._refuse()
        target = target_v * target_v
        change = target - self._w
        if change == 0.0:
            return 0.0
        # The square of the voltage moves towards -a and does not reach it.
        share = change / self._distance if self._distance else 0.0
        if not -1.0 < share < 0.0 or target < self._q:
            return None
        return self._part.half_rc_s * self._half_rcs(log1p(share), change)

    def after(self, duration_s: float) -> Stretch:
        """See Capacitor."""
        if not self.terminal_v:
            self._refuse()
        if duration_s <= 0.0:
            return Stretch(self._capacitance_v, 0.0, 0.0)
        part, q, w0 = self._part, self._q, self._w
        half_rcs = duration_s / part.half_rc_s
        y = self._logarithm_after(half_rcs) if q else -half_rcs
        change = self._distance * expm1(y)
        w = w0 + change
        if w < q or w < 0.0:
            w = q if q > 0.0 else 0.0
        u = sqrt(w)
        leakage_uj = 0.5 * part.capacitance_uf * ((q + self._distance - w0) * y - change)
        if not q:
            return Stretch(u, leakage_uj, 0.0)
        logarithms = (1.0 + part.series_share) * (log1p(change / w0) - y)
        inverse = q * change / (w * w0)
        series_uj = part.half_rc_s * self._taken_uw * part.series_share * (inverse - logarithms)
        leakage_uj += (2.0 * q * duration_s + part.series_mohm * series_uj) / part.leakage_mohm
        return Stretch(u + q / u, leakage_uj, series_uj)

    def _refuse(self) -> None:
        if self._taken_uw > 0.0:
            raise ValueError(
                f"{self._taken_uw:g} uW cannot be taken from a capacitor of"
                f" {self._part.series_ohm:g} ohm at {self._capacitance_v:g} V"
            )

    def _half_rcs(self, y: float, change: float) -> float:
        """Return when ln((w + a) / (w0 + a)) is `y` and w has changed by `change`, in C R / 2."""
        b = self._part.series_share
        series = b * log1p(change / self._w) if self._q else b * y
        return series - (1.0 + b) * y

    def _logarithm_after(self, half_rcs: float) -> float:
        """Return y = ln((w + a) / (w0 + a)) after a time in C R / 2, by Newton's method.

        The slope lies between 1 - q / w0 and 2, and the function bends one way only, so that the
        steps go to the root from one side.
        """
        q, w0, distance, b = self._q, self._w, self._distance, self._part.series_share
        both = 1.0 + b
        y = -half_rcs * w0 / (w0 - q)  # the first step, from 0
        for _ in range(_MOST_ITERATIONS):
            change = distance * expm1(y)
            w = w0 + change
            if w <= q:
                return log1p((q - w0) / distance)
            step = (half_rcs - b * log1p(change / w0) + both * y) * w / (w - q)
            y -= step
            if abs(step) <= _LAST_STEP * abs(y):
                break
        return y
