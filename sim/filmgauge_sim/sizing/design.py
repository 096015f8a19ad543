"""A design of a node: what is varied of its description, and what became of it over the years."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from filmgauge_sim.nodes.description import NodeDescription, check_circuit
from filmgauge_sim.nodes.energy_budget import energy_budget, leakage_uw
from filmgauge_sim.nodes.flash_wear import flash_wear
from filmgauge_sim.nodes.tables import varied

_MOST_DESIGNS = 100_000
_OUTSIDE_BOARD = ("converter", "leakage")  # lines of a budget that are the circuit's own


@dataclass(frozen=True, order=True)
class Design:
    """What is varied. harvester_cm2 stands for uW/K2 of a thermoelectric, uW of a constant one or
    a charger, and pieces where the world has a trace of their power."""

    cell_cm2: float
    harvester_cm2: float
    capacitance_uf: float
    report_s: int

    @property
    def by_size(self) -> tuple[float, "Design"]:
        """By what designs are called small: film and harvester together, then each by itself."""
        return self.cell_cm2 + self.harvester_cm2, self

    def is_no_larger(self, other: "Design") -> bool:
        """Whether none of its parts is larger, and its reports are as frequent."""
        return (
            self.cell_cm2 <= other.cell_cm2
            and self.harvester_cm2 <= other.harvester_cm2
            and self.capacitance_uf <= other.capacitance_uf
            and self.report_s <= other.report_s
        )


def harvester_key(description: NodeDescription) -> str:
    """Return the key of its harvester that `harvester_cm2` stands for, but for pieces."""
    keys = {"photovoltaic": "area_cm2", "thermoelectric": "uw_per_k2"}
    return keys.get(description.harvester.kind, "power_uw")


def harvester_unit(description: NodeDescription, of_pieces: bool = False) -> str:
    """Return the unit of what `harvester_cm2` stands for."""
    if of_pieces:
        return "pieces"
    units = {"area_cm2": "cm2", "uw_per_k2": "uW/K2", "power_uw": "uW"}
    return units[harvester_key(description)]


def harvester_size(description: NodeDescription, of_pieces: bool = False) -> float:
    """Return what it is as described; of pieces there is one."""
    if of_pieces:
        return 1.0
    return getattr(description.harvester, harvester_key(description))


def described(
    description: NodeDescription, design: Design, of_pieces: bool = False
) -> NodeDescription:
    """Return the description of a node that is built so; pieces stand in none.

    The capacitor leaks as much for each uF as the described one (assumed). Raises ValueError, one
    sentence, where a number is out of the bounds of its key, does not fit to others, or no reports
    come at that interval. Whether the capacitor carries the node is not checked: `node_load`.
    """
    buffer, intervals = description.capacitor, description.intervals
    if not design.capacitance_uf > 0.0:
        raise ValueError(f"capacitance_uf must be above 0, not {design.capacitance_uf:g}")
    sample_s = max(1, min(intervals.sample_s, design.report_s))
    report_every, rest_s = divmod(design.report_s, sample_s)
    if rest_s:
        raise ValueError(
            f"report_s must be a multiple of intervals.sample_s, {sample_s}, not {design.report_s}"
        )
    harvester = {f"harvester.{harvester_key(description)}": design.harvester_cm2}
    built = varied(
        description,
        {
            "cell.area_cm2": design.cell_cm2,
            **({} if of_pieces else harvester),
            "capacitor.capacitance_uf": design.capacitance_uf,
            "capacitor.leakage_mohm": buffer.leakage_mohm
            * buffer.capacitance_uf
            / design.capacitance_uf,
            "intervals.sample_s": sample_s,
            "intervals.report_every": report_every,
        },
    )
    check_circuit(built)  # nothing else depends on what a design has
    own_uw = description.budget.own_uw
    if own_uw is None:
        return built
    # It was measured with the capacitor that is described.
    own_uw += leakage_uw(built) - leakage_uw(description)
    return varied(built, {"budget.own_uw": max(own_uw, 0.0)})


@dataclass(frozen=True)
class NodeLoad:
    """What a node takes. board_uw: mean, at the regulator's output; burst_uj: of the longest wake,
    out of the capacitor; least_uf: the capacitor without which it boots for ever; lines: of its
    budget, uW out of the capacitor; cell_uah_day: out of the cell on a day without harvest;
    flash_years: how long its flash endures what it writes."""

    board_uw: float
    burst_uj: float
    least_uf: float
    lines: dict[str, float]
    cell_uah_day: float
    flash_years: float

    def cell_ua(self, factor: float = 1.0) -> float:
        """Return the mean current out of the cell without harvest, uA, of a board that takes so
        many times what it should."""
        outside_uw = sum(self.lines.get(name, 0.0) for name in _OUTSIDE_BOARD)
        total_uw = sum(self.lines.values())
        if not total_uw:
            return 0.0
        share = (outside_uw + factor * (total_uw - outside_uw)) / total_uw
        return share * self.cell_uah_day / 24.0


def node_load(description: NodeDescription) -> NodeLoad:
    """Return the load of a node by its energy budget."""
    budget = energy_budget(description)
    lines = {line.name: line.power_uw for line in budget.lines if line.power_uw}
    board_uw = sum(power for name, power in lines.items() if name not in _OUTSIDE_BOARD)
    figures, intervals = budget.figures, description.intervals
    report_s = intervals.sample_s * intervals.report_every
    radio_uw = sum(lines.get(name, 0.0) for name in ("Wi-Fi", "radio set-up"))
    return NodeLoad(
        board_uw=board_uw * description.converter.output_efficiency,
        burst_uj=figures.wake_uj + radio_uw * report_s,
        least_uf=description.buffer.least_uf,
        lines=lines,
        cell_uah_day=budget.cell_uah_day,
        flash_years=flash_wear(description).endures_years,
    )


def design_grid(
    description: NodeDescription,
    cell_cm2: Sequence[float] = (),
    harvester_cm2: Sequence[float] = (),
    capacitance_uf: Sequence[float] = (),
    report_s: Sequence[int] = (),
    of_pieces: bool = False,
) -> list[Design]:
    """Return every combination; what has no values is as described. Raises ValueError, one
    sentence, for more than 100,000 or a harvester that is described with 0."""
    size = harvester_size(description, of_pieces)
    if not size and not harvester_cm2:
        key = harvester_key(description)
        raise ValueError(f"harvester.{key} of {description.name} must be above 0 to be sized")
    intervals = description.intervals
    return grid(
        cell_cm2 or (description.cell.area_cm2,),
        harvester_cm2 or (size,),
        capacitance_uf or (description.capacitor.capacitance_uf,),
        report_s or (intervals.sample_s * intervals.report_every,),
    )


def grid(
    cell_cm2: Sequence[float],
    harvester_cm2: Sequence[float],
    capacitance_uf: Sequence[float],
    report_s: Sequence[int],
) -> list[Design]:
    """Return every combination. Raises ValueError for more than 100,000."""
    count = len(cell_cm2) * len(harvester_cm2) * len(capacitance_uf) * len(report_s)
    if count > _MOST_DESIGNS:
        raise ValueError(f"there must be at most {_MOST_DESIGNS} designs, not {count}")
    return [Design(*each) for each in product(cell_cm2, harvester_cm2, capacitance_uf, report_s)]


@dataclass(frozen=True)
class Outcome:
    """What became of a design. lowest_day: when the charge was lowest, days from the start;
    dark_hours: how long it would then have lived on without harvest; capacities: over that at the
    start, None after the end; flash_years: how long its flash endures what it writes, by its
    datasheet; limited_by: what would have to be better first."""

    design: Design
    lowest_soc_pct: float
    lowest_day: float
    dark_hours: float
    reports_share_pct: float
    harvest_wasted_pct: float
    cycles_year: float
    capacity_1y_pct: float | None
    capacity_5y_pct: float | None
    capacity_10y_pct: float | None
    lost_uah_year: float
    own_uah_day: float
    flash_years: float
    limited_by: str

    def meets(self, least_share_pct: float) -> bool:
        """Whether so large a share of the reports was made."""
        return self.reports_share_pct >= least_share_pct - 1e-9

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, flat."""
        flat = asdict(self)
        return {**flat.pop("design"), **flat}


def smallest(outcomes: Sequence[Outcome], least_share_pct: float) -> list[Outcome]:
    """Return those that meet the share and of which no other that does is as small in every part
    (the Pareto front), by size."""
    good = [each for each in outcomes if each.meets(least_share_pct)]
    good.sort(key=lambda each: each.design.by_size)
    front: list[Outcome] = []
    for each in good:
        if not any(other.design.is_no_larger(each.design) for other in front):
            front.append(each)
    return front
