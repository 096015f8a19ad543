"""The current under which a cell shows a voltage: one, or those of a hold; and the root of any
rising function."""

from collections.abc import Callable
from math import copysign, inf, sqrt

from filmgauge_sim.cell import FilmCell, SteppedCell
from filmgauge_sim.cell.liquid import LiquidCell
from filmgauge_sim.lab.specimen import Specimen

# How close to a voltage a current is sought.
_CLOSE_V = 1e-5
# How much closer a slope of the step before brings it, and how far a slope is good for at all.
_SLOPE_TRUST, _BENT_V = 8.0, 0.01
# Where a voltage leaps no current gives it: the search ends when the bracket is so narrow.
_SAME_SHARE = 1e-7


def current_for_voltage(
    cell: Specimen | SteppedCell,
    voltage_v: float,
    temperature_c: float,
    step_s: float,
    near_ua_cm2: float,
    reach_ua_cm2: float | None = None,
) -> float:
    """The current (uA/cm2) under which the cell shows voltage_v after step_s.

    It is sought near a guess; reach_ua_cm2: by how much that may be wrong, where it is known.
    """
    excess_v = _excess_v(cell, voltage_v, temperature_c, step_s)
    return rising_root(excess_v, near_ua_cm2, _CLOSE_V, reach_ua_cm2)


class HoldSearch:
    """The currents (uA/cm2) of a hold, one after the other, by secants within a bracket; the
    first slope is that of the current before."""

    def __init__(self, cell: Specimen, voltage_v: float, temperature_c: float) -> None:
        self._cell = cell
        self._voltage_v = voltage_v
        self._temperature_c = temperature_c
        self._slope = 0.0  # V cm2/uA

    def current(self, step_s: float, guess: float, begun: float | None = None) -> float:
        """The current under which the cell shows the voltage after step_s, sought near a guess.

        It is constant, or reached from ``begun``. Where the voltage leaps there may be none: then
        it is that at which it leaps.
        """
        excess_v = _excess_v(self._cell, self._voltage_v, self._temperature_c, step_s, begun)
        at, value = guess, excess_v(guess)
        if not self._slope:
            beside = 1e-3 * abs(at) + 1e-9
            self._slope = (excess_v(at + beside) - value) / beside
        below, above, most_v = -inf, inf, _CLOSE_V * _SLOPE_TRUST
        reach, misses, halvings = 0.5 * abs(at) + 1e-3, 0, 0
        while abs(value) > most_v:
            if value < 0.0:
                below = at
            else:
                above = at
            then = at - value / self._slope
            if above - below == inf:
                if abs(then - at) > reach:
                    then = at - copysign(reach, value)
                    reach *= 3.0
            elif above - below <= _SAME_SHARE * max(abs(guess), abs(at)):
                return at
            elif halvings or not below < then < above:
                then = 0.5 * (below + above)
                halvings = max(halvings - 1, 0)
            shown = excess_v(then)
            if then != at and (shown - value) / (then - at) > 0.0:
                self._slope = (shown - value) / (then - at)
            if not halvings and above - below < inf and abs(shown) > 0.5 * abs(value):
                misses += 1
                halvings = 2 * misses
            # What the next secant will leave is no more than the square over the value before.
            most_v = max(sqrt(_CLOSE_V * min(abs(value), _BENT_V)), _CLOSE_V)
            at, value = then, shown
        return at if abs(value) <= _CLOSE_V else at - value / self._slope


def _excess_v(
    cell: Specimen | SteppedCell,
    voltage_v: float,
    temperature_c: float,
    step_s: float,
    begun_ua_cm2: float | None = None,
) -> Callable[[float], float]:
    """By how much the cell would be above a voltage after a current (uA/cm2) for step_s, or after
    one that has moved there from begun_ua_cm2."""
    area_cm2 = cell.area_cm2
    begun_ua = None if begun_ua_cm2 is None else begun_ua_cm2 * area_cm2
    if isinstance(cell, FilmCell):
        after_v = cell.voltage_after_v(temperature_c, step_s, begun_ua)
    else:
        after_v = _after_v(cell, temperature_c, step_s, begun_ua)
    return lambda current: after_v(current * area_cm2) - voltage_v


def _after_v(
    cell: LiquidCell | SteppedCell, temperature_c: float, step_s: float, begun_ua: float | None
) -> Callable[[float], float]:
    """As FilmCell.voltage_after_v, of any cell."""

    def after_v(current_ua: float) -> float:
        twin = cell.clone()
        acting_ua = current_ua if begun_ua is None else 0.5 * (begun_ua + current_ua)
        twin.advance(acting_ua, temperature_c, step_s)
        return twin.voltage_v(current_ua, temperature_c)

    return after_v


def rising_root(
    rising: Callable[[float], float], near: float, tolerance: float, reach: float | None = None
) -> float:
    """Where a rising function vanishes, to ``tolerance`` of its value: bracket, then Illinois.

    The bracket begins as wide as ``reach``, a fiftieth of ``near`` unless given.
    """
    value = rising(near)
    if abs(value) <= tolerance:
        return near
    reach = reach or 0.02 * abs(near) + 1e-3
    other, other_value = near, value
    while value * other_value > 0.0:
        near, value = other, other_value
        other = near - reach if value > 0.0 else near + reach
        other_value = rising(other)
        reach *= 3.0
        if reach > 1e9:
            raise ValueError("no current gives this voltage.")
    for step in range(200):
        guess = (near * other_value - other * value) / (other_value - value)
        if step % 5 == 4:
            guess = 0.5 * (near + other)
        found = rising(guess)
        if abs(found) <= tolerance or guess in (near, other):
            return guess
        if found * other_value < 0.0:
            near, value = other, other_value
        else:
            value *= 0.5
        other, other_value = guess, found
    return other
