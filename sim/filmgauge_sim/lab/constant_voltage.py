"""A hold: the currents under which a cell keeps a voltage, one after the other.

In each step the current moves evenly from what holds the voltage at its beginning to what holds
it at its end, so that all that stands between two steps is an instant of the hold, and the charge
is the area under the currents. A step is as long as the current fades by so much and no more.
"""

from math import cbrt, exp, inf, log

from filmgauge_sim.lab.current_search import HoldSearch
from filmgauge_sim.lab.specimen import Specimen

_FIRST_S, _LEAST_S, LONGEST_STEP_S = 1.0, 1e-3, 600.0
_GROWTH = 1.5
# By how much the logarithm of the current changes in a step: an even fall errs by a twelfth of
# the square of it, which may be this share of the capacity.
_LEAST_FADE, _MOST_FADE, _ERROR_SHARE = 0.12, 0.3, 2e-5
# What a step may be too long by before it is done again.
_FADE_SLACK = 1.3
# Where the current leaps, as where a hold goes on from another voltage, steps pass this share of
# the capacity at most.
_LEAP_S, _LEAP_SHARE, _FIRST_LEAP = 2.0, 1e-4, 0.1
_SAME_V = 1e-4
# How close the last current is to that which ends the hold, or else the end to a leap.
_MET_SHARE, _MET_LEAP = 3e-4, 0.01


class ConstantVoltage:
    """A hold of a cell at temperature_c, in the direction of from_ua_cm2, a current before it.

    Where the cell shows the voltage under that current the hold goes on from it (``goes_on``),
    otherwise it begins with whatever the voltage takes. current_ua_cm2: that at this instant.
    has_faded: whether it has come to the size that was asked for.
    """

    def __init__(
        self, cell: Specimen, voltage_v: float, temperature_c: float, from_ua_cm2: float
    ) -> None:
        self._cell, self._voltage_v, self._temperature_c = cell, voltage_v, temperature_c
        self._direction = 1.0 if from_ua_cm2 > 0.0 else -1.0
        self._search = HoldSearch(cell, voltage_v, temperature_c)
        self._capacity_uas_cm2 = 3600.0 * cell.capacity_uah / cell.area_cm2
        self._leap_uas_cm2 = _LEAP_SHARE * self._capacity_uas_cm2
        self._step_s = _FIRST_S
        self._fading: _Fading | None = None
        # A current that swings about its own course is constant for a step.
        self._damps = False
        self.current_ua_cm2, self.has_faded = from_ua_cm2, False
        shown_v = cell.voltage_v(from_ua_cm2 * cell.area_cm2, temperature_c)
        self.goes_on = abs(shown_v - voltage_v) <= _SAME_V
        if not self.goes_on:
            self._leap()

    @property
    def size_ua_cm2(self) -> float:
        """The size of the current at this instant, negative in the other direction."""
        return self.current_ua_cm2 * self._direction

    def advance(self, longest_s: float, until_ua_cm2: float) -> tuple[float, float]:
        """Hold for a step; returns its seconds, at most longest_s, and its mean current.

        A step in which the current fades to the size until_ua_cm2 ends there.
        """
        begun, step_s, swings = self.current_ua_cm2, min(self._step_s, longest_s), False
        if not self.goes_on:
            self.goes_on = True
            return step_s, self._act(begun, step_s)
        step_s, found, fade = self._suitable_step(step_s)
        if found * self._direction < until_ua_cm2:
            step_s, found = self._until(until_ua_cm2, step_s, found)
            self.has_faded = True
        else:
            swings = self._fading is not None and fade * self._fading.per_s < 0.0
            self._fading = _Fading(fade / step_s, self._fading)
            suits_s = step_s * self._most_fade(fade, step_s) / abs(fade) if fade else inf
            if found:  # however much it fades, so little may pass
                suits_s = max(suits_s, self._leap_uas_cm2 / abs(found))
            self._step_s = min(_GROWTH * step_s, suits_s, LONGEST_STEP_S)
        mean_ua_cm2 = self._act(found, step_s)
        self._damps = swings
        return step_s, mean_ua_cm2

    def _leap(self) -> None:
        """Find the first current, and a time in which little of it passes."""
        step_s = _LEAP_S
        current = self._search.current(step_s, self.current_ua_cm2)
        while abs(current) * step_s > _FIRST_LEAP * self._leap_uas_cm2 and step_s > _LEAST_S:
            step_s = max(0.25 * step_s, _LEAST_S)
            current = self._search.current(step_s, current)
        self.current_ua_cm2, self._step_s = current, step_s

    def _suitable_step(self, step_s: float) -> tuple[float, float, float]:
        """The longest step up to a time that is exact enough, its last current, and its fade."""
        while True:
            found, fade = self._after(step_s)
            most_fade = self._most_fade(fade, step_s)
            leaps = abs(self.current_ua_cm2) * step_s <= self._leap_uas_cm2
            if abs(fade) <= _FADE_SLACK * most_fade or leaps or step_s <= _LEAST_S:
                return step_s, found, fade
            step_s = max(step_s * min(0.5, max(0.1, most_fade / abs(fade))), _LEAST_S)

    def _most_fade(self, fade: float, step_s: float) -> float:
        """How much the current may fade in a step, where it fades as it does in this one."""
        fades_per_s = abs(fade) / step_s
        error_uas_cm2 = 12.0 * _ERROR_SHARE * self._capacity_uas_cm2
        suits = cbrt(error_uas_cm2 * fades_per_s / abs(self.current_ua_cm2))
        return min(max(suits, _LEAST_FADE), _MOST_FADE)

    def _after(self, step_s: float) -> tuple[float, float]:
        """The current that ends a step, and by how much its logarithm falls."""
        begun, fading = self.current_ua_cm2, self._fading
        guess = begun * exp(-fading.in_next(step_s)) if fading else begun
        found = self._search.current(step_s, guess, None if self._damps else begun)
        return found, log(begun / found) if found * begun > 0.0 else inf

    def _until(self, until_ua_cm2: float, step_s: float, found: float) -> tuple[float, float]:
        """The step in which the current fades to a size, shorter than one that goes beyond."""
        inside_s, inside, halves = 0.0, self.size_ua_cm2, False
        outside_s, outside = step_s, found * self._direction
        while (outside_s - inside_s) * self.size_ua_cm2 > _MET_LEAP * self._leap_uas_cm2:
            share, width_s = 0.5, outside_s - inside_s
            if outside > 0.0 and not halves:
                share = log(inside / until_ua_cm2) / log(inside / outside)
            at_s = inside_s + share * width_s
            at, _ = self._after(at_s)
            size = at * self._direction
            if size > until_ua_cm2 * (1.0 + _MET_SHARE):
                inside_s, inside = at_s, size
            else:
                outside_s, outside, found = at_s, size, at
                if size >= until_ua_cm2 * (1.0 - _MET_SHARE):
                    break
            halves = not halves and outside_s - inside_s > 0.5 * width_s
        return outside_s, found

    def _act(self, current_ua_cm2: float, step_s: float) -> float:
        """Let the current move there in a step, or be that; returns its mean."""
        cell = self._cell
        begun = current_ua_cm2 if self._damps else self.current_ua_cm2
        mean_ua_cm2, change_ua_cm2 = 0.5 * (begun + current_ua_cm2), current_ua_cm2 - begun
        area_cm2 = cell.area_cm2
        cell.advance(mean_ua_cm2 * area_cm2, self._temperature_c, step_s, change_ua_cm2 * area_cm2)
        self.current_ua_cm2 = current_ua_cm2
        return mean_ua_cm2


class _Fading:
    """How fast the logarithm of the current fell in the last step, and whether faster than in the
    one before."""

    def __init__(self, per_s: float, before: "_Fading | None") -> None:
        self.per_s, self._ratio = per_s, 1.0
        if before is not None and per_s * before.per_s > 0.0:
            self._ratio = min(max(per_s / before.per_s, 0.5), 2.0)

    def in_next(self, step_s: float) -> float:
        """By how much it is going to fall in the next step."""
        return self.per_s * self._ratio * step_s
