"""What keeps a design from doing better, and how long it could have lived on."""

from math import inf

from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.parameters import CellParameters
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.sizing.design import Design
from filmgauge_sim.sizing.years import Course

_NIGHT_H, _WEEKEND_H = 24.0, 96.0
_COLD_C = 5.0
_FADED = 0.9  # of the capacity at the start
_MOSTLY = 0.5


def limited_by(course: Course, at: int, *, burst_fits: bool) -> str:
    """Return what the charge was lowest for, in a word.

    capacitor: its longest wake does not fit; current: the cell had charge that it could not give
    fast enough; fade: the lowest came late and in a cell that has lost a tenth; cold: below 5
    degC; night, weekend, winter: how long the cell had not been charged before.
    """
    if not burst_fits:
        return "capacitor"
    if course.off_short[at] > _MOSTLY:
        return "current"
    year = int(course.lowest_h[at] // 8760)
    capacities = course.capacity_uah
    if year and capacities[min(year, len(capacities) - 1)][at] < _FADED * capacities[0][at]:
        return "fade"
    if course.lowest_c[at] < _COLD_C:
        return "cold"
    dark_h = course.dark_h[at]
    if dark_h <= _NIGHT_H:
        return "night"
    return "weekend" if dark_h <= _WEEKEND_H else "winter"


def dark_hours(
    parameters: CellParameters,
    description: NodeDescription,
    design: Design,
    *,
    soc: float,
    capacity_uah: float,
    temperature_c: float,
    load_uw: float,
) -> float:
    """Return how long a cell carries a load alone, hours: all of its charge but what diffusion
    keeps back at that temperature and current."""
    converter = description.converter.converter
    cell_v = parameters.plateau_middle_v - 0.5 * parameters.plateau_gap_v * (
        1.0 - parameters.kinetic_share
    )
    current_ua = converter.needed_uw(load_uw) / cell_v
    if not current_ua:
        return inf
    if temperature_c != temperature_c:  # the charge was never below that of the start
        temperature_c = 25.0
    law = Isothermal(parameters, temperature_c)
    kept_back = law.lag_per_ua_cm2 * current_ua / design.cell_cm2
    return max(0.0, soc - kept_back) * capacity_uah / current_ua
