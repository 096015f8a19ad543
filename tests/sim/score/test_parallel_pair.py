"""Two cells in parallel: sums, one voltage, and two that are alike."""

from dataclasses import replace
from random import Random

import pytest

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.score.modifiers import MODIFIERS
from filmgauge_sim.score.parallel_pair import ParallelPair

SET = replace(load_parameters("evp-li"), self_discharge_per_year=0.0, charge_acceptance=1.0)
SMALLER = replace(SET, capacity_uah_cm2=0.8 * SET.capacity_uah_cm2, diffusion_time_h=2.5)
HOUR = 3600.0


def unlike():
    return FilmCell(SET, 1.0, 0.7), FilmCell(SMALLER, 1.0, 0.7)


def test_alike_ones_are_one_of_twice_the_area():
    pair = ParallelPair(FilmCell(SET, 1.0, 0.7), FilmCell(SET, 1.0, 0.7))
    one = FilmCell(SET, 2.0, 0.7)
    for cell in (pair, one):
        cell.advance(-2.0, 25.0, 2 * HOUR)
        cell.advance(3.0, 25.0, HOUR)
    assert pair.area_cm2 == 2.0
    assert pair.capacity_uah == one.capacity_uah
    assert pair.stoichiometry == pytest.approx(one.stoichiometry, abs=1e-9)
    assert pair.voltage_v(3.0, 25.0) == pytest.approx(one.voltage_v(3.0, 25.0), abs=1e-5)
    ends = [cell.next_crossing(-2.0, 25.0, 30 * HOUR, low_v=1.0).time_s for cell in (pair, one)]
    assert ends[0] == pytest.approx(ends[1], abs=1.0)


def test_charge_adds_up():
    first, second = unlike()
    pair = ParallelPair(first, second)
    stored = 0.7 * (first.capacity_uah + second.capacity_uah)
    pair.advance(-2.0, 25.0, 3 * HOUR)
    pair.advance(0.0, 25.0, HOUR)
    left = sum(cell.stoichiometry * cell.capacity_uah for cell in (first, second))
    assert left == pytest.approx(stored - 6.0, rel=1e-9)
    assert pair.stoichiometry == pytest.approx(left / pair.capacity_uah)


def test_both_show_one_voltage_and_share_by_their_size():
    first, second = unlike()
    pair = ParallelPair(first, second)
    begun = first.stoichiometry
    pair.advance(-2.0, 25.0, 2 * HOUR)
    given = [(begun - cell.stoichiometry) * cell.capacity_uah for cell in (first, second)]
    assert sum(given) == pytest.approx(4.0)
    assert given[0] > 1.02 * given[1]  # on a plateau that falls, the larger gives more
    first_ua = pair._first_ua
    assert first.voltage_v(first_ua, 25.0) == pytest.approx(
        second.voltage_v(-2.0 - first_ua, 25.0), abs=2e-5
    )


def test_a_crossing_is_met_and_changes_nothing():
    pair = ParallelPair(*unlike())
    found = pair.next_crossing(-2.0, 25.0, 30 * HOUR, low_v=1.0)
    assert (pair.stoichiometry, found.bound) == (pytest.approx(0.7), "low")
    pair.advance(-2.0, 25.0, found.time_s - 60.0)
    assert pair.voltage_v(-2.0, 25.0) > 1.0
    pair.advance(-2.0, 25.0, 60.0)
    assert pair.voltage_v(-2.0, 25.0) == pytest.approx(1.0, abs=0.02)


def test_a_drawn_pair_is_two_halves():
    film = FilmCell(SET, 3.0, 0.4)
    pairs = [MODIFIERS["two-in-parallel"].cell(film, 1e6, Random(seed)) for seed in range(40)]
    assert all(pair.area_cm2 == 3.0 for pair in pairs)
    assert all(pair.stoichiometry == pytest.approx(0.4) for pair in pairs)
    shares = [pair.capacity_uah / film.capacity_uah - 1.0 for pair in pairs]
    assert -0.075 <= min(shares) < -0.05
    assert 0.05 < max(shares) <= 0.075


def test_what_was_asked_before_changes_nothing():
    asked, plain = ParallelPair(*unlike()), ParallelPair(*unlike())
    for current, duration in ((-2.0, 60.0), (-2.0, 60.0), (1.0, 300.0), (-2.0, 90.0)):
        assert asked.next_crossing(current, 25.0, duration, low_v=1.0) is None
        asked.clone().advance(current, 25.0, duration)
        asked.advance(current, 25.0, duration)
        plain.advance(current, 25.0, duration)
        assert asked.stoichiometry == plain.stoichiometry
        for load in (current, -1.0):
            assert asked.voltage_v(load, 25.0) == plain.voltage_v(load, 25.0)


def test_what_lies_ahead_is_found_once(monkeypatch):
    pair, steps = ParallelPair(*unlike()), []
    advance = FilmCell.advance
    monkeypatch.setattr(FilmCell, "advance", lambda *step: steps.append(step) or advance(*step))
    pair.next_crossing(-2.0, 25.0, 60.0, low_v=1.0)
    pair.advance(-2.0, 25.0, 60.0)
    assert len(steps) == 2  # one of each half
