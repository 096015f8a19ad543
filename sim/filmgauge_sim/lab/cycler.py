"""The cycler: constant current to a voltage, constant voltage, rest.

Limits are met exactly (the cell's own crossing search). A constant voltage is held by steps of
constant current, each chosen so that the voltage is met at its end; the steps grow while the
current fades.
"""

from collections.abc import Callable, Sequence

from filmgauge_sim.lab.specimen import Specimen
from filmgauge_sim.lab.trace import Trace

_LONGEST_S = 3.6e6  # a thousand hours: no step of an experiment takes longer
_FIRST_HOLD_S = 2.0
_HOLD_GROWTH = 1.25
_LONGEST_HOLD_STEP_S = 600.0
_HELD_V = 1e-5


class NeverEnds(ValueError):
    """A step does not reach its end within a thousand hours; the text says which."""


def run_current(
    cell: Specimen,
    current_ua_cm2: float,
    temperature_c: float,
    *,
    until_v: float | None = None,
    longest_s: float | None = None,
    trace: Trace | None = None,
) -> float:
    """Constant current until a voltage, a time or the first of both; returns the seconds.

    The voltage is a lower limit for a discharge, an upper one for a charge. Raises NeverEnds when
    there is no time limit and the voltage is not reached.
    """
    limit_s = _LONGEST_S if longest_s is None else longest_s
    end_s = limit_s
    if until_v is not None:
        low, high = (None, until_v) if current_ua_cm2 > 0.0 else (until_v, None)
        current_ua = current_ua_cm2 * cell.area_cm2
        found = cell.next_crossing(current_ua, temperature_c, limit_s, low, high)
        if found is not None:
            end_s = found.time_s
        elif longest_s is None:
            raise NeverEnds(
                f"{until_v:g} V is not reached within 1000 h at {current_ua_cm2:g} uA/cm2"
                f" and {temperature_c:g} degC."
            )
    pass_step(cell, current_ua_cm2, temperature_c, end_s, trace)
    return end_s


def pass_step(
    cell: Specimen,
    current_ua_cm2: float,
    temperature_c: float,
    duration_s: float,
    trace: Trace | None = None,
    shares: Sequence[float] = (),
) -> None:
    """Constant current for a time; with a trace, in parts that end at these shares of it.

    Without shares there are as many as the trace wants, dense at both ends.
    """
    current_ua = current_ua_cm2 * cell.area_cm2
    if trace is None:
        cell.advance(current_ua, temperature_c, duration_s)
        return
    trace.step += 1
    trace.add(cell.voltage_v(current_ua, temperature_c), current_ua_cm2, temperature_c)
    even = (k / trace.points for k in range(1, trace.points + 1))
    done = 0.0
    for share in shares or (x * x * (3.0 - 2.0 * x) for x in even):
        part = share * duration_s
        cell.advance(current_ua, temperature_c, part - done)
        trace.pass_time(part - done, current_ua_cm2)
        trace.add(cell.voltage_v(current_ua, temperature_c), current_ua_cm2, temperature_c)
        done = part


def hold_voltage(
    cell: Specimen,
    voltage_v: float,
    temperature_c: float,
    *,
    until_ua_cm2: float,
    from_ua_cm2: float,
    longest_s: float = _LONGEST_S,
    trace: Trace | None = None,
) -> float:
    """Hold a voltage until the current has faded to until_ua_cm2; returns the charge, uAh/cm2.

    ``from_ua_cm2`` (signed) is the current before; the hold goes on in its direction.
    """
    if trace is not None:
        trace.step += 1
    current, step_s, passed, elapsed = from_ua_cm2, _FIRST_HOLD_S, 0.0, 0.0
    while elapsed < longest_s:
        step_s = min(step_s, longest_s - elapsed)
        current = current_for_voltage(cell, voltage_v, temperature_c, step_s, current)
        if current * from_ua_cm2 <= 0.0 or abs(current) < until_ua_cm2:
            break
        cell.advance(current * cell.area_cm2, temperature_c, step_s)
        passed += current * step_s / 3600.0
        elapsed += step_s
        if trace is not None:
            trace.pass_time(step_s, current)
            volts = cell.voltage_v(current * cell.area_cm2, temperature_c)
            trace.add(volts, current, temperature_c)
        step_s = min(step_s * _HOLD_GROWTH, _LONGEST_HOLD_STEP_S)
    return passed


def current_for_voltage(
    cell: Specimen, voltage_v: float, temperature_c: float, step_s: float, near_ua_cm2: float
) -> float:
    """The current (uA/cm2) under which the cell shows voltage_v after step_s."""

    def excess_v(current: float) -> float:
        twin = cell.clone()
        twin.advance(current * cell.area_cm2, temperature_c, step_s)
        return twin.voltage_v(current * cell.area_cm2, temperature_c) - voltage_v

    return rising_root(excess_v, near_ua_cm2, _HELD_V)


def rising_root(rising: Callable[[float], float], near: float, tolerance: float) -> float:
    """Where a rising function vanishes, to ``tolerance`` of its value: bracket, then Illinois."""
    value = rising(near)
    if abs(value) <= tolerance:
        return near
    reach = 0.02 * abs(near) + 1e-3
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
