"""How sure an answer is: the same design with other cells and other values of what is assumed."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.sizing.assumptions import drawn
from filmgauge_sim.sizing.design import Design, Outcome, smallest
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
_MOST_NODES = 1000
_RUNS_AT_ONCE = 1000  # few at once take nearly as long


@dataclass(frozen=True)
class Bands:
    """Of one design: what it is nominally; from and to which value each figure lies in nine of
    ten nodes; and in how many of all nodes the wanted share of reports was made, per cent."""

    nominal: Outcome
    figures: dict[str, tuple[float, float]]
    nodes_that_meet_pct: float


@dataclass(frozen=True)
class Sureness:
    """How sure an answer has to be. nodes: how many are drawn, by `seed`, the same for every
    design; least_share_pct: of the reports, that a node must make; least_nodes_pct: of the nodes,
    that must make them."""

    nodes: int = 40
    seed: int = 1
    least_share_pct: float = 100.0
    least_nodes_pct: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if not 1 <= self.nodes <= _MOST_NODES:
            raise ValueError(f"nodes must be from 1 to {_MOST_NODES}, not {self.nodes}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or above, not {self.seed}")
        for name, share in (
            ("reports_share_pct", self.least_share_pct),
            ("nodes_share_pct", self.least_nodes_pct),
        ):
            if not 0.0 <= share <= 100.0:
                raise ValueError(f"{name} must be from 0 to 100, not {share:g}")


def bands(
    description: NodeDescription,
    series: WorldSeries,
    outcomes: Sequence[Outcome],
    sureness: Sureness,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Bands]:
    """Return the bands of some designs. Raises as `size` does."""
    nodes = sureness.nodes
    designs: list[Design] = [each.design for each in outcomes for _ in range(nodes)]
    of_one = drawn(load_parameters(description.cell.set), nodes, sureness.seed)
    variation = of_one.repeated(len(outcomes))
    found = size(
        description, series, designs, variation=variation, executor=executor, progress=progress
    )
    return [
        _bands(nominal, found[at * nodes : (at + 1) * nodes], sureness.least_share_pct)
        for at, nominal in enumerate(outcomes)
    ]


def smallest_sure(
    description: NodeDescription,
    series: WorldSeries,
    outcomes: Sequence[Outcome],
    sureness: Sureness,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Bands]:
    """Return the smallest designs of which enough of the drawn nodes make their reports, by size.

    The smallest nominal ones are tried, in place of those that are not sure enough the next larger
    ones, and so on. Raises as `size` does.
    """
    least_share_pct, least_nodes_pct = sureness.least_share_pct, sureness.least_nodes_pct
    tried_at_once = max(1, _RUNS_AT_ONCE // sureness.nodes) if least_nodes_pct else 1
    left, sure, done = list(outcomes), list[Bands](), 0.0
    while tried := _smallest_layers(left, least_share_pct, tried_at_once):
        part = 0.5 * (1.0 - done) if least_nodes_pct else 1.0
        found = bands(
            description,
            series,
            tried,
            sureness,
            executor=executor,
            progress=progress and _part_of(progress, done, part),
        )
        sure += [each for each in found if each.nodes_that_meet_pct >= least_nodes_pct]
        designs = [each.nominal.design for each in sure]
        left = [
            each
            for each in left
            if each not in tried and not any(one.is_no_larger(each.design) for one in designs)
        ]
        done += part
    front = smallest([each.nominal for each in sure], least_share_pct)
    return sorted(
        (each for each in sure if each.nominal in front),
        key=lambda each: each.nominal.design.by_size,
    )


def _part_of(progress: Progress, done: float, part: float) -> Progress:
    """Return the progress of a part that begins where so much is done."""
    return lambda share: progress(done + part * share)


def _smallest_layers(
    outcomes: Sequence[Outcome], least_share_pct: float, count: int
) -> list[Outcome]:
    """Return the smallest of some designs, of the rest the smallest, and so on, until there are
    so many."""
    found: list[Outcome] = []
    while len(found) < count:
        layer = smallest([each for each in outcomes if each not in found], least_share_pct)
        if not layer:
            break
        found += layer
    return found


def _bands(nominal: Outcome, drawn: Sequence[Outcome], least_share_pct: float) -> Bands:
    figures = {}
    for name in _FIGURES:
        values = [getattr(each, name) for each in drawn]
        if None not in values:
            low, high = np.percentile(values, (_LOW, _HIGH))
            figures[name] = (round(float(low), 2), round(float(high), 2))
    met = sum(each.meets(least_share_pct) for each in drawn)
    return Bands(nominal, figures, round(100.0 * met / len(drawn), 1))
