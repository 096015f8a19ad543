"""The cycler: constant current to a voltage, constant voltage, rest.

Limits are met exactly (the cell's own crossing search). A constant voltage is held by steps of
constant current, each chosen so that the voltage is met at its end; the steps grow while the
current fades. Every step says what ended it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from filmgauge_sim.cell import FilmCell, SteppedCell
from filmgauge_sim.lab.specimen import Specimen
from filmgauge_sim.lab.trace import Trace

_LONGEST_S = 3.6e6  # a thousand hours: no step of an experiment takes longer
_FIRST_HOLD_S = 2.0
_HOLD_GROWTH = 1.25
_LONGEST_HOLD_STEP_S = 600.0
_HELD_V = 1e-5
_SECANTS = 4
# A current that fades by less than this share in each of so many steps has stopped fading.
_FADES, _STATIONARY_STEPS = 1e-4, 12


class StepEnd(Enum):
    """What ended a step of the cycler."""

    VOLTAGE = "voltage"  # its own
    CURRENT = "current"  # of a hold, faded to its own
    TIME = "time"  # its own
    WINDOW = "window"  # the end of the cell's window, before its own end
    # Ends that nobody asks for: the limit was passed before the step began; a hold would need a
    # current of the other direction; the current of a hold stopped fading.
    PAST_LIMIT = "past its limit"
    WRONG_WAY = "wrong way"
    NEVER_FADES = "never fades"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of a step: what ended it, how long it took (s), and the charge it passed.

    final_ua_cm2: the current at its end, or the one that a hold would have begun with. remark:
    what it did not do that it says (experiment.py), or empty.
    """

    end: StepEnd
    seconds: float
    charge_uah_cm2: float
    final_ua_cm2: float
    remark: str = ""


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
        return self.run_step(current_ua_cm2, until_v=until_v, longest_s=longest_s).seconds

    def run_step(
        self,
        current_ua_cm2: float,
        *,
        until_v: float | None = None,
        longest_s: float | None = None,
        window_v: tuple[float, float] | None = None,
    ) -> StepResult:
        """As ``run_current``; the end of a window (lower and upper voltage) ends it as well.

        A step whose limit is passed before it begins does not begin, and is not recorded.
        """
        charging = current_ua_cm2 > 0.0
        limit_v, end = until_v, StepEnd.VOLTAGE
        if window_v is not None:
            empty_v, full_v = window_v
            beyond = until_v is None or (until_v > full_v if charging else until_v < empty_v)
            if beyond:
                limit_v, end = (full_v if charging else empty_v), StepEnd.WINDOW
        limit_s = _LONGEST_S if longest_s is None else longest_s
        end_s = self._crossing_s(current_ua_cm2, limit_v, limit_s)
        if end_s is None:
            if longest_s is None:
                raise NeverEnds(
                    f"{limit_v:g} V is not reached within 1000 h at {current_ua_cm2:g} uA/cm2"
                    f" and {self.temperature_c:g} degC."
                )
            end_s, end = limit_s, StepEnd.TIME
        if not end_s:
            return StepResult(StepEnd.PAST_LIMIT, 0.0, 0.0, current_ua_cm2)
        self.pass_step(current_ua_cm2, end_s, met_v=None if end is StepEnd.TIME else limit_v)
        return StepResult(end, end_s, current_ua_cm2 * end_s / 3600.0, current_ua_cm2)

    def _crossing_s(
        self, current_ua_cm2: float, limit_v: float | None, longest_s: float
    ) -> float | None:
        """When a current meets a limit of the voltage, None where it does not."""
        if limit_v is None:
            return None
        low, high = (None, limit_v) if current_ua_cm2 > 0.0 else (limit_v, None)
        current_ua = current_ua_cm2 * self.cell.area_cm2
        found = self.cell.next_crossing(current_ua, self.temperature_c, longest_s, low, high)
        return None if found is None else found.time_s

    def pass_step(
        self,
        current_ua_cm2: float,
        duration_s: float,
        shares: Sequence[float] = (),
        met_v: float | None = None,
    ) -> None:
        """Constant current for a time; recorded in parts that end at these shares of it.

        Without shares there are as many as the trace wants, dense at both ends. met_v: the limit
        that it meets at its end; a voltage may leap there, and what lies behind is never shown.
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
            self._record(current_ua_cm2, met_v if share == 1.0 else None)
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
        return self.hold_step(
            voltage_v, until_ua_cm2=until_ua_cm2, from_ua_cm2=from_ua_cm2, longest_s=longest_s
        ).charge_uah_cm2

    def hold_step(
        self,
        voltage_v: float,
        *,
        until_ua_cm2: float,
        from_ua_cm2: float,
        longest_s: float | None = None,
    ) -> StepResult:
        """As ``hold_voltage``; ends too where the current has stopped fading."""
        if self.trace is not None:
            self.trace.step += 1
        limit_s = _LONGEST_S if longest_s is None else longest_s
        current, step_s, passed, elapsed = from_ua_cm2, _FIRST_HOLD_S, 0.0, 0.0
        fading = 1.0  # of the current from one step to the next
        search = _HoldSearch(self.cell, voltage_v, self.temperature_c)
        end, stationary = StepEnd.TIME if longest_s is not None else StepEnd.NEVER_FADES, 0
        while elapsed < limit_s and stationary < _STATIONARY_STEPS:
            step_s = min(step_s, limit_s - elapsed)
            before, guess = current, current * fading
            current = search.current(step_s, guess)
            if current * from_ua_cm2 <= 0.0 or abs(current) < until_ua_cm2:
                turned = not elapsed and current * from_ua_cm2 < 0.0
                end = StepEnd.WRONG_WAY if turned else StepEnd.CURRENT
                break
            self._advance(current, step_s)
            passed += current * step_s / 3600.0
            # The first has none of this hold before it to fade from.
            fading = current / before if elapsed else 1.0
            elapsed += step_s
            self._record(current)
            # Short steps fade by little, whatever comes.
            is_same = longest_s is None and step_s == _LONGEST_HOLD_STEP_S
            stationary = stationary + 1 if is_same and abs(fading - 1.0) < _FADES else 0
            step_s = min(step_s * _HOLD_GROWTH, _LONGEST_HOLD_STEP_S)
        return StepResult(end, elapsed, passed, current)

    def _advance(self, current_ua_cm2: float, duration_s: float) -> None:
        current_ua = current_ua_cm2 * self.cell.area_cm2
        self.cell.advance(current_ua, self.temperature_c, duration_s)
        if self.trace is not None:
            self.trace.pass_time(duration_s, current_ua_cm2)

    def _record(self, current_ua_cm2: float, met_v: float | None = None) -> None:
        if self.trace is not None:
            shown_v = self.voltage_v(current_ua_cm2) if met_v is None else met_v
            self.trace.add(shown_v, current_ua_cm2, self.temperature_c)


class _HoldSearch:
    """The currents (uA/cm2) of a hold, one after the other: a secant from what the last ones
    were like, and a bracket where that does not do."""

    def __init__(self, cell: Specimen, voltage_v: float, temperature_c: float) -> None:
        self._cell = cell
        self._voltage_v = voltage_v
        self._temperature_c = temperature_c
        self._reach: float | None = None
        self._slope = 0.0  # V cm2/uA

    def current(self, step_s: float, guess: float) -> float:
        """The current under which the cell shows the voltage after step_s, sought near a guess."""

        excess_v = _excess_v(self._cell, self._voltage_v, self._temperature_c, step_s)
        found = self._secant(excess_v, guess) if self._slope else None
        if found is None:
            found = rising_root(excess_v, guess, _HELD_V, self._reach)
            beside = 1e-3 * abs(found) + 1e-9
            self._slope = (excess_v(found + beside) - excess_v(found)) / beside
        self._reach = abs(found - guess)
        return found

    def _secant(self, excess_v: Callable[[float], float], guess: float) -> float | None:
        at, value = guess, excess_v(guess)
        for _ in range(_SECANTS):
            if abs(value) <= _HELD_V:
                return at
            beside = at - value / self._slope
            if abs(beside - at) > 0.5 * abs(at):
                return None
            then = excess_v(beside)
            slope = (then - value) / (beside - at) if beside != at else 0.0
            if slope <= 0.0 or abs(then) >= abs(value):
                return None
            at, value, self._slope = beside, then, slope
        return at if abs(value) <= _HELD_V else None


def _excess_v(
    cell: Specimen | SteppedCell, voltage_v: float, temperature_c: float, step_s: float
) -> Callable[[float], float]:
    """By how much the cell would be above a voltage after a current (uA/cm2) for step_s."""
    area_cm2 = cell.area_cm2
    shown_by = cell.voltage_after_v if isinstance(cell, FilmCell) else partial(_after_v, cell)
    after_v = shown_by(temperature_c, step_s)
    return lambda current: after_v(current * area_cm2) - voltage_v


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
