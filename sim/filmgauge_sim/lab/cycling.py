"""Full cycles, and what is read off them: capacities (over current and over temperature),
coulombic efficiency, plateaus."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from filmgauge_sim.cell.liquid import LiquidCell
from filmgauge_sim.lab.cycler import Channel, StepResult
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
    """One charge and the discharge after it, areal; of an experiment also what became of every
    step."""

    number: int
    charge_uah_cm2: float
    discharge_uah_cm2: float
    steps: tuple[StepResult, ...] = ()

    @property
    def coulombic_efficiency_pct(self) -> float | None:
        """Discharge over charge, per cent; None where nothing was charged."""
        if not self.charge_uah_cm2:
            return None
        return 100.0 * self.discharge_uah_cm2 / self.charge_uah_cm2


def charge(channel: Channel, current_ua_cm2: float, *, hold: bool | None = None) -> float:
    """Charge to the upper end of the window, with a hold unless told not to; returns uAh/cm2."""
    _, full_v = window_v(channel.cell)
    passed = current_ua_cm2 * channel.run_current(current_ua_cm2, until_v=full_v) / 3600.0
    if is_held(channel.cell) if hold is None else hold:
        until_ua_cm2 = HOLD_SHARE * current_ua_cm2
        passed += channel.hold_voltage(
            full_v, until_ua_cm2=until_ua_cm2, from_ua_cm2=current_ua_cm2
        )
    return passed


def discharge(channel: Channel, current_ua_cm2: float) -> float:
    """Discharge (positive current here) to the lower end of the window; returns uAh/cm2."""
    empty_v, _ = window_v(channel.cell)
    return current_ua_cm2 * channel.run_current(-current_ua_cm2, until_v=empty_v) / 3600.0


def cycles(
    channel: Channel, current_ua_cm2: float, count: int, *, hold: bool | None = None
) -> Iterator[Cycle]:
    """Charge and discharge at one current, ``count`` times."""
    for number in range(1, count + 1):
        if channel.trace is not None:
            channel.trace.cycle = number
        charged = charge(channel, current_ua_cm2, hold=hold)
        yield Cycle(number, charged, discharge(channel, current_ua_cm2))


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a discharge gave, and under which conditions."""

    current_ua_cm2: float
    temperature_c: float
    capacity_uah_cm2: float


def capacities(channel: Channel, conditions: Iterable[tuple[float, float]]) -> Iterator[Capacity]:
    """Charge and discharge the same cell under each (uA/cm2, degC) in turn."""
    for current_ua_cm2, temperature_c in conditions:
        channel.temperature_c = temperature_c
        charge(channel, current_ua_cm2)
        given = discharge(channel, current_ua_cm2)
        if channel.trace is not None:
            channel.trace.cycle += 1
        yield Capacity(current_ua_cm2, temperature_c, given)


def plateau_v(trace: Trace, step: int) -> float:
    """Voltage of a recorded step at half of its charge."""
    samples = [sample for sample in trace.samples if sample.step == step]
    middle = 0.5 * (samples[0].charge_uah_cm2 + samples[-1].charge_uah_cm2)
    return min(samples, key=lambda s: abs(s.charge_uah_cm2 - middle)).voltage_v
