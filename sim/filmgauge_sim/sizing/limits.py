"""What keeps a design from doing better, and how long it could have lived on."""

from dataclasses import dataclass
from math import isnan

import numpy as np

from filmgauge_sim.sizing.clouds import HOURS_A_DAY
from filmgauge_sim.sizing.film_bank import FilmBank
from filmgauge_sim.sizing.world_series import HOURS_A_YEAR
from filmgauge_sim.sizing.years import Course

_NIGHT_DAYS, _WEEKEND_DAYS = 1, 4
_SEASON_DAYS = 60
_TOP_SHARE = 0.9  # of the way from the lowest charge to the highest before it: as good as there
_WARM_C = 25.0
_FADED = 0.9  # of the capacity at the start
_MOSTLY = 0.5
_NOTICED = 0.01  # of the capacity: what falls by less, or is kept back, limits nothing


@dataclass(frozen=True)
class _Worst:
    """What counts: the longest time without supply, or else when the charge was lowest."""

    begin_h: int
    end_h: int
    soc: float
    temperature_c: float

    @classmethod
    def of(cls, course: Course, at: int) -> "_Worst":
        """Return that of a design."""
        if isnan(course.outage_h[at]):
            lowest_h = int(course.lowest_h[at]) - 1  # the hour after which it was
            return cls(lowest_h, lowest_h, course.lowest_soc[at], course.lowest_c[at])
        begin_h, end_h = int(course.outage_h[at]), int(course.outage_end_h[at])
        return cls(begin_h, end_h, course.outage_soc[at], course.outage_c[at])


def limited_by(
    course: Course,
    at: int,
    films: FilmBank,
    current_ua: float,
    *,
    capacitor_fits: bool,
    wears_out: bool,
) -> str:
    """Return what would have to be better first, in a word, by the longest time without
    supply, or else by when the charge was lowest. current_ua: of the node without harvest.

    capacitor: its longest wake or its boot does not fit; flash: it never ran empty, and its flash
    is worn out before the end; start: it never had less than at the start, or by less than one
    per cent; cold: what the cold kept back was more than that, and than half of what the charge
    had fallen by; current: the cell had charge
    that it could not give fast enough; fade: in a cell that had lost a tenth; night, weekend,
    harvest: for how long the charge had fallen, up to one day, four, and more.
    """
    if not capacitor_fits:
        return "capacitor"
    if wears_out and course.on_share[at] >= 1.0:
        return "flash"
    worst = _Worst.of(course, at)
    if worst.begin_h < 0:
        return "start"
    days, fallen = _fall(course, at, worst)
    if fallen < _NOTICED and isnan(course.outage_h[at]):
        return "start"
    cold = _kept_back(films, at, worst.temperature_c, current_ua)
    cold -= _kept_back(films, at, _WARM_C, current_ua)
    if cold > max(_NOTICED, _MOSTLY * fallen):
        return "cold"
    if course.off_short[at] > _MOSTLY:
        return "current"
    year = worst.begin_h // HOURS_A_YEAR
    capacities = course.capacity_uah
    if year and capacities[min(year, len(capacities) - 1)][at] < _FADED * capacities[0][at]:
        return "fade"
    if days <= _NIGHT_DAYS:
        return "night"
    return "weekend" if days <= _WEEKEND_DAYS else "harvest"


def _fall(course: Course, at: int, worst: _Worst) -> tuple[int, float]:
    """Return for how many days the charge had fallen, and by how much: since it was last about as
    high as at any time of the 60 days before, and until its supply came back. By nothing where it
    was higher than on all of them."""
    day = worst.begin_h // HOURS_A_DAY + 1  # its row; those before it are whole days
    tops = course.top_soc[max(0, day - _SEASON_DAYS) : day, at]
    top = float(tops.max())
    fallen = max(0.0, top - worst.soc)
    from_top = np.flatnonzero(tops >= top - (1.0 - _TOP_SHARE) * fallen)
    until = worst.end_h // HOURS_A_DAY - worst.begin_h // HOURS_A_DAY
    return len(tops) - int(from_top[-1]) + until, fallen


def dark_hours(course: Course, at: int, films: FilmBank, current_ua: float) -> float:
    """Return how long a cell would have carried a mean current from its lowest charge on, hours:
    all of it but what diffusion keeps back, with the age that it has in the end."""
    kept_back = _kept_back(films, at, course.lowest_c[at], current_ua)
    left_uah = max(0.0, course.lowest_soc[at] - kept_back) * course.capacity_uah[-1][at]
    return float(left_uah / current_ua)


def _kept_back(films: FilmBank, at: int, temperature_c: float, current_ua: float) -> float:
    """Return the share of the capacity that diffusion keeps back."""
    law = films.law(float(temperature_c))
    lag = law.lag_per_ua_cm2 * films.slower[at] / films.factor[at]
    return float(lag * current_ua / films.area_cm2[at])
