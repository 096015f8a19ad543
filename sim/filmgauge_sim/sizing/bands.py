"""How sure an answer is: the same design with other cells and other values of what is assumed."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.sizing.design import Design, Outcome
from filmgauge_sim.sizing.sizing import Progress, size
from filmgauge_sim.sizing.world_series import WorldSeries

_FIGURES = (
    "lowest_soc_pct",
    "reports_share_pct",
    "dark_hours",
    "harvest_wasted_pct",
    "capacity_1y_pct",
    "capacity_5y_pct",
    "capacity_10y_pct",
)
_LOW, _HIGH = 5.0, 95.0  # percentiles


@dataclass(frozen=True)
class Bands:
    """Of one design: what it is nominally; from and to which value each figure lies in nine of
    ten nodes; and in how many of all nodes the wanted share of reports was made, per cent."""

    nominal: Outcome
    figures: dict[str, tuple[float, float]]
    nodes_that_meet_pct: float


def bands(
    description: NodeDescription,
    series: WorldSeries,
    outcomes: Sequence[Outcome],
    *,
    nodes: int,
    seed: int,
    least_share_pct: float,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Bands]:
    """Return the bands of some designs, of `nodes` drawn nodes each. Raises as `size` does."""
    designs: list[Design] = [each.design for each in outcomes for _ in range(nodes)]
    drawn = size(description, series, designs, seed=seed, executor=executor, progress=progress)
    return [
        _bands(nominal, drawn[at * nodes : (at + 1) * nodes], least_share_pct)
        for at, nominal in enumerate(outcomes)
    ]


def _bands(nominal: Outcome, drawn: Sequence[Outcome], least_share_pct: float) -> Bands:
    figures = {}
    for name in _FIGURES:
        values = [getattr(each, name) for each in drawn]
        if None not in values:
            low, high = np.percentile(values, (_LOW, _HIGH))
            figures[name] = (round(float(low), 2), round(float(high), 2))
    met = sum(each.meets(least_share_pct) for each in drawn)
    return Bands(nominal, figures, round(100.0 * met / len(drawn), 1))
