"""How large a cell and a harvester a node needs, for notebooks: what `filmgauge size` computes.

result = size("node.toml", "office", cell_cm2=[40, 80, 160], harvester_cm2=[20, 40])
result.smallest[0].nominal.design
result.to_dataframe()
result.plot()
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

from filmgauge_sim.nodes.description import NodeDescription, read_description
from filmgauge_sim.notebook.numbers import Numbers, number, numbers, whole, whole_numbers
from filmgauge_sim.notebook.optional import imported
from filmgauge_sim.sizing.bands import Bands, Sureness, smallest_sure
from filmgauge_sim.sizing.design import Outcome, design_grid, harvester_unit
from filmgauge_sim.sizing.picture import draw_sizing
from filmgauge_sim.sizing.sizing import Progress, check_film
from filmgauge_sim.sizing.sizing import size as size_designs
from filmgauge_sim.sizing.world import load_world
from filmgauge_sim.sizing.world_series import WorldSeries, hourly

if TYPE_CHECKING:
    from filmgauge_sim.notebook.nodes import Scenario

Bar = Callable[[str], AbstractContextManager[Progress]]  # given what is computed, takes its share


class SizingResult:
    """What became of each design.

    outcomes: one a design, in the order of the values given. smallest: those that do, of which
    none is smaller in every part, by size; each with its bands. columns: lists of one length, one
    entry a design, by the names that `filmgauge size --json` prints (cell_cm2, harvester_cm2,
    capacitance_uf, report_s, lowest_soc_pct, capacity_10y_pct, limited_by, ...; None where the
    years were too few). description, series: of the node, and of its world hour by hour.
    """

    def __init__(
        self,
        description: NodeDescription,
        world: str,
        years: float,
        series: WorldSeries,
        outcomes: list[Outcome],
        smallest: list[Bands],
        sureness: Sureness,
    ) -> None:
        self.description = description
        self.world = world
        self.years = years
        self.series = series
        self.outcomes = outcomes
        self.smallest = smallest
        self.sureness = sureness
        rows = [each.to_dict() for each in outcomes]
        self.columns: dict[str, list[Any]] = {key: [row[key] for row in rows] for key in rows[0]}

    @property
    def title(self) -> str:
        """What it is of."""
        return f"{self.description.name} in the world {self.world}, {self.years:g} years"

    @property
    def harvester_unit(self) -> str:
        """Of what `harvester_cm2` stands for."""
        return harvester_unit(self.description, self.series.of_pieces)

    def __len__(self) -> int:
        return len(self.outcomes)

    def __repr__(self) -> str:
        met = sum(each.meets(self.sureness.least_share_pct) for each in self.outcomes)
        return f"<SizingResult {self.title}: {met} of {len(self)} designs live>"

    def to_dataframe(self) -> Any:
        """The columns as a pandas.DataFrame, one row a design. Raises ModuleNotFoundError, which
        names the extra, without pandas."""
        return imported("pandas", "pandas", "to_dataframe()").DataFrame(self.columns)

    def plot(self, figure: Any = None) -> Any:
        """Which designs live, a panel for each interval and capacitor, and the smallest of them.
        Draws on a figure of matplotlib (a new one by default) and returns it. Raises
        ModuleNotFoundError, which names the extra, without matplotlib."""
        if figure is None:
            figure = imported("matplotlib.pyplot", "lab", "plot()").figure()
        draw_sizing(
            figure, self.harvester_unit, self.title, self.outcomes, self.smallest, self.sureness
        )
        return figure


def size(
    node: "str | Path | Scenario",
    world: str | Path,
    *,
    cell_cm2: Numbers = (),
    harvester_cm2: Numbers = (),
    capacitance_uf: Numbers = (),
    report_s: Numbers = (),
    years: float = 10.0,
    reports_share_pct: float = 100.0,
    nodes_share_pct: float = 0.0,
    nodes: SupportsIndex = 40,
    seed: SupportsIndex = 1,
    executor: Executor | None = None,
    bar: Bar | None = None,
) -> SizingResult:
    """Let designs of one node live through years in a world; every combination of the values is
    one, a single number is one value, and what has no values is as described.

    node: the path of a description (node.toml), or a Node or Scenario of one node. world: one of
    the package (body, field, home, machine, office) or the path of a TOML file; docs/sizing.md.
    harvester_cm2 stands for uW/K2 of a thermoelectric harvester, uW of a constant one or a
    charger, and pieces in a world with a trace of power_uw, but for a photovoltaic one.
    reports_share_pct: of the reports, that a node must make. nodes_share_pct: of the `nodes` that
    are drawn by `seed`, that must make them. executor: where to compute, left out a process for
    each processor. bar: what shows how far it has come, none by default.

    Raises ValueError, one sentence with key and bound, for a node that does not live from a film,
    a world that has nothing for its harvester, or a number out of its bounds; OSError.
    """
    description = _description(node)
    check_film(description)
    place, folder = load_world(str(world))
    years = number("years", years)
    sureness = Sureness(
        whole("nodes", nodes),
        whole("seed", seed),
        number("reports_share_pct", reports_share_pct),
        number("nodes_share_pct", nodes_share_pct),
    )
    series = hourly(place, description.harvester, years, folder)
    designs = design_grid(
        description,
        numbers("cell_cm2", cell_cm2),
        numbers("harvester_cm2", harvester_cm2),
        numbers("capacitance_uf", capacitance_uf),
        whole_numbers("report_s", report_s),
        series.of_pieces,
    )
    bar = bar or _no_bar
    with bar(f"{len(designs)} designs x {years:g} years") as progress:
        outcomes = size_designs(description, series, designs, executor=executor, progress=progress)
    with bar("drawn nodes of the smallest") as progress:
        smallest = smallest_sure(
            description, series, outcomes, sureness, executor=executor, progress=progress
        )
    return SizingResult(description, place.name, years, series, outcomes, smallest, sureness)


@contextmanager
def _no_bar(_what: str) -> Iterator[Progress]:
    yield lambda _share: None


def _description(node: "str | Path | Scenario") -> NodeDescription:
    if isinstance(node, str | Path):
        return read_description(Path(node))
    descriptions = [each.description for each in node.definition.node]
    if len(descriptions) != 1:
        raise ValueError(f"a scenario of one node can be sized, not of {len(descriptions)}")
    return descriptions[0]
