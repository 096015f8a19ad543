"""Films of a bank beside a FilmCell, which is exact, and beside closed forms."""

import numpy as np
import pytest

from filmgauge_sim.cell import FilmCell, load_parameters, open_circuit
from filmgauge_sim.cell.ageing import LifeState, diffusion_factor
from filmgauge_sim.cell.open_circuit import OpenCircuit
from filmgauge_sim.sizing import film_bank
from filmgauge_sim.sizing.film_bank import FilmBank, even_spread

PARAMETERS = load_parameters("pre-li")
AREAS = np.array([1.0, 8.0])
HOUR_S = 3600.0


def bank(soc: float = 0.5) -> FilmBank:
    return FilmBank(PARAMETERS, AREAS, soc, even_spread(2))


def step(films: FilmBank, current_ua, temperature_c: float = 25.0, duration_s: float = HOUR_S):
    currents = np.asarray(current_ua, dtype=float)
    reach = films.reach(temperature_c, duration_s)
    films.advance(reach, currents, np.abs(currents))
    return reach


@pytest.mark.parametrize("temperature_c", [-10.0, 25.0, 60.0])
def test_every_state_is_that_of_a_cell(temperature_c: float) -> None:
    """The same hours of charge, rest and discharge, by the bank and by the simulator's film."""
    films = bank(0.4)
    cells = [FilmCell(PARAMETERS, area, 0.4) for area in AREAS]
    for density in (0.7, 0.7, 0.0, -0.3, -0.9, 0.0, 0.2):
        step(films, density * AREAS, temperature_c)
        for cell, area in zip(cells, AREAS, strict=True):
            cell.advance(density * area, temperature_c, HOUR_S)
        assert films.stoichiometry == pytest.approx([c.stoichiometry for c in cells], abs=2e-6)
        assert films.surface == pytest.approx([c.surface_stoichiometry for c in cells], abs=2e-6)
        assert films.hysteresis == pytest.approx([c.hysteresis for c in cells], abs=1e-9)
    assert films.lost_uah == pytest.approx([c.lost_uah for c in cells], rel=1e-3)


def test_the_voltage_is_that_of_a_cell() -> None:
    films = bank(0.02)
    law = films.law(10.0)
    step(films, -0.1 * AREAS, 10.0)
    cells = [FilmCell(PARAMETERS, area, 0.02) for area in AREAS]
    for cell, area in zip(cells, AREAS, strict=True):
        cell.advance(-0.1 * area, 10.0, HOUR_S)
    current = -0.5 * AREAS
    shown = (
        films.open_circuit_v(films.surface)
        + law.static_v * films.hysteresis
        + films.polarisation_v(law, current)
    )
    wanted = [c.voltage_v(i, 10.0) for c, i in zip(cells, current, strict=True)]
    assert shown == pytest.approx(wanted, abs=2e-4)


def test_reach_says_where_the_surface_will_be() -> None:
    films = bank(0.6)
    step(films, [0.5, -3.0])
    reach = films.reach(5.0, HOUR_S)
    density = np.array([-0.4, -0.4])
    expected = reach.resting + density * reach.per_ua_cm2
    films.advance(reach, density * AREAS, np.abs(density) * AREAS)
    assert films.surface == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("rising", [False, True])
def test_the_edge_of_the_plateau_is_found(rising: bool) -> None:
    films = bank()
    voltages = np.array([3.6, 4.4]) if rising else np.array([0.7, 1.4])
    surface = films.surface_at_v(voltages, rising)
    assert films.open_circuit_v(surface) == pytest.approx(voltages, abs=0.02)


def test_cycling_ages_as_the_published_law_does() -> None:
    """A hundred slow cycles: the capacity that `ageing.aged` gives for as many."""
    from filmgauge_sim.cell.ageing import aged, capacity_factor, strain_share

    films = bank(0.5)
    density = 2.0
    hours = 100 * 2 * PARAMETERS.capacity_uah_cm2 / density
    for _ in range(200):
        for sign in (1.0, -1.0):
            step(films, sign * density * AREAS, 25.0, hours / 400 * HOUR_S)
        films.age()
    life = aged(PARAMETERS, LifeState.formed(), 100.0, 100.0 * strain_share(PARAMETERS, density))
    assert films.cycles == pytest.approx([100.0, 100.0], rel=1e-9)
    assert films.factor == pytest.approx([capacity_factor(PARAMETERS, life)] * 2, rel=2e-3)


def test_unused_films_fade_as_assumed_and_hold_their_charge() -> None:
    films = FilmBank(PARAMETERS, AREAS, 0.5, even_spread(2, 0.01, 0.5))
    charge = films.stoichiometry * films.capacity_uah
    lost = films.lost_uah.copy()
    for _ in range(365):
        step(films, [0.0, 0.0], 25.0, 86400.0)
        films.age()
    lost = films.lost_uah - lost
    year = 365.0 / 365.25
    assert films.factor == pytest.approx([np.exp(-0.01 * year)] * 2, rel=1e-4)
    assert films.stoichiometry * films.capacity_uah == pytest.approx(charge - lost, rel=1e-9)


def test_curve_hysteresis_and_slowing_are_those_of_a_cell() -> None:
    """Written again for arrays: each beside the function of cell/ that it repeats."""
    films, curve = bank(), OpenCircuit(PARAMETERS)
    surfaces = np.linspace(-0.2, 1.2, 201)
    assert films.open_circuit_v(surfaces) == pytest.approx(
        [curve.voltage_v(each) for each in surfaces], abs=1e-12
    )
    for start, passed in ((0.3, 0.2), (0.3, -0.2), (-1.0, 1e-9), (0.5, 0.0)):
        one = np.array([passed])
        for ours, theirs in (
            (film_bank.mean_hysteresis, open_circuit.mean_hysteresis),
            (film_bank._hysteresis_after, open_circuit.hysteresis_after),
        ):
            assert ours(np.array([start]), one, 60.0) == pytest.approx(
                [theirs(start, passed, 60.0)], abs=1e-7
            )
    films.cycles = np.array([0.0, 900.0])
    films._apply_age()
    assert films.slower == pytest.approx(
        [diffusion_factor(PARAMETERS, LifeState(cycles=each)) for each in films.cycles]
    )


def test_another_physics_is_refused() -> None:
    with pytest.raises(ValueError, match="physics linear"):
        FilmBank(load_parameters("pre-li-boundary"), AREAS, 0.5, even_spread(2))
