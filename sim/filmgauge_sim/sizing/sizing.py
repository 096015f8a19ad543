"""Sizes a node for a world: many designs, many years, several processes.

outcomes = size(description, world_series, designs)
for each in smallest(outcomes, 100.0): ...
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.circuit.harvesting import check_series
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.sizing.assumptions import Variation, nominal
from filmgauge_sim.sizing.design import Design, NodeLoad, Outcome, described, node_load
from filmgauge_sim.sizing.film_bank import FilmBank
from filmgauge_sim.sizing.limits import dark_hours, limited_by
from filmgauge_sim.sizing.supply_bank import Circuit, SupplyBank
from filmgauge_sim.sizing.world_series import HOURS_A_YEAR, WorldSeries
from filmgauge_sim.sizing.years import Course, live

Numbers = NDArray[np.float64]
Progress = Callable[[float], None]

_A_PART = 1000  # designs that a process computes at once
_FEW = 100  # designs for which another process costs more than it saves
_PROGRESS_EVERY_S = 1.0


@dataclass(frozen=True)
class Task:
    """Some designs of a node in a world, and what is drawn of each."""

    description: NodeDescription
    series: WorldSeries
    designs: tuple[Design, ...]
    variation: Variation


def size(
    description: NodeDescription,
    series: WorldSeries,
    designs: Sequence[Design],
    *,
    variation: Variation | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Return what becomes of each design, in their order.

    variation: how the node of each design differs from what it should be; None: not at all.
    executor: where to compute; left out, a process for each processor. progress: gets the share
    that is done, with several processes each second; what it raises ends the computing. Raises
    ValueError for a description that does not live from a film or has a number out of its bounds.
    """
    check_film(description)
    converter, series_ohm = description.converter.converter, description.capacitor.series_ohm
    peak_uw = float(series.offered_uw.max())
    for design in designs:
        described(description, design, series.of_pieces)
        check_series(series_ohm, converter, peak_uw * design.harvester_cm2)
    if not designs:
        return []
    count = len(designs)
    workers = 1 if count < _FEW else os.cpu_count() or 1
    task = Task(description, series, tuple(designs), variation or nominal(count))
    parts = list(_parts(task, workers))
    if executor is not None:
        return _gather(executor, parts, progress)
    if len(parts) == 1:
        return outcomes(parts[0], progress)
    with ProcessPoolExecutor(workers) as pool:
        return _gather(pool, parts, progress)


def check_film(description: NodeDescription) -> None:
    """Raise ValueError for a node that does not live from a film."""
    if description.supply != "film":
        raise ValueError('supply must be "film": a node on USB needs no sizing')


def hourly_charge(
    description: NodeDescription, series: WorldSeries, design: Design
) -> "HourlyCharge":
    """Return the course of one nominal design's cell."""
    bank = Bank(Task(description, series, (design,), nominal(1)))
    charges, factors = [], []

    def on_hour(_hour: int, films: FilmBank) -> None:
        charges.append(films.stoichiometry[0])
        factors.append((films.factor[0], films.slower[0]))

    start = float(bank.films.stoichiometry[0])
    live(bank.films, bank.circuits, series, bank.harvester_cm2, bank.load_uw, trace=on_hour)
    return HourlyCharge(np.array([start, *charges]), np.array(factors))


@dataclass(frozen=True)
class HourlyCharge:
    """soc: at the start and after each hour. ages: after each hour, capacity and diffusion time
    over those of the parameter set, shape (hours, 2)."""

    soc: Numbers
    ages: Numbers


def outcomes(task: Task, progress: Progress | None = None) -> list[Outcome]:
    """Return what becomes of the designs of a task, in this process."""
    bank = Bank(task)
    course = live(
        bank.films,
        bank.circuits,
        task.series,
        bank.harvester_cm2,
        bank.load_uw,
        progress,
    )
    return bank.outcomes(course)


class Bank:
    """The films and circuits of a task at their start."""

    def __init__(self, task: Task) -> None:
        first, designs, variation = task.description, task.designs, task.variation
        parameters = load_parameters(first.cell.set)
        nodes = [described(first, each, task.series.of_pieces) for each in designs]
        self._designs = designs
        self._loads = _loads(nodes)
        self._variation = variation
        self.harvester_cm2 = _array(each.harvester_cm2 for each in designs) * variation.harvest
        self.load_uw = _array(each.board_uw for each in self._loads) * variation.load
        self.films = FilmBank(
            parameters,
            _array(each.cell_cm2 for each in designs),
            first.soc if first.cell.soc is not None else 1.0,
            variation.films,
        )
        self.circuits = SupplyBank(
            self.films,
            Circuit.of(first),
            _array(each.capacitance_uf for each in designs),
            _array(each.capacitor.leakage_mohm for each in nodes),
        )

    def outcomes(self, course: Course) -> list[Outcome]:
        """Return what the course says of each design."""
        return [self._outcome(course, at) for at in range(len(self._designs))]

    def _outcome(self, course: Course, at: int) -> Outcome:
        design, load = self._designs[at], self._loads[at]
        years = course.hours / HOURS_A_YEAR
        start_uah = course.capacity_uah[0][at]
        burst_fits = bool(load.burst_uj <= self.circuits.burst_uj()[at])
        fits = burst_fits and design.capacitance_uf >= load.least_uf
        harvested = max(course.harvested_uj[at], 1e-30)
        current_ua = load.cell_ua(float(self._variation.load[at]))
        return Outcome(
            design=design,
            # Cut off by its voltage, a film may end a little below 0.
            lowest_soc_pct=_rounded(100.0 * max(0.0, course.lowest_soc[at])),
            lowest_day=_rounded(course.lowest_h[at] / 24.0),
            dark_hours=_rounded(dark_hours(course, at, self.films, current_ua)),
            reports_share_pct=_rounded(100.0 * course.on_share[at] if fits else 0.0, 4),
            harvest_wasted_pct=_rounded(100.0 * course.turned_away_uj[at] / harvested),
            cycles_year=_rounded(course.throughput_uah[at] / (2.0 * start_uah) / years),
            capacity_1y_pct=self._capacity_pct(course, at, 1),
            capacity_5y_pct=self._capacity_pct(course, at, 5),
            capacity_10y_pct=self._capacity_pct(course, at, 10),
            lost_uah_year=_rounded(course.lost_uah[at] / years),
            own_uah_day=_rounded(load.cell_uah_day),
            flash_years=_rounded(load.flash_years),
            limited_by=limited_by(
                course,
                at,
                self.films,
                current_ua,
                capacitor_fits=fits,
                wears_out=load.flash_years < years,
            ),
        )

    def _capacity_pct(self, course: Course, at: int, year: int) -> float | None:
        if course.hours < year * HOURS_A_YEAR:
            return None
        return _rounded(100.0 * course.capacity_uah[year][at] / course.capacity_uah[0][at])


def _loads(nodes: Sequence[NodeDescription]) -> list[NodeLoad]:
    """Return the load of each node; those that differ in areas only have the same."""
    found: dict[object, NodeLoad] = {}
    loads = []
    for node in nodes:
        key = (node.capacitor, node.intervals)
        if key not in found:
            found[key] = node_load(node)
        loads.append(found[key])
    return loads


def _parts(task: Task, workers: int) -> Iterator[Task]:
    """Yield tasks of about the same size that keep all workers busy to the end."""
    count = len(task.designs)
    rounds = -(-count // (_A_PART * workers))
    length = -(-count // (rounds * workers))
    for at in range(0, count, length):
        span = slice(at, at + length)
        yield replace(task, designs=task.designs[span], variation=task.variation.part(span))


def _gather(pool: Executor, parts: list[Task], progress: Progress | None) -> list[Outcome]:
    waiting = {pool.submit(outcomes, part): at for at, part in enumerate(parts)}
    found: dict[int, list[Outcome]] = {}
    while waiting:
        done, _ = wait(waiting, _PROGRESS_EVERY_S, FIRST_COMPLETED)
        for future in done:
            found[waiting.pop(future)] = future.result()
        if progress is not None:
            progress(len(found) / len(parts))
    return [each for at in range(len(parts)) for each in found[at]]


def _array(values: Iterable[float]) -> Numbers:
    return np.array(list(values), dtype=float)


def _rounded(value: float, digits: int = 2) -> float:
    return round(float(value), digits) + 0.0  # never -0.0
