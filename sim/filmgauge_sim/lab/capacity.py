"""Capacity over current and over temperature: a charge with a hold, then the discharge."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from filmgauge_sim.lab.cycling import charge, discharge
from filmgauge_sim.lab.specimen import Specimen
from filmgauge_sim.lab.trace import Trace


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a discharge gave, and under which conditions."""

    current_ua_cm2: float
    temperature_c: float
    capacity_uah_cm2: float


def over_current(
    cell: Specimen,
    currents_ua_cm2: Iterable[float],
    temperature_c: float,
    trace: Trace | None = None,
) -> Iterator[Capacity]:
    """Charge and discharge the same cell at each current in turn."""
    for current in currents_ua_cm2:
        charge(cell, current, temperature_c, trace=trace)
        given = discharge(cell, current, temperature_c, trace=trace)
        if trace is not None:
            trace.cycle += 1
        yield Capacity(current, temperature_c, given)


def over_temperature(
    cell: Specimen,
    temperatures_c: Iterable[float],
    current_ua_cm2: float,
    trace: Trace | None = None,
) -> Iterator[Capacity]:
    """Charge and discharge the same cell at each temperature in turn."""
    for temperature in temperatures_c:
        charge(cell, current_ua_cm2, temperature, trace=trace)
        given = discharge(cell, current_ua_cm2, temperature, trace=trace)
        if trace is not None:
            trace.cycle += 1
        yield Capacity(current_ua_cm2, temperature, given)
