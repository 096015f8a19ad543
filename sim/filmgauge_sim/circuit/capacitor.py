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
from math import expm1, inf, log, log1p, sqrt

_MOST_ITERATIONS = 60
# Newton's rule doubles the digits: after a step as small as this the next one changes no bit.
_LAST_STEP = 1e-9


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
    def _numbers(self) -> tuple[float, float, float, float]:
        """Rs, R + Rs (Mohm), b and C R / 2 (s) of the formula above."""
        both_mohm = self.leakage_mohm + self.series_mohm
        half_rc_s = 0.5 * self.capacitance_uf * self.leakage_mohm
        return self.series_mohm, both_mohm, self.series_mohm / both_mohm, half_rc_s

    def energy_uj(self, capacitance_v: float) -> float:
        """Return the energy stored at a voltage on the capacitance, uJ."""
        return 0.5 * self.capacitance_uf * capacitance_v * capacitance_v

    def terminal_v(self, capacitance_v: float, taken_uw: float) -> float:
        """Return the voltage at the terminals; 0 when so much power cannot be taken at all."""
        square = capacitance_v * capacitance_v - 4.0 * taken_uw * self.series_mohm
        return 0.5 * (capacitance_v + sqrt(square)) if square >= 0.0 else 0.0

    def collapse_v(self, taken_uw: float) -> float:
        """Return the terminal voltage below which this power cannot be taken, V."""
        return sqrt(taken_uw * self.series_mohm) if taken_uw > 0.0 else 0.0

    def usable_uj(self, capacitance_v: float, taken_uw: float, least_v: float) -> float:
        """Return what a power gets at the terminals from a voltage on the capacitance on, until
        they are at `least_v` or it cannot be taken any more; leakage apart."""
        begin_v = self.terminal_v(capacitance_v, taken_uw)
        end_v = max(least_v, self.collapse_v(taken_uw))
        if begin_v <= end_v:
            return 0.0
        squares = 0.5 * (begin_v * begin_v - end_v * end_v)
        lost = taken_uw * self.series_mohm * log(begin_v / end_v)
        return self.capacitance_uf * (squares - lost)

    def falls(self, terminal_v: float, taken_uw: float) -> bool:
        """Return whether a voltage at the terminals sinks under a power."""
        return terminal_v * terminal_v + taken_uw * self._numbers[1] > 0.0

    def time_to_s(self, terminal_v: float, taken_uw: float, target_v: float) -> float | None:
        """Return when the terminals get from one voltage to another, None if they never do."""
        if target_v == terminal_v:
            return 0.0
        series_mohm, both_mohm, b, half_rc_s = self._numbers
        w = terminal_v * terminal_v
        target = target_v * target_v
        distance = w + taken_uw * both_mohm
        # The square of the voltage moves towards -a and does not reach it.
        share = (target - w) / distance if distance else 0.0
        if not -1.0 < share < 0.0 or target < taken_uw * series_mohm:
            return None
        y = log1p(share)
        series = log1p((target - w) / w) if w and taken_uw else y
        return half_rc_s * (b * series - (1.0 + b) * y)

    def after(
        self, capacitance_v: float, taken_uw: float, duration_s: float
    ) -> tuple[float, float, float]:
        """Let constant power act for `duration_s`; exact for any duration.

        Returns the voltage on the capacitance after it (V), and the energies that went into the
        leakage and into the series resistance (uJ).

        Raises ValueError when the power cannot be taken at this voltage. Where it cannot be
        taken to the end, the voltage stays where that became impossible.
        """
        if duration_s <= 0.0:
            return capacitance_v, 0.0, 0.0
        series_mohm, both_mohm, b, half_rc_s = self._numbers
        q = taken_uw * series_mohm
        square = capacitance_v * capacitance_v - 4.0 * q
        if square < 0.0:
            raise ValueError(
                f"{taken_uw:g} uW cannot be taken from a capacitor of {self.series_ohm:g} ohm"
                f" at {capacitance_v:g} V"
            )
        u = 0.5 * (capacitance_v + sqrt(square))
        w0 = u * u
        a = taken_uw * both_mohm
        half_rcs = duration_s / half_rc_s
        y = _logarithm_after(half_rcs, w0, q, a, b) if q else -half_rcs
        change = (w0 + a) * expm1(y)
        w = w0 + change
        if w < q or w < 0.0:
            w = q if q > 0.0 else 0.0
        u = sqrt(w)
        leakage_uj = 0.5 * self.capacitance_uf * ((q + a) * y - change)
        if not q:
            return u, leakage_uj, 0.0
        logarithms = (1.0 + b) * (log1p(change / w0) - y)
        series_uj = half_rc_s * taken_uw * b * (q * change / (w * w0) - logarithms)
        leakage_uj += (2.0 * q * duration_s + series_mohm * series_uj) / self.leakage_mohm
        return u + q / u, leakage_uj, series_uj


def _logarithm_after(half_rcs: float, w0: float, q: float, a: float, b: float) -> float:
    """Return y = ln((w + a) / (w0 + a)) after a time in C R / 2, by Newton's method.

    The slope lies between 1 - q / w0 and 2, and the function bends one way only, so that the
    steps go to the root from one side.
    """
    # The first step goes from 0, with the slope half of the way on.
    middle = w0 - 0.5 * (w0 + a) * half_rcs * w0 / (w0 - q)
    y = -half_rcs * (middle / (middle - q) if middle > 2.0 * q else w0 / (w0 - q))
    for _ in range(_MOST_ITERATIONS):
        change = (w0 + a) * expm1(y)
        w = w0 + change
        if w <= q:
            return log1p((q - w0) / (w0 + a))
        step = (half_rcs - b * log1p(change / w0) + (1.0 + b) * y) * w / (w - q)
        y -= step
        if abs(step) <= _LAST_STEP * abs(y):
            break
    return y
