"""The bank's circuits beside the simulator's own, with a constant load instead of a firmware."""

import random

import numpy as np
import pytest

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.world import _film_powered, _harvester, _sensing
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.sizing import supply_bank
from filmgauge_sim.sizing.design import node_load
from filmgauge_sim.sizing.film_bank import FilmBank, even_spread
from filmgauge_sim.sizing.supply_bank import Circuit, SupplyBank
from filmgauge_sim.sizing.world import load_world
from filmgauge_sim.sizing.world_series import WorldSeries, hourly
from filmgauge_sim.sizing.years import Course, live

WEEK_H = 7 * 24
DAYS_H = 4 * 24


def banks(description: NodeDescription, soc: float, start_v: float = 3.3):
    parameters = load_parameters(description.cell.set)
    films = FilmBank(parameters, np.array([description.cell.area_cm2]), soc, even_spread(1))
    shared, buffer = Circuit.of(description), description.capacitor
    circuits = SupplyBank(
        films, shared, np.array([buffer.capacitance_uf]), np.array([buffer.leakage_mohm]), start_v
    )
    return films, circuits


def engine(
    description: NodeDescription, series: WorldSeries, scale: float, load_uw: float, soc: float
):
    films, circuits = banks(description, soc)
    charges: list[float] = []
    course = live(
        films,
        circuits,
        series,
        np.array([scale]),
        np.array([load_uw]),
        trace=lambda _hour, bank: charges.append(float(bank.stoichiometry[0])),
    )
    return np.array(charges), course


def simulated(description: NodeDescription, world: WorldSection, load_uw: float, hours: int):
    """The state of charge at each full hour by the simulator's circuit."""
    cell = FilmCell(
        load_parameters(description.cell.set), description.cell.area_cm2, description.soc
    )
    sensing = _sensing(description, world, random.Random(1), ())
    circuit = _film_powered(description, world, cell, sensing)
    circuit.restore(10_000_000)
    current_ua = load_uw / description.kind.supply_v
    charges = []
    for hour in range(1, hours + 1):
        until_us = hour * 3_600_000_000
        circuit.draw(current_ua, circuit.now_us, until_us)
        circuit.advance_to(until_us)
        charges.append(circuit.cell.stoichiometry)
    assert circuit.brown_outs.count == 0
    return np.array(charges)


def scenario_series(description: NodeDescription, world: WorldSection, hours: int) -> WorldSeries:
    harvester = _harvester(description.harvester, world)
    ambient = Ambient(world.ambient.mean_c, world.ambient.swing_c, world.ambient.period_h)
    middles_us = [int((hour + 0.5) * 3.6e9) for hour in range(hours)]
    return WorldSeries(
        offered_uw=np.array([harvester.power_uw(at) for at in middles_us]),
        temperature_c=np.array([ambient.at_c(at) for at in middles_us]),
    )


@pytest.mark.parametrize("name", ["window", "implant"])
def test_a_week_of_a_scenario_agree_with_its_circuit(name: str) -> None:
    node = load_scenario(name).node[0]
    description, world = node.description, node.world
    load_uw = node_load(description).board_uw
    series = scenario_series(description, world, WEEK_H)
    fast, course = engine(description, series, 1.0, load_uw, description.soc)
    slow = simulated(description, world, load_uw, WEEK_H)
    assert np.abs(fast - slow)[23::24].max() < 0.008
    assert np.abs(fast - slow).max() < 0.012  # in the hour in which a charge ends
    assert course.on_share[0] == 1.0


def test_days_of_a_field_agree_with_its_circuit(tmp_path) -> None:
    import msgspec

    place, folder = load_world("field")
    description = load_scenario("window").node[0].description
    month = 40 * 24  # February: nights below zero
    whole = hourly(place, description.harvester, 0.2, folder)
    series = WorldSeries(
        whole.offered_uw[month : month + DAYS_H], whole.temperature_c[month : month + DAYS_H]
    )
    trace = tmp_path / "trace.csv"
    area_cm2 = 1.5
    rows = (f"{3600 * hour},{area_cm2 * power}\n" for hour, power in enumerate(series.offered_uw))
    trace.write_text("time_s,power_uw\n" + "".join(rows))
    plain = load_scenario("window").node[0].world
    warmth = series.temperature_c
    ambient = msgspec.structs.replace(plain.ambient, mean_c=float(warmth.mean()), swing_c=0.0)
    world = msgspec.structs.replace(plain, trace=str(trace), ambient=ambient)
    even = WorldSeries(series.offered_uw, np.full(DAYS_H, float(warmth.mean())))
    load_uw = node_load(description).board_uw
    fast, _ = engine(description, even, area_cm2, load_uw, description.soc)
    slow = simulated(description, world, load_uw, DAYS_H)
    assert np.abs(fast - slow).max() < 0.01
    assert slow.max() - slow.min() > 0.1


@pytest.mark.parametrize("half_uw", [0.0, 0.5])
def test_the_efficiencies_are_those_of_the_converter(half_uw: float) -> None:
    """Also in the dark, and where a description has no loss at small powers."""
    converter = Converter(half_uw=half_uw)
    powers = np.array([0.0, 1e-3, 14.9, 15.0, 2000.0])
    for runs in (True, False):
        switch = np.full(len(powers), runs)
        assert supply_bank._arriving(converter, powers, switch) == pytest.approx(
            [converter.harvested_uw(each, runs) for each in powers]
        )
    assert supply_bank._needed(converter, powers) == pytest.approx(
        [converter.needed_uw(each) for each in powers]
    )


def test_constant_harvest_and_load_give_a_straight_line() -> None:
    """On its plateau a cell takes what is over: the charge rises by the power over the voltage."""
    description = load_scenario("window").node[0].description
    hours, offered_uw, load_uw = 48, 60.0, 20.0
    series = WorldSeries(np.full(hours, offered_uw), np.full(hours, 25.0))
    charges, _ = engine(description, series, 1.0, load_uw, 0.3)
    converter = description.converter.converter
    parameters = load_parameters(description.cell.set)
    spare_uw = (
        converter.passed_uw(offered_uw)
        - converter.quiescent_uw
        - load_uw / converter.output_efficiency
        - (converter.charge_v - 0.05) ** 2 / description.capacitor.leakage_mohm
    )
    slope = np.diff(charges)[24:]
    assert slope == pytest.approx(slope.mean(), rel=2e-3)
    # The voltage at that slope, from what arrives at the cell; between its middle and its plateau.
    current_ua = slope.mean() * parameters.capacity_uah_cm2 * description.cell.area_cm2
    current_ua /= parameters.charge_acceptance
    duty = current_ua / converter.charge_ua
    pulse_uw = spare_uw / duty
    cell_v = converter.passed_uw(pulse_uw) / converter.charge_ua
    density = converter.charge_ua / description.cell.area_cm2
    cell = FilmCell(parameters, 1.0, 0.3)
    cell.advance(density, 25.0, 3600.0)
    shunt_v = 1e-6 * converter.charge_ua * description.sensor.shunt_ohm
    assert cell_v == pytest.approx(cell.voltage_v(density, 25.0) + shunt_v, rel=0.01)


@pytest.fixture(scope="module")
def dying() -> Course:
    """A node with hardly any light, for a month."""
    description = load_scenario("window").node[0].description
    series = WorldSeries(np.tile([0.0] * 20 + [20.0] * 4, 30), np.full(720, 10.0))
    return engine(description, series, 1.0, 16.0, 0.3)[1]


def test_what_was_harvested_is_somewhere(dying: Course) -> None:
    node = load_scenario("window").node[0]
    description = node.description
    series = scenario_series(description, node.world, WEEK_H)
    _, course = engine(description, series, 1.0, 16.5, description.soc)
    for each in (course, dying):
        assert abs(each.imbalance_uj[0]) < 1e-9 * each.harvested_uj[0]


@pytest.mark.parametrize("shunt_ohm", [20.0, 100.0])
def test_what_the_cell_gives_is_more_than_what_arrives(shunt_ohm: float) -> None:
    """Also in an hour in which a small cell goes from full to empty, at any temperature."""
    for area_cm2, temperature_c, current_ua in (
        (0.05, 22.0, 16.0), (0.196, 0.0, 16.0), (1.0, 22.0, 16.0), (1.0, -20.0, 16.0),
        (5.0, -20.0, 300.0), (1.0, -40.0, 16.0), (0.02, 40.0, 300.0), (40.0, 22.0, 20.0),
    ):  # fmt: skip
        described = varied(
            load_scenario("window").node[0].description,
            {
                "cell.area_cm2": area_cm2,
                "sensor.shunt_ohm": shunt_ohm,
                "converter.discharge_ua": current_ua,
                "converter.charge_ua": current_ua,
            },
        )
        _, circuits = banks(described, 1.0)
        for harvest_uw in [0.0] * 4 + [120.0] * 4:
            flow = circuits.advance(
                np.array([harvest_uw]), np.array([30.0]), temperature_c, 3600.0
            )
            assert flow.cell_loss[0] >= -1e-9
            assert flow.shunt[0] >= 0.0
            assert abs(flow.imbalance_uj[0]) < 1e-6


def test_a_node_without_light_runs_empty(dying: Course) -> None:
    assert dying.on_share[0] < 0.6
    assert dying.lowest_soc[0] == pytest.approx(0.0, abs=0.02)
    assert 24.0 < dying.first_off_h[0] < 120.0
    assert dying.off_short[0] < 0.1  # it is charge that it lacks, not current


def test_a_cell_that_is_charged_but_too_weak_is_told() -> None:
    """A load of more than the converter draws: off, with a cell that is nearly full."""
    description = load_scenario("window").node[0].description
    series = WorldSeries(np.zeros(48), np.full(48, 25.0))
    _, course = engine(description, series, 1.0, 60.0, 0.9)
    assert course.on_share[0] < 0.9
    assert course.off_short[0] > 0.9
