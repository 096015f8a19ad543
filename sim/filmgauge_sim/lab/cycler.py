"""The cycler: constant current to a voltage, constant voltage, rest.

Limits are met exactly (the cell's own crossing search). A constant voltage is held by steps of
constant current, each chosen so that the voltage is met at its end; the steps grow while the
current fades.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from filmgauge_sim.cell import FilmCell, SteppedCell
from filmgauge_sim.lab.specimen import Specimen
from filmgauge_sim.lab.trace import Trace

_LONGEST_S = 3.6e6  # a thousand hours: no step of an experiment takes longer
_FIRST_HOLD_S = 2.0
_HOLD_GROWTH = 1.25
_LONGEST_HOLD_STEP_S = 600.0
_HELD_V = 1e-5


class NeverEnds(ValueError):
    """A step does not reach its end within a thousand hours; the text says which."""


@dataclass(slots=True)
class Channel:
    """A channel of the cycler: a cell at a temperature (degC), recorded in ``trace`` if any.

    Currents are densities, uA/cm2, positive charges.
    """

    cell: Specimen
    temperature_c: float
    trace: Trace | None = None

    def voltage_v(self, current_ua_cm2: float = 0.0) -> float:
        """Terminal voltage at this instant under a current, volts."""
        return self.cell.voltage_v(current_ua_cm2 * self.cell.area_cm2, self.temperature_c)

    def run_current(
        self,
        current_ua_cm2: float,
        *,
        until_v: float | None = None,
        longest_s: float | None = None,
    ) -> float:
        """Constant current until a voltage, a time or the first of both; returns the seconds.

        The voltage is a lower limit for a discharge, an upper one for a charge. Raises NeverEnds
        when there is no time limit and the voltage is not reached.
        """
        limit_s = _LONGEST_S if longest_s is None else longest_s
        end_s = limit_s
        if until_v is not None:
            low, high = (None, until_v) if current_ua_cm2 > 0.0 else (until_v, None)
            current_ua = current_ua_cm2 * self.cell.area_cm2
            found = self.cell.next_crossing(current_ua, self.temperature_c, limit_s, low, high)
            if found is not None:
                end_s = found.time_s
            elif longest_s is None:
                raise NeverEnds(
                    f"{until_v:g} V is not reached within 1000 h at {current_ua_cm2:g} uA/cm2"
                    f" and {self.temperature_c:g} degC."
                )
        self.pass_step(current_ua_cm2, end_s)
        return end_s

    def pass_step(
        self, current_ua_cm2: float, duration_s: float, shares: Sequence[float] = ()
    ) -> None:
        """Constant current for a time; recorded in parts that end at these shares of it.

        Without shares there are as many as the trace wants, dense at both ends.
        """
        trace = self.trace
        if trace is None:
            self._advance(current_ua_cm2, duration_s)
            return
        trace.step += 1
        self._record(current_ua_cm2)
        even = (k / trace.points for k in range(1, trace.points + 1))
        done_s = 0.0
        for share in shares or (x * x * (3.0 - 2.0 * x) for x in even):
            until_s = share * duration_s
            self._advance(current_ua_cm2, until_s - done_s)
            self._record(current_ua_cm2)
            done_s = until_s

    def hold_voltage(
        self,
        voltage_v: float,
        *,
        until_ua_cm2: float,
        from_ua_cm2: float,
        longest_s: float | None = None,
    ) -> float:
        """Hold a voltage until the current has faded to until_ua_cm2; returns the charge, uAh/cm2.

        ``from_ua_cm2`` (signed) is the current before; the hold goes on in its direction.
        """
        if self.trace is not None:
            self.trace.step += 1
        limit_s = _LONGEST_S if longest_s is None else longest_s
        current, step_s, passed, elapsed = from_ua_cm2, _FIRST_HOLD_S, 0.0, 0.0
        fading, reach = 1.0, None  # of the current from one step to the next; of the next guess
        while elapsed < limit_s:
            step_s = min(step_s, limit_s - elapsed)
            before, guess = current, current * fading
            current = current_for_voltage(
                self.cell, voltage_v, self.temperature_c, step_s, guess, reach
            )
            if current * from_ua_cm2 <= 0.0 or abs(current) < until_ua_cm2:
                break
            self._advance(current, step_s)
            passed += current * step_s / 3600.0
            elapsed += step_s
            self._record(current)
            step_s = min(step_s * _HOLD_GROWTH, _LONGEST_HOLD_STEP_S)
            fading, reach = current / before, abs(current - guess)
        return passed

    def _advance(self, current_ua_cm2: float, duration_s: float) -> None:
        current_ua = current_ua_cm2 * self.cell.area_cm2
        self.cell.advance(current_ua, self.temperature_c, duration_s)
        if self.trace is not None:
            self.trace.pass_time(duration_s, current_ua_cm2)

    def _record(self, current_ua_cm2: float) -> None:
        if self.trace is not None:
            self.trace.add(self.voltage_v(current_ua_cm2), current_ua_cm2, self.temperature_c)


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

    area_cm2 = cell.area_cm2
    shown_by = cell.voltage_after_v if isinstance(cell, FilmCell) else partial(_after_v, cell)
    after_v = shown_by(temperature_c, step_s)

    def excess_v(current: float) -> float:
        return after_v(current * area_cm2) - voltage_v

    return rising_root(excess_v, near_ua_cm2, _HELD_V, reach_ua_cm2)


def _after_v(
    cell: Specimen | SteppedCell, temperature_c: float, step_s: float
) -> Callable[[float], float]:
    """As FilmCell.voltage_after_v, of any cell."""

    def after_v(current_ua: float) -> float:
        twin = cell.clone()
        twin.advance(current_ua, temperature_c, step_s)
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
