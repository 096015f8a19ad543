"""Cyclic voltammetry: the voltage is swept, the current is read."""

from collections.abc import Iterator
from dataclasses import dataclass

from filmgauge_sim.lab.cycler import current_for_voltage
from filmgauge_sim.lab.specimen import Specimen, window_v


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One step of a sweep: cycle from 1, direction +1 upwards, -1 downwards."""

    cycle: int
    direction: int
    voltage_v: float
    current_ua_cm2: float


def sweep(
    cell: Specimen,
    temperature_c: float,
    *,
    rate_mv_s: float = 0.1,
    cycles: int = 3,
    step_mv: float = 5.0,
) -> Iterator[SweepPoint]:
    """Sweep between the ends of the window, upwards first, from the cell's own voltage.

    The current is constant over each step and such that the step ends at its voltage.
    """
    low, high = window_v(cell)
    step_s = step_mv / rate_mv_s
    voltage, current = cell.voltage_v(0.0, temperature_c), 0.0
    voltage = min(max(voltage, low), high)
    for cycle in range(1, cycles + 1):
        for direction, end in ((1, high), (-1, low)):
            while (end - voltage) * direction > 1e-9:
                voltage += direction * min(1e-3 * step_mv, abs(end - voltage))
                current = current_for_voltage(cell, voltage, temperature_c, step_s, current)
                cell.advance(current * cell.area_cm2, temperature_c, step_s)
                yield SweepPoint(cycle, direction, voltage, current)


def peaks(points: list[SweepPoint]) -> list[SweepPoint]:
    """The largest current of every half sweep, the ends of the window left out."""
    best: dict[tuple[int, int], SweepPoint] = {}
    highest = max(point.voltage_v for point in points) - 0.05
    lowest = min(point.voltage_v for point in points) + 0.05
    for point in points:
        if not lowest < point.voltage_v < highest:
            continue
        key = point.cycle, -point.direction
        size = point.current_ua_cm2 * point.direction
        if key not in best or size > best[key].current_ua_cm2 * point.direction:
            best[key] = point
    return [best[key] for key in sorted(best)]
