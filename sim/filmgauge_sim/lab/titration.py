"""Open-circuit voltage by titration (GITT), and pulses: current for a while, then a rest."""

from collections.abc import Iterator
from dataclasses import dataclass

from filmgauge_sim.lab.cycler import NeverEnds, pass_step, run_current
from filmgauge_sim.lab.specimen import Specimen, window_v
from filmgauge_sim.lab.trace import Trace

# Share of the capacity that a portion must move; the command allows no smaller ones.
_LEAST_PROGRESS = 1e-6
_HIGHEST_V = 5.5


@dataclass(frozen=True, slots=True)
class RestedPoint:
    """The voltage after one portion of charge and a rest, on one branch."""

    branch: str
    stoichiometry: float
    loaded_v: float
    rested_v: float


def titrate(
    cell: Specimen,
    temperature_c: float,
    *,
    current_ua_cm2: float,
    pulse_s: float,
    rest_s: float,
    trace: Trace | None = None,
) -> Iterator[RestedPoint]:
    """Discharge the cell in portions with a rest after each, then charge it the same way.

    Raises NeverEnds when a rest takes back what a portion brought, as a shuttle does.
    """
    empty_v, full_v = window_v(cell)
    for branch, sign, limit in (("discharge", -1.0, empty_v), ("charge", 1.0, full_v)):
        while True:
            current, before = sign * current_ua_cm2, cell.stoichiometry
            lasted = run_current(
                cell, current, temperature_c, until_v=limit, longest_s=pulse_s, trace=trace
            )
            loaded = cell.voltage_v(current * cell.area_cm2, temperature_c)
            pass_step(cell, 0.0, temperature_c, rest_s, trace)
            yield RestedPoint(
                branch, cell.stoichiometry, loaded, cell.voltage_v(0.0, temperature_c)
            )
            if lasted < pulse_s:
                break
            if (cell.stoichiometry - before) * sign < _LEAST_PROGRESS:
                raise NeverEnds(
                    f"the {branch} by titration never ends: at {current_ua_cm2:g} uA/cm2 a rest of"
                    f" {rest_s / 60.0:g} min takes back what a portion brings."
                )


@dataclass(frozen=True, slots=True)
class Pulse:
    """One pulse: voltage before, at once after the step, at its end, and after the rest."""

    before_v: float
    at_once_v: float
    end_v: float
    rested_v: float
    current_ua_cm2: float

    @property
    def at_once_ohm_cm2(self) -> float:
        """Voltage step over current: what shows at once."""
        return (self.at_once_v - self.before_v) / self.current_ua_cm2 * 1e6

    @property
    def end_ohm_cm2(self) -> float:
        """Voltage change over current at the end of the pulse."""
        return (self.end_v - self.before_v) / self.current_ua_cm2 * 1e6


def pulses(
    cell: Specimen,
    temperature_c: float,
    *,
    current_ua_cm2: float,
    pulse_s: float,
    rest_s: float,
    count: int,
    trace: Trace | None = None,
) -> Iterator[Pulse]:
    """Pulses of a signed current (negative discharges) with a rest after each.

    Raises ValueError when a pulse takes the voltage out of 0 to 5.5 V, where LiPON is stable.
    """
    current_ua = current_ua_cm2 * cell.area_cm2
    for _ in range(count):
        before = cell.voltage_v(0.0, temperature_c)
        at_once = cell.voltage_v(current_ua, temperature_c)
        pass_step(cell, current_ua_cm2, temperature_c, pulse_s, trace)
        end = cell.voltage_v(current_ua, temperature_c)
        if not 0.0 <= end <= _HIGHEST_V:
            raise ValueError(
                f"a pulse of {current_ua_cm2:g} uA/cm2 for {pulse_s:g} s ends at {end:.3g} V,"
                f" beyond 0 to {_HIGHEST_V:g} V."
            )
        pass_step(cell, 0.0, temperature_c, rest_s, trace)
        rested = cell.voltage_v(0.0, temperature_c)
        yield Pulse(before, at_once, end, rested, current_ua_cm2)
