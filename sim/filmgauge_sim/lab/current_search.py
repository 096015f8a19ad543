"""The current under which a cell shows a voltage, and the root of any rising function."""

from collections.abc import Callable

from filmgauge_sim.cell import FilmCell, SteppedCell
from filmgauge_sim.cell.liquid import LiquidCell
from filmgauge_sim.lab.specimen import Specimen

# How close to a voltage a current is sought.
CLOSE_V = 1e-5


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
    excess_v = excess_voltage_v(cell, voltage_v, temperature_c, step_s)
    return rising_root(excess_v, near_ua_cm2, CLOSE_V, reach_ua_cm2)


def excess_voltage_v(
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
