"""Capacities that change: charge that is conserved, and charge that is lost, by hand."""

from dataclasses import replace
from random import Random

import pytest

from filmgauge_sim.cell import FilmCell, deliverable_uah, load_parameters
from filmgauge_sim.score.changing_capacity import BreakingCell, ThawingCell
from filmgauge_sim.score.modifiers import MODIFIERS

HOUR = 3600.0


def lossless(name="evp-li"):
    return replace(load_parameters(name), self_discharge_per_year=0.0, charge_acceptance=1.0)


SET = lossless()
FULL = SET.capacity_uah_cm2


def test_a_break_takes_15_percent_with_what_it_holds():
    cell = BreakingCell(FilmCell(SET, 1.0, 1.0), 1000.0)
    assert cell.capacity_uah == FULL
    cell.advance(0.0, 25.0, 3600.0)
    assert cell.capacity_uah == pytest.approx(0.85 * FULL)
    assert cell.stoichiometry == pytest.approx(1.0)
    whole = FilmCell(SET, 1.0, 1.0)
    assert deliverable_uah(cell, 0.85, 25.0) == pytest.approx(
        0.85 * deliverable_uah(whole, 1.0, 25.0)
    )


def test_a_break_in_the_midst_of_a_step_counts_from_then_on():
    cell = BreakingCell(FilmCell(SET, 1.0, 1.0), 2 * HOUR)
    cell.advance(-1.0, 25.0, 5 * HOUR)
    assert cell.stoichiometry == pytest.approx(1.0 - 2.0 / FULL - 3.0 / (0.85 * FULL))
    cell.advance(-1.0, 25.0, HOUR)
    assert cell.stoichiometry == pytest.approx(1.0 - 2.0 / FULL - 4.0 / (0.85 * FULL))


def test_a_break_comes_within_the_run():
    for seed in range(20):
        cell = MODIFIERS["sudden-loss"].cell(FilmCell(SET, 1.0, 0.5), 1e6, Random(seed))
        cell.advance(0.0, 25.0, 0.29e6)
        assert cell.capacity_uah == FULL
        cell.advance(0.0, 25.0, 0.42e6)
        assert cell.capacity_uah < FULL


@pytest.mark.parametrize(("temperature", "share"), [(-10.0, 0.65), (25.0, 1.0), (50.0, 1.25)])
def test_capacity_rises_by_a_percent_a_degree(temperature, share):
    cell = ThawingCell(FilmCell(SET, 1.0, 0.5))
    cell.advance(0.0, temperature, 1.0)
    assert cell.capacity_uah == pytest.approx(share * FULL)
    cell.advance(-0.5, temperature, HOUR)
    assert cell.stoichiometry == pytest.approx(0.5 - 0.5 / (share * FULL))


@pytest.mark.parametrize("name", ["evp-li", "evp-li-variable", "evp-li-boundary"])
def test_what_freezes_comes_back_with_what_it_held(name):
    """Frozen at 80 %, used while cold, mixed when warm: the charge that passed is all that is
    missing."""
    parameters = lossless(name)
    full = parameters.capacity_uah_cm2
    cell = ThawingCell(FilmCell(parameters, 1.0, 0.8))
    cell.advance(0.0, 25.0, 60.0)
    cell.advance(-0.2, 5.0, 10 * HOUR)
    assert cell.stoichiometry == pytest.approx(0.8 - 2.0 / (0.8 * full))
    cell.advance(0.0, 25.0, 60.0)
    assert cell.stoichiometry == pytest.approx(0.8 - 2.0 / full)
    assert cell.capacity_uah == pytest.approx(full)


def test_asking_at_another_temperature_changes_nothing():
    cell = ThawingCell(FilmCell(SET, 1.0, 0.8))
    cell.advance(-0.2, 25.0, HOUR)
    before = cell.stoichiometry, cell.capacity_uah
    warm = deliverable_uah(cell, 0.5, 45.0)
    assert (cell.stoichiometry, cell.capacity_uah) == before
    assert warm > deliverable_uah(cell, 0.5, 25.0)
