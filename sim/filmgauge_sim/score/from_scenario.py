"""A scenario's node as a family of its own: the cell as it is, the cycler's steps, one day's air.

Only a node on USB has a cycler, whose currents are known beforehand; what a harvesting node
draws is its firmware's doing and needs the whole node (--runtime cpython or micropython).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from random import Random

from filmgauge_sim.cell import CellParameters, load_parameters
from filmgauge_sim.cell.compiled import EMPTY_V, FULL_V
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.cycler_bench import PAUSE, SHORTEST_ROUND_US
from filmgauge_sim.nodes.surroundings import CyclerStep, WorldSection
from filmgauge_sim.parts.ina228_errors import BOUNDS, TYPICAL_NOISE_UV
from filmgauge_sim.parts.tmp117 import ACCURACY_C
from filmgauge_sim.scenario.loading import ScenarioError
from filmgauge_sim.scenario.scenario import Scenario, duration_us
from filmgauge_sim.score.cell_run import CellRun, ProgrammeStep, Sampling
from filmgauge_sim.score.families import Family
from filmgauge_sim.score.programmes import HOUR_S
from filmgauge_sim.score.random_cells import SensorErrors, drawn_sensors

_SHUNT_OHM = 1000.0


def family_of(scenario: Scenario) -> Family:
    """The first node of a scenario as a family. Raises ScenarioError for what it cannot be."""
    node, world = scenario.node[0].description, scenario.node[0].world
    if node.supply != "usb":
        raise ScenarioError(
            f"node {node.name}: supply film needs --runtime cpython or micropython, because its"
            " current is the firmware's doing"
        )
    if node.sensor.shunt_ohm != _SHUNT_OHM or world.sensor.shunt_ohm not in (None, _SHUNT_OHM):
        raise ScenarioError(f"node {node.name}: shunt_ohm must be {_SHUNT_OHM:g} for a score")
    state = node.soc if world.stoichiometry is None else world.stoichiometry
    return Family(
        name=scenario.name,
        cell_set=node.cell.set,
        area_cm2=node.cell.area_cm2,
        days=duration_us(scenario.duration) / 86400e6,
        sampling=Sampling(node.intervals.sample_s),
        programme=partial(_programme, world.cycler),
        weather=_NodeAmbient(world.ambient.mean_c, world.ambient.swing_c, world.ambient.period_h),
        stoichiometry=(state, state),
        is_charged=True,
        initial_soc=(node.soc, node.soc_sigma),
        draw_cell=partial(_true_cell, world.cell_set),
        draw_sensors=partial(_sensors, world),
    )


@dataclass(frozen=True, slots=True)
class _NodeAmbient:
    """The ambient of a scenario."""

    mean_c: float
    swing_c: float
    period_h: float

    def at_c(self, now_s: float) -> float:
        return Ambient(self.mean_c, self.swing_c, self.period_h).at_c(round(now_s * 1e6))


def _sensors(world: WorldSection, source: Random) -> SensorErrors:
    """The sensors that a scenario asks for."""
    clock = world.clock_error_ppm / 1e6
    if world.sensor.errors == "ideal":
        return SensorErrors(clock_error=clock)
    if world.sensor.errors == "drawn":
        return drawn_sensors(source, clock_error=clock)
    worst = {"noise_uv": TYPICAL_NOISE_UV, "temperature_offset_c": ACCURACY_C, **BOUNDS}
    return SensorErrors(clock_error=clock, **worst)


def _programme(
    steps: Sequence[CyclerStep], cell_run: CellRun, capacity_uah: float, rng: Random
) -> Iterator[ProgrammeStep]:
    """The steps of a cycler, round and round, with its pauses; without any a rest."""
    del rng
    one_round = [_step(step, capacity_uah) for step in steps] or [ProgrammeStep(0.0)]
    while True:
        began_s = cell_run.now_s
        yield from one_round
        if 1e6 * (cell_run.now_s - began_s) < SHORTEST_ROUND_US:
            yield ProgrammeStep(0.0, (PAUSE.duration_us or 0) / 1e6)


def _step(step: CyclerStep, capacity_uah: float) -> ProgrammeStep:
    sign = {"charge": 1.0, "discharge": -1.0, "rest": 0.0}[step.action]
    return ProgrammeStep(
        sign * step.rate_c * capacity_uah,
        inf if step.hours is None else step.hours * HOUR_S,
        low_v=(step.until_v or EMPTY_V) if sign < 0.0 else None,
        high_v=(step.until_v or FULL_V) if sign > 0.0 else None,
    )


def _true_cell(cell_set: str | None, described: CellParameters, source: Random) -> CellParameters:
    return described if cell_set is None else load_parameters(cell_set)
