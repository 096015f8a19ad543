"""What `filmgauge size` prints: a table for people, an object for programs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from filmgauge_sim.sizing.bands import Bands
from filmgauge_sim.sizing.design import described, node_load

if TYPE_CHECKING:
    from filmgauge_sim.notebook.sizes import SizingResult

_ROWS = 12
_HEAD = (
    "  film harvester capacitor  report | lowest charge      on day  dark left  wasted | "
    "capacity after 10 y | nodes | limit"
)
_UNITS = (
    "   cm2 {:>9}        uF          |      % (90 % of nodes)               h       % |    "
    "% (90 % of nodes) |     % |"
)


@dataclass(frozen=True)
class SizeReport:
    """Tells of a sizing."""

    result: "SizingResult"

    def table(self, verified: Any) -> dict[str, Any]:
        """Return all of it as one object."""
        return {
            "node": self.result.description.name,
            "world": self.result.world,
            "years": self.result.years,
            "harvester_unit": self.result.harvester_unit,
            "reports_share_wanted_pct": self.result.sureness.least_share_pct,
            "nodes_share_wanted_pct": self.result.sureness.least_nodes_pct,
            "designs": [each.to_dict() for each in self.result.outcomes],
            "smallest": self._entry(self.result.smallest[0]) if self.result.smallest else None,
            "front": [self._entry(each) for each in self.result.smallest],
            "drain_uw": self._drain(),
            "verified": None if verified is None else asdict(verified),
        }

    def lines(self, verified: Any) -> Iterator[str]:
        """Yield it line by line."""
        result = self.result
        share_pct, nodes_pct = result.sureness.least_share_pct, result.sureness.least_nodes_pct
        met = sum(each.meets(share_pct) for each in result.outcomes)
        yield (
            f"{result.title}: {met} of {len(result.outcomes)} designs make {share_pct:g} % of"
            " their reports as described"
        )
        if not met:
            yield from self._nearest()
            return
        drawn = f"{nodes_pct:g} % of {self.result.sureness.nodes} drawn nodes"
        if not self.result.smallest:
            yield f"none of them in {drawn}: give larger ones"
            return
        of_nodes = f" in {drawn}" if nodes_pct else ""
        yield f"the smallest that do{of_nodes}, of which none is smaller in every part:"
        yield _HEAD
        yield _UNITS.format(self.result.harvester_unit)
        for each in self.result.smallest[:_ROWS]:
            yield _row(each)
        if len(self.result.smallest) > _ROWS:
            yield f"and {len(self.result.smallest) - _ROWS} more"
        yield from self._budget()
        yield from self._wear()
        if verified is not None:
            yield verified.sentence

    def _entry(self, each: Bands) -> dict[str, Any]:
        return {
            **each.nominal.to_dict(),
            "bands": each.figures,
            "nodes_that_meet_pct": each.nodes_that_meet_pct,
        }

    def _nearest(self) -> Iterator[str]:
        best = max(self.result.outcomes, key=lambda each: each.reports_share_pct)
        design = best.design
        yield (
            f"none does; the best ({design.cell_cm2:g} cm2 of film, {design.harvester_cm2:g}"
            f" {self.result.harvester_unit} of harvester, {design.capacitance_uf:g} uF,"
            f" a report in {design.report_s} s) makes {best.reports_share_pct:g} %,"
            f" limited by: {best.limited_by}"
        )

    def _drain(self) -> dict[str, float]:
        chosen = (
            self.result.smallest[0].nominal if self.result.smallest else self.result.outcomes[0]
        )
        of_pieces = self.result.series.of_pieces
        lines = node_load(described(self.result.description, chosen.design, of_pieces)).lines
        return {name: round(power_uw, 4) for name, power_uw in lines.items()}

    def _wear(self) -> Iterator[str]:
        """Yield for each interval how long flash endures it, where that is less than the years."""
        years = {each.design.report_s: each.flash_years for each in self.result.outcomes}
        for report_s, flash_years in sorted(years.items()):
            if flash_years < self.result.years:
                yield (
                    f"a report in {report_s} s wears its flash out in {flash_years:.1f} years:"
                    " intervals.report_every or intervals.journal_every must be larger"
                )

    def _budget(self) -> Iterator[str]:
        smallest = self.result.smallest[0].nominal
        yield (
            f"the smallest takes {smallest.own_uah_day:g} uAh a day in the dark, passes"
            f" {smallest.cycles_year:g} equivalent full cycles a year and loses"
            f" {smallest.lost_uah_year:g} uAh a year; out of its capacitor, in uW:"
        )
        yield "  " + ", ".join(f"{name} {power:.3g}" for name, power in self._drain().items())


def _row(each: Bands) -> str:
    nominal, design, figures = each.nominal, each.nominal.design, each.figures
    low, high = figures["lowest_soc_pct"]
    after = "          -        "
    if nominal.capacity_10y_pct is not None:
        fade_low, fade_high = figures["capacity_10y_pct"]
        after = f"{nominal.capacity_10y_pct:6.1f} ({fade_low:.1f} to {fade_high:.1f})"
    return (
        f"{design.cell_cm2:6.4g} {design.harvester_cm2:9.4g} {design.capacitance_uf:9.5g}"
        f" {design.report_s:6d} s | {nominal.lowest_soc_pct:6.1f} ({low:5.1f} to {high:5.1f})"
        f" {nominal.lowest_day:8.1f} {nominal.dark_hours:10.0f} {nominal.harvest_wasted_pct:7.1f}"
        f" | {after:>19} | {each.nodes_that_meet_pct:5.0f} | {nominal.limited_by}"
    )
