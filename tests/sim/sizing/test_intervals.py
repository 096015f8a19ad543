"""The firmware's planner beside other rules and an oracle, in worlds of their own."""

from pathlib import Path

import pytest

from filmgauge_sim.nodes.description import read_description
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.sizing.intervals import (
    EwmaRule,
    FixedRule,
    IntervalRange,
    PlannerRule,
    RuleOutcome,
    compare,
    node_figures,
)
from filmgauge_sim.sizing.oracle import oracle
from filmgauge_sim.sizing.world import load_world
from filmgauge_sim.sizing.world_series import WorldSeries, hourly

NODES = Path(__file__).resolve().parents[3] / "docs" / "sizing"
SPAN = IntervalRange(60, 7200)
WEEKS = 6


def outcomes(name: str, world: str, **changes: float) -> dict[str, RuleOutcome]:
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    description = varied(
        read_description(NODES / f"{name}.toml"), {"converter.discharge_ua": 40.0, **keys}
    )
    place, folder = load_world(world)
    series: WorldSeries = hourly(place, description.harvester, WEEKS * 7 / 365, folder)
    figures = node_figures(description, SPAN)
    _, best = oracle(description, series, SPAN)
    rules = [PlannerRule(figures, SPAN), EwmaRule(figures, SPAN), FixedRule(best.reports_h)]
    return {each.name: each for each in (*compare(description, series, SPAN, rules), best)}


@pytest.fixture(scope="module")
def office() -> dict[str, RuleOutcome]:
    return outcomes("office", "office", cell__area_cm2=80.0, harvester__area_cm2=30.0)


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


def test_what_a_report_takes_is_the_difference_of_two_budgets() -> None:
    description = read_description(NODES / "office.toml")
    figures = node_figures(description, SPAN)
    other = node_figures(description, IntervalRange(600, 6000))
    assert figures.report_uj == pytest.approx(other.report_uj, rel=0.35)
    assert figures.capacity_uah == pytest.approx(16.11 * 60.0)
