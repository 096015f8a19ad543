"""How fast a thousand designs live for ten years, and the planner of reports beside others."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench import design_week
from bench.figures import Figure
from filmgauge_sim.nodes.description import NodeDescription, read_description
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.sizing.design import grid
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
from filmgauge_sim.sizing.sizing import size
from filmgauge_sim.sizing.world import load_world
from filmgauge_sim.sizing.world_series import WorldSeries, hourly

_NODES = Path(__file__).resolve().parent.parent / "docs" / "sizing"
_SPAN = IntervalRange(60, 7200)
_DESIGNS = 1000
_YEARS = 10
# None of those with which the planner was made.
_CLOUD_SEEDS = (*range(31, 39), *range(41, 57))
_GAUGE_SEEDS = (1, 2, 3)  # of worlds without clouds
# node, world, days, first day of the year, and what the node has other than described
_CASES: tuple[tuple[str, str, int, int, dict[str, object]], ...] = (
    ("office", "office", 84, 0, {"cell.area_cm2": 80.0, "harvester.area_cm2": 30.0}),
    ("soil", "field", 120, 0, {"cell.area_cm2": 60.0, "harvester.area_cm2": 1.0}),
    ("soil", "field", 120, 180, {"cell.area_cm2": 60.0, "harvester.area_cm2": 0.5}),
    ("implant", "body", 84, 0, {"harvester.power_uw": 800.0, "cell.area_cm2": 60.0}),
    ("machine", "machine", 84, 0, {"cell.area_cm2": 90.0, "harvester.uw_per_k2": 1.5}),
    ("office", "home", 120, 60, {"cell.area_cm2": 80.0, "harvester.area_cm2": 20.0}),
)


def report() -> Iterator[Figure]:
    """Yield time and memory of the engine, how far it is from PyBaMM, and what became of each rule
    in each world."""
    yield from _speed()
    yield from design_week.report()
    for case in _CASES:
        yield rules(*case)


def _speed() -> Iterator[Figure]:
    description, series = _world("office", "office", 0, _YEARS * 365, {})
    cells = [20.0 + 4.0 * step for step in range(40)]
    harvesters = [5.0 + 3.0 * step for step in range(25)]
    begun_s = time.monotonic()
    size(description, series, grid(cells, harvesters, (4700.0,), (600,)))
    took_s = time.monotonic() - begun_s
    most_mb = (
        max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        / 1024
    )
    yield Figure(f"{_DESIGNS} designs x {_YEARS} years", f"{took_s:.0f} s", "60 s on two cores")
    yield Figure("memory of the largest process", f"{most_mb:.0f} MB", "500 MB")


def rules(name: str, world: str, days: int, first: int, changes: dict[str, object]) -> Figure:
    """Return what became of each rule in a world, over its seeds."""
    lives: dict[str, list[tuple[RuleOutcome, RuleOutcome]]] = {}
    has_clouds = load_world(world)[0].sun is not None
    for seed in _CLOUD_SEEDS if has_clouds else _GAUGE_SEEDS:
        description, series = _world(name, world, first, days, changes, seed)
        figures = node_figures(description, _SPAN)
        _, best = oracle(description, series, _SPAN)
        tried = [PlannerRule(figures, _SPAN), EwmaRule(figures, _SPAN), FixedRule(best.reports_h)]
        for each in compare(description, series, _SPAN, tried, seed):
            lives.setdefault(each.name, []).append((each, best))
    bests = [best for _, best in lives["planner"]]
    lines = [_said(label, pairs) for label, pairs in lives.items()]
    lines.append(
        f"oracle {sum(best.reports_h for best in bests) / len(bests):.1f} an hour,"
        f" dead {sum(best.dead_h for best in bests):.0f} h"
    )
    what = f"{world}, {days} days from day {first}, {len(bests)} seeds: share of the oracle's"
    return Figure(what, "; ".join(lines), "planner 85 % in each, dead 0 h")


def _said(name: str, pairs: list[tuple[RuleOutcome, RuleOutcome]]) -> str:
    """Return shares of the oracle's reports and the hours without supply that it had not."""
    shares = [100.0 * each.reports_h / best.reports_h for each, best in pairs]
    dead = [max(0.0, each.dead_h - best.dead_h) for each, best in pairs]
    seeds = sum(hours > 0.5 for hours in dead)
    spread = sum(each.spread for each, _ in pairs) / len(pairs)
    return (
        f"{name} {sum(shares) / len(shares):.1f} % ({min(shares):.1f} to {max(shares):.1f}),"
        f" dead {sum(dead):.0f} h more in {seeds}, spread {spread:.2f}"
    )


def _world(
    name: str,
    world: str,
    first: int,
    days: int,
    changes: dict[str, object],
    seed: int = 1,
) -> tuple[NodeDescription, WorldSeries]:
    described = read_description(_NODES / f"{name}.toml")
    description = varied(described, {"converter.discharge_ua": 40.0, **changes})
    place, folder = load_world(world)
    place = msgspec.structs.replace(place, seed=seed)
    whole = hourly(place, description.harvester, (first + days) / 365, folder)
    begin = 24 * first
    return description, WorldSeries(whole.offered_uw[begin:], whole.temperature_c[begin:])
