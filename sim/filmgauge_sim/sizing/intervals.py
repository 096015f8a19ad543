"""How often a node reports, decided hour by hour: the firmware's planner beside other rules.

    outcomes = compare(description, series, IntervalRange(60, 7200))

Each rule drives a node of its own, all in the same world: the same film, circuit and harvest. A
rule sees what a node sees: its charge as the gauge tells it, with noise, and what the last hour
brought. The oracle sees the whole future, and is as careful as it must be to live through it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filmgauge.control.report_plan import rare_wakes
from filmgauge.control.report_planner import (
    BLOCK_S,
    SIZE,
    Budget,
    ReportPlanner,
    interval,
)
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.kinetics import resting_v
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.sizing.design import harvester_size, node_load
from filmgauge_sim.sizing.film_bank import FilmBank, even_spread
from filmgauge_sim.sizing.supply_bank import Circuit, SupplyBank
from filmgauge_sim.sizing.world_series import WorldSeries

Numbers = NDArray[np.float64]

GAUGE_SIGMA = 0.015  # of the charge that a rule sees; the gauge's in a scenario like window
START_SOC = 0.7  # of every node that is compared
_HOUR_S = 3600.0
_BLOCK_H = BLOCK_S // 3600
_BLOCKS_A_WEEK = 42
_FULL = 0.95  # from here on a node calls its cell full
_BOUND = 0.95  # of the converter's current: the cell takes no more in an hour


@dataclass(frozen=True)
class IntervalRange:
    """From report to report: at least and at most, s; a node wakes at the least."""

    least_s: int
    most_s: int

    @property
    def rates(self) -> tuple[float, float]:
        """Reports an hour: at least and at most."""
        return _HOUR_S / self.most_s, _HOUR_S / self.least_s


@dataclass(frozen=True)
class NodeFigures:
    """What a node takes. Powers and energies at the regulator's output; charges out of the cell:
    without reports in an hour, and for each of them. spared: less than base, where it wakes
    rarely in the dark; rare: so many usual wakes does one stand for then. capacity_uah: of its
    film."""

    base_uw: float
    spared_uw: float
    report_uj: float
    base_uah: float
    spared_uah: float
    report_uah: float
    capacity_uah: float
    rare: int

    def spares(self, rates: Numbers, most: float) -> Numbers:
        """Return which share of it is spared in the dark at some rates: each report needs its
        wake. most: the highest rate, at which each wake reports."""
        return np.clip((1.0 - rates / most) * self.rare / max(1, self.rare - 1), 0.0, 1.0)


@dataclass(frozen=True)
class View:
    """What a rule sees after an hour. soc: what is available, over
    the capacity, as the gauge tells it; harvest_uah: what came to the cell
    or spared it; is_full: whether more may have been on offer;
    is_charging: whether the cell is charged now; is_bound: with all that
    the converter can bring, so that more was turned away."""

    hour: int
    soc: float
    harvest_uah: float
    is_full: bool
    is_charging: bool
    is_bound: bool = False


class Rule(Protocol):
    """Decides how often to report."""

    name: str

    def rate(self, view: View) -> float:
        """Return reports an hour for the hour to come."""
        ...


class FixedRule:
    """Always the same."""

    def __init__(self, rate: float, name: str = "fixed") -> None:
        self.name = name
        self._rate = rate

    def rate(self, view: View) -> float:
        """See Rule."""
        return self._rate


class EwmaRule:
    """Energy neutral over a day by an exponentially weighted mean of each hour of the day, steered
    towards half a charge (Kansal et al., ACM Trans. Embedded Computing Systems 6(4), 2007)."""

    name = "ewma"
    _WEIGHT = 0.5
    _TARGET = 0.5

    def __init__(self, figures: NodeFigures, span: IntervalRange) -> None:
        self._figures, self._span = figures, span
        self._hours = np.zeros(24)

    def rate(self, view: View) -> float:
        """See Rule."""
        at = view.hour % 24
        first = view.hour < 24
        before = view.harvest_uah if first else self._hours[at]
        self._hours[at] = (1.0 - self._WEIGHT) * before + self._WEIGHT * view.harvest_uah
        low, high = self._span.rates
        if first:
            return low
        figures = self._figures
        day_uah = self._hours.sum() + (view.soc - self._TARGET) * figures.capacity_uah
        return float(np.clip((day_uah / 24.0 - figures.base_uah) / figures.report_uah, low, high))


class PlannerRule:
    """The firmware's planner, asked at the end of each of its blocks."""

    name = "planner"

    def __init__(self, figures: NodeFigures, span: IntervalRange) -> None:
        self._figures, self._span = figures, span
        self._planner = ReportPlanner(bytearray(SIZE))
        self._harvest_uah = 0.0
        self._is_full = False
        self._share = 0

    def rate(self, view: View) -> float:
        """See Rule."""
        self._harvest_uah += view.harvest_uah
        self._is_full |= view.is_full
        budget = self._budget(view)
        if (view.hour + 1) % _BLOCK_H == 0:
            self._plan(view.hour // _BLOCK_H % _BLOCKS_A_WEEK, budget)
        if view.is_charging and (view.is_full or view.is_bound):
            return self._span.rates[1]
        wakes = interval(self._share, budget, view.is_charging) / 16.0
        return _HOUR_S / (self._span.least_s * wakes)

    def _plan(self, block: int, budget: Budget) -> None:
        ppm = 1e6 / self._figures.capacity_uah
        self._planner.add(block, int(self._harvest_uah * ppm), self._is_full)
        self._harvest_uah, self._is_full = 0.0, False
        self._share = self._planner.share((block + 1) % _BLOCKS_A_WEEK, budget)

    def _budget(self, view: View) -> Budget:
        figures, least_s = self._figures, self._span.least_s
        ppm = 1e6 / figures.capacity_uah
        sure = max(0.0, view.soc - 2.0 * GAUGE_SIGMA)
        return Budget(
            int(1e6 * sure),
            int(_BLOCK_H * figures.base_uah * ppm),
            max(1, round(figures.report_uah * ppm)),
            BLOCK_S // least_s,
            1,
            max(1, self._span.most_s // least_s),
            int(_BLOCK_H * figures.spared_uah * ppm),
        )


class RecordedRule:
    """Rates that were found beforehand, one for each hour."""

    def __init__(self, rates: Numbers, name: str) -> None:
        self.name = name
        self._rates = rates

    def rate(self, view: View) -> float:
        """See Rule."""
        return float(self._rates[min(view.hour + 1, len(self._rates) - 1)])


@dataclass(frozen=True)
class RuleOutcome:
    """What became of a node. reports_h: made in an hour, on the mean; dead_h: hours without
    supply; spread: standard deviation of the rate over its mean; wasted_pct: of the harvest."""

    name: str
    reports_h: float
    dead_h: float
    spread: float
    wasted_pct: float


def node_figures(description: NodeDescription, span: IntervalRange) -> NodeFigures:
    """Return what a node takes by its budget, from two intervals."""
    often, seldom = (
        node_load(
            varied(
                description,
                {"intervals.sample_s": span.least_s, "intervals.report_every": every},
            )
        )
        for every in (1, max(1, span.most_s // span.least_s))
    )
    rare = rare_wakes(span.least_s)
    rarely = node_load(
        varied(
            description,
            {
                "intervals.sample_s": span.least_s * rare,
                "intervals.report_every": max(1, span.most_s // span.least_s // rare),
            },
        )
    )
    low, high = span.rates
    report_uj = _HOUR_S * (often.board_uw - seldom.board_uw) / (high - low)
    base_uw = seldom.board_uw - report_uj * low / _HOUR_S
    parameters = load_parameters(description.cell.set)

    def cell_uah(output_uw: float) -> float:
        converter = description.converter.converter
        needed = output_uw / converter.output_efficiency + converter.quiescent_uw
        return converter.needed_uw(needed) / resting_v(parameters, -1)

    base_uah = cell_uah(base_uw)
    spared_uw = seldom.board_uw - rarely.board_uw
    return NodeFigures(
        base_uw=base_uw,
        spared_uw=spared_uw,
        report_uj=report_uj,
        base_uah=base_uah,
        spared_uah=base_uah - cell_uah(base_uw - spared_uw),
        report_uah=(cell_uah(often.board_uw) - base_uah) / high,
        capacity_uah=parameters.capacity_uah_cm2 * description.cell.area_cm2,
        rare=rare,
    )


def compare(
    description: NodeDescription,
    series: WorldSeries,
    span: IntervalRange,
    rules: Sequence[Rule],
    seed: int = 1,
) -> list[RuleOutcome]:
    """Return what becomes of a node under each rule; their order is that of `rules`."""
    count = len(rules)
    figures = node_figures(description, span)
    films, circuits = _bank(description, count)
    harvester = harvester_size(description, series.of_pieces)
    rates = np.full(count, span.rates[0])
    is_dark = np.zeros(count, dtype=bool)
    bound_ua = _BOUND * description.converter.charge_ua
    made, dead, turned, harvested = (np.zeros(count) for _ in range(4))
    courses = np.empty((len(series.offered_uw), count))
    noise = np.random.default_rng(seed).normal(0.0, GAUGE_SIGMA, len(series.offered_uw))
    for hour, (offered, temperature_c) in enumerate(
        zip(series.offered_uw, series.temperature_c, strict=True)
    ):
        before = films.stoichiometry.copy()
        load_uw = figures.base_uw + figures.report_uj * rates / _HOUR_S
        spares = figures.spares(rates, span.rates[1]) * is_dark
        load_uw -= figures.spared_uw * spares
        flow = circuits.advance(
            np.full(count, offered * harvester), load_uw, float(temperature_c), _HOUR_S
        )
        if hour % 24 == 0:
            films.age()
        made += rates * flow.on
        dead += 1.0 - flow.on
        turned += flow.turned_away
        harvested += flow.harvested
        courses[hour] = rates
        current_ua = figures.base_uah + figures.report_uah * rates - figures.spared_uah * spares
        brought = (films.stoichiometry - before) * figures.capacity_uah + current_ua * flow.on
        lag = films.law(float(temperature_c)).lag_per_ua_cm2
        held_back = lag * current_ua / description.cell.area_cm2
        for at, rule in enumerate(rules):
            soc = float(films.stoichiometry[at])
            charging = bool(flow.current_ua[at] >= 0.0)  # a full one takes nothing
            harvest = max(0.0, float(brought[at]))
            is_full = soc > _FULL
            soc -= float(held_back[at])
            bound = bool(flow.current_ua[at] >= bound_ua)
            view = View(hour, soc + noise[hour], harvest, is_full, charging, bound)
            rates[at] = rule.rate(view)
            is_dark[at] = not charging
    hours = len(series.offered_uw)
    return [
        RuleOutcome(
            name=rule.name,
            reports_h=float(made[at] / hours),
            dead_h=float(dead[at]),
            spread=float(courses[:, at].std() / courses[:, at].mean()),
            wasted_pct=float(100.0 * turned[at] / max(harvested[at], 1e-30)),
        )
        for at, rule in enumerate(rules)
    ]


def _bank(description: NodeDescription, count: int) -> tuple[FilmBank, SupplyBank]:
    buffer = description.capacitor
    films = FilmBank(
        load_parameters(description.cell.set),
        np.full(count, description.cell.area_cm2),
        START_SOC,
        even_spread(count),
    )
    return films, SupplyBank(
        films,
        Circuit.of(description),
        np.full(count, buffer.capacitance_uf),
        np.full(count, buffer.leakage_mohm),
    )
