"""The worst month of a design with the real firmware: how far the fast engine was off."""

import random
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.secrets import throwaway_secrets
from filmgauge_sim.nodes.surroundings import AmbientSection, WorldSection
from filmgauge_sim.nodes.tables import quoted
from filmgauge_sim.scenario.scenario import Scenario, ScenarioNode
from filmgauge_sim.sizing.clouds import HOURS_A_DAY
from filmgauge_sim.sizing.design import Design, Outcome, described
from filmgauge_sim.sizing.sizing import HourlyCharge, hourly_charge
from filmgauge_sim.sizing.world_series import WorldSeries

_MONTH_H = 30 * 24
_LONGER = 0.01  # assumed: by which an interval may be too long for its wake and its boot
_AFTER_H = 5 * 24  # of the month comes behind its lowest charge


@dataclass(frozen=True)
class Verified:
    """A month with the real firmware beside the engine, or the days there are: begins on a day of
    the series; charges in per cent; largest_difference_pct: at any full hour. records_due: at the
    longest interval that the node may choose itself; engine_reports_share_pct: of the whole time.
    reduces_service: whether the node does less as its cell runs low, which the engine does not
    know."""

    first_day: int
    days: float
    lowest_soc_pct: float
    engine_lowest_soc_pct: float
    largest_difference_pct: float
    brown_outs: int
    records: int
    records_due: int
    engine_reports_share_pct: float
    reduces_service: bool
    gauge_rmse_pct: float | None

    @property
    def sentence(self) -> str:
        """All of it."""
        return (
            f"with the real firmware in the {self.days:g} days from day {self.first_day}: lowest"
            f" charge {self.lowest_soc_pct:.1f} %, by the engine"
            f" {self.engine_lowest_soc_pct:.1f} %; they differ by"
            f" {self.largest_difference_pct:.2f} % at most;"
            f" {self.brown_outs} brown-outs, {self.records} of {self.records_due} records"
        )

    @property
    def contradiction(self) -> str | None:
        """How the month denies that the design makes every report, None where it does not."""
        missing = self.records_due - self.records
        is_short = missing > 1 + _LONGER * self.records_due
        if self.engine_reports_share_pct < 100.0 or not (is_short or self.brown_outs):
            return None
        why = ""
        if is_short and self.reduces_service:
            why = "; it does less as its cell runs low: reduces_service"
        return (
            f"the real firmware made {self.records} of {self.records_due} reports with"
            f" {self.brown_outs} brown-outs where the engine says all of them with none{why}"
        )


def verify_worst_month(
    description: NodeDescription, series: WorldSeries, outcome: Outcome
) -> Verified:
    """Run the month in which the charge was lowest, in the `cpython` runtime.

    The cell begins with the charge and the age that the engine says; light and temperature are
    those of the series, the temperature as a mean with a daily swing. Raises what a run raises,
    and FilmgaugeError where the node never wakes.
    """
    design = outcome.design
    course = hourly_charge(description, series, design)
    first_h = _first_hour(course)
    hours = min(_MONTH_H, len(series.offered_uw) - first_h)
    with tempfile.TemporaryDirectory(prefix="filmgauge-size-") as name:
        folder = Path(name)
        scenario = _scenario(description, series, design, course, first_h, hours, folder)
        options = RunOptions("cpython", duration=f"{hours}h")
        with RunSession(scenario, options, folder / "run") as session:
            session.run(lambda _received, _truth: None, lambda: True)
            node, result = session.simulation.nodes[0], session.results()[0]
            if not node.truth:
                raise FilmgaugeError(
                    f"node {description.name} never woke in the {hours / HOURS_A_DAY:.0f} days"
                    f" from day {first_h // HOURS_A_DAY} with the real firmware"
                )
            times_h = np.array([each.now_us / 3.6e9 for each in node.truth])
            charges = np.array([each.stoichiometry for each in node.truth])
    full_hours = np.arange(1, int(times_h[-1]) + 1)
    truth = np.interp(full_hours, times_h, charges)
    engine = course.soc[first_h + 1 : first_h + 1 + len(full_hours)]
    return Verified(
        first_day=first_h // HOURS_A_DAY,
        days=round(hours / HOURS_A_DAY, 1),
        lowest_soc_pct=round(100.0 * float(charges.min()), 2),
        engine_lowest_soc_pct=round(100.0 * float(engine.min()), 2),
        largest_difference_pct=round(100.0 * float(np.abs(truth - engine).max()), 2),
        brown_outs=result.brown_outs.count if result.brown_outs else 0,
        records=result.received,
        records_due=int(3600 * hours // _longest_interval_s(node.description)),
        engine_reports_share_pct=outcome.reports_share_pct,
        reduces_service=description.reduces_service is not False,
        gauge_rmse_pct=result.soc_rmse_pct,
    )


def _longest_interval_s(description: NodeDescription) -> int:
    intervals = description.intervals
    return intervals.sample_s * (intervals.report_every_most or intervals.report_every)


def _first_hour(course: HourlyCharge) -> int:
    """Return where the month begins: at midnight, so that it ends after the lowest charge."""
    lowest = int(np.argmin(course.soc))
    begin = max(0, lowest + _AFTER_H - _MONTH_H)
    days = min(begin // HOURS_A_DAY, -((_MONTH_H - len(course.ages)) // HOURS_A_DAY))
    return max(0, days) * HOURS_A_DAY


def _scenario(
    description: NodeDescription,
    series: WorldSeries,
    design: Design,
    course: HourlyCharge,
    first_h: int,
    hours: int,
    folder: Path,
) -> Scenario:
    span = slice(first_h, first_h + hours)
    trace = folder / "harvest.csv"
    powers = series.offered_uw[span] * design.harvester_cm2
    rows = (f"{3600 * hour},{power:.9g}\n" for hour, power in enumerate(powers))
    trace.write_text("time_s,power_uw\n" + "".join(rows))
    cell = folder / "cell.toml"
    _write_aged(cell, description.cell.set, *course.ages[max(0, first_h - 1)])
    soc = float(np.clip(course.soc[first_h], 0.0, 1.0))
    node = described(description, design, series.of_pieces)
    warmth = series.temperature_c[span]
    world = WorldSection(
        cell_set=str(cell),
        stoichiometry=soc,
        trace=str(trace),
        ambient=AmbientSection(mean_c=float(warmth.mean()), swing_c=_daily_swing_c(warmth)),
    )
    return Scenario(
        name="worst month",
        summary=f"The worst month of {description.name}",
        node=[
            ScenarioNode(
                description=node,
                world=world,
                secrets=throwaway_secrets(node, random.Random(1)),
            )
        ],
    )


def _daily_swing_c(warmth: np.ndarray) -> float:
    days = warmth[: len(warmth) // 24 * 24].reshape(-1, 24)
    if not len(days):
        return 0.0
    return float(0.5 * (days.max(axis=1) - days.min(axis=1)).mean())


def _write_aged(path: Path, base: str, capacity: float, slower: float) -> None:
    parameters = load_parameters(base)
    aged = replace(
        parameters,
        name=f"{parameters.name}-aged",
        capacity_uah_cm2=parameters.capacity_uah_cm2 * float(capacity),
        diffusion_time_h=parameters.diffusion_time_h * float(slower),
    )
    # Each key, since a set of the user's own cannot be the base of another.
    values = {
        key: quoted(each) if isinstance(each, str) else each for key, each in asdict(aged).items()
    }
    path.write_text("".join(f"{key} = {each!s}\n" for key, each in values.items()), "utf-8")
