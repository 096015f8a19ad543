"""Full cycles, and what is read off them: capacities (over current and over temperature),
coulombic efficiency, plateaus."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from filmgauge_sim.cell.liquid import LiquidCell
from filmgauge_sim.lab.cycler import hold_voltage, run_current
from filmgauge_sim.lab.specimen import Specimen, window_v
from filmgauge_sim.lab.trace import Trace

# Assumed, the paper does not say: every charge of a film ends with a hold until a hundredth of
# its current. The liquid cell gets none: under a hold its shuttle would take charge for ever.
HOLD_SHARE = 0.01


def is_held(cell: Specimen) -> bool:
    """Whether a charge of this cell ends with a hold."""
    return not isinstance(cell, LiquidCell)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One charge and the discharge after it, areal."""

    number: int
    charge_uah_cm2: float
    discharge_uah_cm2: float

    @property
    def coulombic_efficiency_pct(self) -> float:
        """Discharge over charge, per cent."""
        return 100.0 * self.discharge_uah_cm2 / self.charge_uah_cm2


def charge(
    cell: Specimen,
    current_ua_cm2: float,
    temperature_c: float,
    *,
    hold: bool | None = None,
    trace: Trace | None = None,
) -> float:
    """Charge to the upper end of the window, with a hold unless told not to; returns uAh/cm2."""
    _, full_v = window_v(cell)
    seconds = run_current(cell, current_ua_cm2, temperature_c, until_v=full_v, trace=trace)
    passed = current_ua_cm2 * seconds / 3600.0
    if is_held(cell) if hold is None else hold:
        passed += hold_voltage(
            cell,
            full_v,
            temperature_c,
            until_ua_cm2=HOLD_SHARE * current_ua_cm2,
            from_ua_cm2=current_ua_cm2,
            trace=trace,
        )
    return passed


def discharge(
    cell: Specimen, current_ua_cm2: float, temperature_c: float, *, trace: Trace | None = None
) -> float:
    """Discharge (positive current here) to the lower end of the window; returns uAh/cm2."""
    empty_v, _ = window_v(cell)
    seconds = run_current(cell, -current_ua_cm2, temperature_c, until_v=empty_v, trace=trace)
    return current_ua_cm2 * seconds / 3600.0


def cycles(
    cell: Specimen,
    current_ua_cm2: float,
    temperature_c: float,
    count: int,
    *,
    hold: bool | None = None,
    trace: Callable[[int], Trace | None] = lambda number: None,
) -> Iterator[Cycle]:
    """Charge and discharge at one current, ``count`` times; ``trace`` names those to record."""
    for number in range(1, count + 1):
        record = trace(number)
        if record is not None:
            record.cycle = number
        charged = charge(cell, current_ua_cm2, temperature_c, hold=hold, trace=record)
        given = discharge(cell, current_ua_cm2, temperature_c, trace=record)
        yield Cycle(number, charged, given)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a discharge gave, and under which conditions."""

    current_ua_cm2: float
    temperature_c: float
    capacity_uah_cm2: float


def capacities(
    cell: Specimen, conditions: Iterable[tuple[float, float]], trace: Trace | None = None
) -> Iterator[Capacity]:
    """Charge and discharge the same cell under each (uA/cm2, degC) in turn."""
    for current_ua_cm2, temperature_c in conditions:
        charge(cell, current_ua_cm2, temperature_c, trace=trace)
        given = discharge(cell, current_ua_cm2, temperature_c, trace=trace)
        if trace is not None:
            trace.cycle += 1
        yield Capacity(current_ua_cm2, temperature_c, given)


def plateau_v(trace: Trace, step: int) -> float:
    """Voltage of a recorded step at half of its charge."""
    samples = [sample for sample in trace.samples if sample.step == step]
    middle = 0.5 * (samples[0].charge_uah_cm2 + samples[-1].charge_uah_cm2)
    return min(samples, key=lambda s: abs(s.charge_uah_cm2 - middle)).voltage_v
