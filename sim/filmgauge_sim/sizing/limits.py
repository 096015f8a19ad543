"""What keeps a design from doing better, and how long it could have lived on."""

from filmgauge_sim.sizing.film_bank import FilmBank
from filmgauge_sim.sizing.world_series import HOURS_A_YEAR
from filmgauge_sim.sizing.years import Course

_NIGHT_H, _WEEKEND_H = 24.0, 96.0
_COLD_C = 5.0
_FADED = 0.9  # of the capacity at the start
_MOSTLY = 0.5


def limited_by(course: Course, at: int, *, capacitor_fits: bool, wears_out: bool) -> str:
    """Return what the charge was lowest for, in a word.

    capacitor: its longest wake or its boot does not fit; flash: it never ran empty, and its flash
    is worn out before the end; current: the cell had charge that it could not give fast enough;
    start: it never had less than at the start; fade: the lowest came late and in a cell that has
    lost a tenth; cold: below 5 degC; night, weekend, winter: how long the cell had not been
    charged before.
    """
    if not capacitor_fits:
        return "capacitor"
    if wears_out and course.on_share[at] >= 1.0:
        return "flash"
    if course.off_short[at] > _MOSTLY:
        return "current"
    if not course.lowest_h[at]:
        return "start"
    year = int(course.lowest_h[at] // HOURS_A_YEAR)
    capacities = course.capacity_uah
    if year and capacities[min(year, len(capacities) - 1)][at] < _FADED * capacities[0][at]:
        return "fade"
    if course.lowest_c[at] < _COLD_C:
        return "cold"
    dark_h = course.dark_h[at]
    if dark_h <= _NIGHT_H:
        return "night"
    return "weekend" if dark_h <= _WEEKEND_H else "winter"


def dark_hours(course: Course, at: int, films: FilmBank, current_ua: float) -> float:
    """Return how long a cell would have carried a mean current from its lowest charge on, hours:
    all of it but what diffusion keeps back, with the age that it has in the end."""
    law = films.law(float(course.lowest_c[at]))
    lag = law.lag_per_ua_cm2 * films.slower[at] / films.factor[at]
    kept_back = lag * current_ua / films.area_cm2[at]
    left_uah = max(0.0, course.lowest_soc[at] - kept_back) * course.capacity_uah[-1][at]
    return float(left_uah / current_ua)
