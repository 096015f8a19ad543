"""Lets many designs live through a world, hour by hour, and keeps what a designer asks about."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.sizing.clouds import HOURS_A_DAY
from filmgauge_sim.sizing.film_bank import FilmBank, Numbers
from filmgauge_sim.sizing.supply_bank import Flow, SupplyBank
from filmgauge_sim.sizing.world_series import HOURS_A_YEAR, WorldSeries

STEP_S = 3600.0
_AGEING_EVERY_H = 24
_PROGRESS_EVERY_H = 24 * 30
_CHARGED = 0.1  # below it a cell that gives too little is empty


@dataclass
class Course:
    """What became of each design. Arrays have a number for each; `capacity_uah` one row a year,
    the first at the start.

    lowest_soc: lowest stored charge over the capacity of that time; lowest_h: when, hours from the
    start; lowest_c: how warm it was. top_soc: highest of each day, one row a day, the first at the
    start. on_share: share of the time with supply. first_off_h: when it was first without, NaN for
    never. outage_h, outage_end_h: first and last hour of the longest time without; outage_soc,
    outage_c: charge and temperature after its first hour.
    off_short: share of the time without supply that began while the cell had charge and could not
    give it fast enough. energies in uJ over the whole time.
    """

    hours: int
    lowest_soc: Numbers
    lowest_h: Numbers
    lowest_c: Numbers
    top_soc: NDArray[np.float32]
    on_share: Numbers
    first_off_h: Numbers
    outage_h: Numbers
    outage_end_h: Numbers
    outage_soc: Numbers
    outage_c: Numbers
    off_short: Numbers
    capacity_uah: Numbers
    throughput_uah: Numbers
    lost_uah: Numbers
    cycles: Numbers
    final_soc: Numbers
    harvested_uj: Numbers
    turned_away_uj: Numbers
    imbalance_uj: Numbers


def live(
    films: FilmBank,
    circuits: SupplyBank,
    series: WorldSeries,
    harvester_cm2: Numbers,
    load_uw: Numbers,
    progress: Callable[[float], None] | None = None,
    trace: Callable[[int, FilmBank], None] | None = None,
) -> Course:
    """Let all designs live through the series; the charge begins as `films` has it.

    harvester_cm2: of what the series offers; load_uw: mean, at the regulator's output. progress:
    called with the share that is done; trace: called after each hour.
    """
    watch = _Watch(films, float(series.temperature_c[0]))
    hours = len(series.offered_uw)
    for hour in range(hours):
        if hour % _AGEING_EVERY_H == 0:
            films.age()
            if hour % HOURS_A_YEAR == 0:
                watch.capacities.append(films.capacity_uah)
            if progress is not None and hour % _PROGRESS_EVERY_H == 0:
                progress(hour / hours)
        temperature_c = float(series.temperature_c[hour])
        offered_uw = series.offered_uw[hour] * harvester_cm2
        flow = circuits.advance(offered_uw, load_uw, temperature_c, STEP_S)
        watch.add(hour, temperature_c, films, flow)
        if trace is not None:
            trace(hour, films)
    films.age()
    return watch.course(hours, films)


class _Watch:
    """Keeps what matters of each hour."""

    def __init__(self, films: FilmBank, temperature_c: float) -> None:
        count = len(films.area_cm2)
        self.capacities: list[Numbers] = []
        self._lowest = films.stoichiometry.copy()
        self._lowest_h = np.zeros(count)
        self._lowest_c = np.full(count, temperature_c)
        self._tops = [films.stoichiometry.astype(np.float32)]
        self._top = np.zeros(count)
        self._on = np.zeros(count)
        self._short = np.zeros(count)
        self._too_weak = np.zeros(count, dtype=bool)
        self._first_off_h = np.full(count, np.nan)
        self._outages = _Outages(count)
        self._harvested = np.zeros(count)
        self._turned_away = np.zeros(count)
        self._imbalance = np.zeros(count)

    def add(self, hour: int, temperature_c: float, films: FilmBank, flow: Flow) -> None:
        """Add an hour."""
        soc = films.stoichiometry
        self._top = np.maximum(self._top, soc)
        if hour % HOURS_A_DAY == HOURS_A_DAY - 1:
            self._tops.append(self._top.astype(np.float32))
            self._top = soc.copy()
        lower: NDArray[np.bool_] = soc < self._lowest
        if lower.any():
            self._lowest = np.where(lower, soc, self._lowest)
            self._lowest_h = np.where(lower, float(hour + 1), self._lowest_h)
            self._lowest_c = np.where(lower, temperature_c, self._lowest_c)
        self._on += flow.on
        off = flow.on < 1.0
        if off.any():
            fails = off & (flow.on > 0.0)  # in this hour; the next ones are dark for its reason
            too_weak = (flow.short_ua > 0.0) & (soc > _CHARGED)
            self._too_weak = np.where(fails, too_weak, self._too_weak)
            self._short += np.where(off & self._too_weak, 1.0 - flow.on, 0.0)
            first = off & np.isnan(self._first_off_h)
            self._first_off_h = np.where(first, float(hour), self._first_off_h)
        self._outages.add(hour, 1.0 - flow.on, soc, temperature_c)
        self._harvested += flow.harvested
        self._turned_away += flow.turned_away
        self._imbalance += flow.imbalance_uj

    def course(self, hours: int, films: FilmBank) -> Course:
        """Return all of it."""
        off, longest = hours - self._on, self._outages
        return Course(
            hours=hours,
            lowest_soc=self._lowest,
            lowest_h=self._lowest_h,
            lowest_c=self._lowest_c,
            top_soc=np.array(self._tops),
            on_share=self._on / hours,
            first_off_h=self._first_off_h,
            outage_h=longest.begin_h,
            outage_end_h=longest.end_h,
            outage_soc=longest.soc,
            outage_c=longest.temperature_c,
            off_short=np.divide(self._short, off, out=np.zeros_like(off), where=off > 0.0),
            capacity_uah=np.array([*self.capacities, films.capacity_uah]),
            throughput_uah=films.throughput_uah,
            lost_uah=films.lost_uah,
            cycles=films.cycles,
            final_soc=films.stoichiometry,
            harvested_uj=self._harvested,
            turned_away_uj=self._turned_away,
            imbalance_uj=self._imbalance,
        )


class _Outages:
    """The longest time without supply of each design: its first and last hour, charge and
    temperature after the first; NaN for those that never were without."""

    def __init__(self, count: int) -> None:
        self.begin_h, self.end_h, self.soc, self.temperature_c = np.full((4, count), np.nan)
        self._longest_h = np.zeros(count)
        self._lasting_h = np.zeros(count)  # 0: it has supply
        self._began = np.zeros((3, count))

    def add(self, hour: int, off: Numbers, soc: Numbers, temperature_c: float) -> None:
        """Add an hour. off: share of it without supply."""
        if not off.any():
            if self._lasting_h.any():
                self._lasting_h = np.zeros_like(off)
            return
        begins = (off > 0.0) & (self._lasting_h == 0.0)
        now = np.array([np.full_like(off, hour), soc, np.full_like(off, temperature_c)])
        self._began = np.where(begins, now, self._began)
        self._lasting_h = np.where(off > 0.0, self._lasting_h + off, 0.0)
        longer = self._lasting_h > self._longest_h
        self._longest_h = np.where(longer, self._lasting_h, self._longest_h)
        worst = np.array([self.begin_h, self.soc, self.temperature_c])
        self.begin_h, self.soc, self.temperature_c = np.where(longer, self._began, worst)
        self.end_h = np.where(longer, float(hour), self.end_h)
