"""The firmware's planner beside other rules and an oracle, in worlds of their own."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from filmgauge_sim.nodes.description import NodeDescription, read_description
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.sizing.intervals import (
    EwmaRule,
    FixedRule,
    IntervalRange,
    PlannerRule,
    RuleOutcome,
    View,
    compare,
    node_figures,
)
from filmgauge_sim.sizing.oracle import oracle
from filmgauge_sim.sizing.world import load_world
from filmgauge_sim.sizing.world_series import WorldSeries, hourly

NODES = Path(__file__).resolve().parents[3] / "docs" / "sizing"
SPAN = IntervalRange(60, 7200)
WEEKS = 6


def described(name: str, **changes: float) -> NodeDescription:
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return varied(
        read_description(NODES / f"{name}.toml"), {"converter.discharge_ua": 40.0, **keys}
    )


def outcomes(description: NodeDescription, series: WorldSeries) -> dict[str, RuleOutcome]:
    figures = node_figures(description, SPAN)
    _, best = oracle(description, series, SPAN)
    rules = [PlannerRule(figures, SPAN), EwmaRule(figures, SPAN), FixedRule(best.reports_h)]
    return {each.name: each for each in (*compare(description, series, SPAN, rules), best)}


def clouds(description: NodeDescription, first: int, days: int, seed: int) -> WorldSeries:
    place, folder = load_world("field")
    place = msgspec.structs.replace(place, seed=seed)
    whole = hourly(place, description.harvester, (first + 120) / 365, folder)
    span = slice(24 * first, 24 * (first + days))
    return WorldSeries(whole.offered_uw[span], whole.temperature_c[span])


@pytest.fixture(scope="module")
def office() -> dict[str, RuleOutcome]:
    description = described("office", cell__area_cm2=80.0, harvester__area_cm2=30.0)
    place, folder = load_world("office")
    return outcomes(description, hourly(place, description.harvester, WEEKS * 7 / 365, folder))


def test_the_oracle_lives_and_nobody_that_lives_does_better(office) -> None:
    assert office["oracle"].dead_h == 0.0
    assert office["fixed"].dead_h > 0.0  # its mean, but not at its times
    for each in office.values():
        if each.dead_h == 0.0:
            assert each.reports_h <= office["oracle"].reports_h * 1.001


def test_the_planner_lives_and_makes_most_of_the_reports(office) -> None:
    """Six weeks, in the first of which it knows nothing."""
    planner, best = office["planner"], office["oracle"]
    assert planner.dead_h == 0.0
    assert planner.reports_h > 0.75 * best.reports_h
    assert planner.reports_h > office["ewma"].reports_h
    assert planner.wasted_pct < office["ewma"].wasted_pct
    assert planner.spread < office["ewma"].spread


@pytest.mark.parametrize("seed", [31, 32])
def test_a_bright_summer_is_not_wasted(seed: int) -> None:
    description = described("soil", cell__area_cm2=60.0, harvester__area_cm2=0.5)
    found = outcomes(description, clouds(description, 180, 28, seed))
    planner, best = found["planner"], found["oracle"]
    assert planner.dead_h == best.dead_h == 0.0
    assert planner.reports_h > 0.9 * best.reports_h


def test_a_storm_of_nine_days_in_summer_is_lived_through() -> None:
    """It takes half of the charge from a node that says next to nothing."""
    description = described("soil", cell__area_cm2=60.0, harvester__area_cm2=0.5)
    figures = node_figures(description, SPAN)
    rules = [PlannerRule(figures, SPAN), EwmaRule(figures, SPAN)]
    planner, ewma = compare(description, clouds(description, 180, 100, 32), SPAN, rules, 32)
    assert planner.dead_h == 0.0
    assert ewma.dead_h > 10.0


def test_reports_in_a_bright_noon_cost_nothing() -> None:
    """The converter charges with 40 uA of some hundred; by night the node says as much."""
    description = described("soil", cell__area_cm2=60.0, harvester__area_cm2=1.0)
    offered = np.tile(np.repeat([0.0, 400.0, 0.0], 8), 12)
    series = WorldSeries(offered, np.full(len(offered), 20.0))
    figures = node_figures(description, SPAN)

    class Blind(PlannerRule):
        def rate(self, view: View) -> float:
            return super().rate(replace(view, is_bound=False))

    told, blind = compare(
        description, series, SPAN, [PlannerRule(figures, SPAN), Blind(figures, SPAN)]
    )
    assert told.dead_h == blind.dead_h == 0.0
    assert told.reports_h > 1.05 * blind.reports_h


def test_a_wake_that_does_not_report_is_spared_in_the_dark() -> None:
    figures = node_figures(read_description(NODES / "office.toml"), SPAN)
    assert figures.rare == 5
    assert figures.spares(np.array([0.5, 12.0, 36.0, 60.0]), 60.0) == pytest.approx(
        [1.0, 1.0, 0.5, 0.0]
    )
    assert 0.0 < figures.spared_uw < 0.1 * figures.base_uw
    slow = node_figures(read_description(NODES / "office.toml"), IntervalRange(600, 7200))
    assert slow.spared_uw == slow.spared_uah == 0.0


def test_a_storm_of_five_days_in_winter_is_lived_through() -> None:
    """After weeks in which the clouds let through little more than the node takes."""
    description = described("soil", cell__area_cm2=60.0, harvester__area_cm2=1.0)
    found = outcomes(description, clouds(description, 0, 35, 7))
    assert found["oracle"].dead_h == 0.0
    assert found["planner"].dead_h == 0.0
    assert found["ewma"].dead_h > 10.0


def test_the_oracle_of_a_world_that_takes_every_node_to_its_end_is_dead_the_least() -> None:
    """Nine days of the dark are more than the cell can bear; before them it reports often."""
    description = described("soil", cell__area_cm2=60.0, harvester__area_cm2=1.0)
    offered = np.tile(np.repeat([0.0, 1000.0, 0.0], 8), 19)
    offered[24 * 7 : 24 * 16] = 0.0
    series = WorldSeries(offered, np.full(len(offered), 20.0))
    _, best = oracle(description, series, SPAN)
    seldom, often = compare(
        description, series, SPAN, [FixedRule(SPAN.rates[0]), FixedRule(SPAN.rates[1])]
    )
    assert 0.0 < best.dead_h < 1.02 * seldom.dead_h  # it ends, and begins again, a little later
    assert seldom.dead_h < 0.9 * often.dead_h
    assert best.reports_h > 10.0 * seldom.reports_h


def test_what_a_report_takes_is_the_difference_of_two_budgets() -> None:
    description = read_description(NODES / "office.toml")
    figures = node_figures(description, SPAN)
    other = node_figures(description, IntervalRange(600, 6000))
    assert figures.report_uj == pytest.approx(other.report_uj, rel=0.35)
    assert figures.capacity_uah == pytest.approx(16.11 * 60.0)
