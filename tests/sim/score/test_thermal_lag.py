"""A lag against the response of a first-order system."""

from math import exp
from random import Random

import pytest

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.score.modifiers import MODIFIERS
from filmgauge_sim.score.thermal_lag import LaggingCell

SET = load_parameters("evp-li")


def test_a_step_of_the_air_is_followed_exponentially():
    cell = LaggingCell(FilmCell(SET, 1.0, 0.5), 1200.0)
    cell.advance(0.0, 10.0, 600.0)
    assert cell.film_c == 10.0  # it begins as warm as its sensor
    cell.advance(0.0, 30.0, 300.0)
    cell.advance(0.0, 30.0, 900.0)
    assert cell.film_c == pytest.approx(30.0 - 20.0 * exp(-1.0))
    cell.advance(0.0, 10.0, 1200.0)
    assert cell.film_c == pytest.approx(10.0 + 20.0 * (1.0 - exp(-1.0)) * exp(-1.0))


def test_the_film_steps_at_what_it_has():
    """Right after the air has warmed the voltage under load is that of the cold film."""
    cell, cold = LaggingCell(FilmCell(SET, 1.0, 0.5), 1200.0), FilmCell(SET, 1.0, 0.5)
    for each in (cell, cold):
        each.advance(-1.0, 0.0, 600.0)
    assert cell.voltage_v(-1.0, 40.0) == cold.voltage_v(-1.0, 0.0)
    assert cell.next_crossing(-1.0, 40.0, 1e6, low_v=1.0) == cold.next_crossing(
        -1.0, 0.0, 1e6, low_v=1.0
    )


def test_without_a_lag_the_film_is_one_sample_late():
    cell = LaggingCell(FilmCell(SET, 1.0, 0.5), 0.0)
    for temperature in (10.0, 20.0, 15.0):
        cell.advance(-0.5, temperature, 600.0)
        assert cell.film_c == temperature


def test_a_clone_and_a_full_one_live_their_own_lives():
    cell = LaggingCell(FilmCell(SET, 1.0, 0.5), 1200.0)
    cell.advance(-1.0, 0.0, 600.0)
    twin, full = cell.clone(), cell.full()
    twin.advance(-1.0, 40.0, 3600.0)
    assert cell.film_c == 0.0
    assert full.stoichiometry == 1.0
    assert full.voltage_v(-1.0, 25.0) == FilmCell(SET, 1.0, 1.0).voltage_v(-1.0, 25.0)


def test_lags_are_drawn_up_to_half_an_hour():
    film = FilmCell(SET, 1.0, 0.5)
    lags = []
    for seed in range(200):
        cell = MODIFIERS["thermal-lag"].cell(film.clone(), 1e6, Random(seed))
        cell.advance(0.0, 0.0, 1.0)
        cell.advance(0.0, 10.0, 600.0)
        lags.append(cell.film_c)
    assert min(lags) == pytest.approx(10.0 * (1.0 - exp(-600 / 1800)), abs=0.1)
    assert max(lags) > 9.9
