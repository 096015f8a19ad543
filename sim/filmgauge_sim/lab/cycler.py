"""The cycler: constant current to a voltage, constant voltage, rest.

Limits are met exactly (the cell's own crossing search), a constant voltage is held by a current
that fades (constant_voltage.py). Every step says what ended it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from filmgauge_sim.lab.constant_voltage import LONGEST_STEP_S, ConstantVoltage
from filmgauge_sim.lab.specimen import Specimen
from filmgauge_sim.lab.trace import Trace

_LONGEST_S = 3.6e6  # a thousand hours: no step of an experiment takes longer
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

    def pass_even(self, mean_ua_cm2: float, change_ua_cm2: float, duration_s: float) -> None:
        """A current that moves evenly by so much about its mean; recorded at its end."""
        area_cm2 = self.cell.area_cm2
        self.cell.advance(
            mean_ua_cm2 * area_cm2, self.temperature_c, duration_s, change_ua_cm2 * area_cm2
        )
        if self.trace is not None:
            self.trace.pass_time(duration_s, mean_ua_cm2)
            self._record(mean_ua_cm2 + 0.5 * change_ua_cm2)

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
        hold = ConstantVoltage(self.cell, voltage_v, self.temperature_c, from_ua_cm2)
        if hold.size_ua_cm2 <= until_ua_cm2:
            end = StepEnd.WRONG_WAY if hold.size_ua_cm2 < 0.0 else StepEnd.CURRENT
            return StepResult(end, 0.0, 0.0, hold.current_ua_cm2)
        if hold.goes_on:
            self._record(hold.current_ua_cm2)
        passed, elapsed, stationary = 0.0, 0.0, 0
        limit_s = _LONGEST_S if longest_s is None else longest_s
        end = StepEnd.TIME if longest_s is not None else StepEnd.NEVER_FADES
        while elapsed < limit_s and stationary < _STATIONARY_STEPS:
            before = hold.current_ua_cm2
            step_s, mean_ua_cm2 = hold.advance(limit_s - elapsed, until_ua_cm2)
            passed += mean_ua_cm2 * step_s / 3600.0
            elapsed += step_s
            if self.trace is not None:
                self.trace.pass_time(step_s, mean_ua_cm2)
                self._record(hold.current_ua_cm2)
            if hold.has_faded:
                end = StepEnd.CURRENT
                break
            # Short steps fade by little, whatever comes.
            is_same = longest_s is None and step_s == LONGEST_STEP_S
            fades = abs(hold.current_ua_cm2 / before - 1.0) >= _FADES
            stationary = stationary + 1 if is_same and not fades else 0
        return StepResult(end, elapsed, passed, hold.current_ua_cm2)

    def _advance(self, current_ua_cm2: float, duration_s: float) -> None:
        current_ua = current_ua_cm2 * self.cell.area_cm2
        self.cell.advance(current_ua, self.temperature_c, duration_s)
        if self.trace is not None:
            self.trace.pass_time(duration_s, current_ua_cm2)

    def _record(self, current_ua_cm2: float, met_v: float | None = None) -> None:
        if self.trace is not None:
            shown_v = self.voltage_v(current_ua_cm2) if met_v is None else met_v
            self.trace.add(shown_v, current_ua_cm2, self.temperature_c)
