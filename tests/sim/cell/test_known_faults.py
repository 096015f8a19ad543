"""Faults that battery packages have shown under short bursts, which this one must not have."""

import math

import pytest

from filmgauge_sim.cell import FilmCell, deliverable_uah, load_parameters

EVP = load_parameters("evp-li")


@pytest.mark.parametrize("burst_s", [0.001, 0.01, 1.0])
@pytest.mark.parametrize("looks", [0, 1, 7])
def test_no_burst_is_skipped_however_seldom_one_looks(burst_s: float, looks: int) -> None:
    cell = FilmCell(EVP, 1.0, 0.9)
    for _ in range(288):
        cell.advance(-50.0, 25.0, burst_s)
        for _ in range(looks):
            cell.voltage_v(-0.1, 25.0)
            cell.advance(-0.1, 25.0, (300.0 - burst_s) / looks)
        if not looks:
            cell.advance(-0.1, 25.0, 300.0 - burst_s)
    passed_uah = 288 * (50.0 * burst_s + 0.1 * (300.0 - burst_s)) / 3600.0
    held_uah = cell.stoichiometry * cell.capacity_uah + cell.lost_uah
    assert 0.9 * cell.capacity_uah - held_uah == pytest.approx(passed_uah, rel=1e-11)


@pytest.mark.parametrize("burst_s", [0.001, 0.01, 1.0])
def test_a_burst_that_reaches_the_cutoff_is_noticed_at_the_cutoff(burst_s: float) -> None:
    cell = FilmCell(EVP, 1.0, 0.1, hysteresis=-1.0)
    # A cutoff halfway between the voltages at the beginning and at the end of the burst.
    burnt = cell.clone()
    burnt.advance(-200.0, 25.0, burst_s)
    low_v = 0.5 * (cell.voltage_v(-200.0, 25.0) + burnt.voltage_v(-200.0, 25.0))
    found = cell.next_crossing(-200.0, 25.0, burst_s, low_v=low_v)
    assert found is not None
    assert 0.0 < found.time_s < burst_s
    cell.advance(-200.0, 25.0, found.time_s)
    assert cell.voltage_v(-200.0, 25.0) == pytest.approx(low_v, abs=1e-4)


@pytest.mark.parametrize("burst_ua", [-100.0, -1.0, 100.0])
def test_one_burst_of_10_ms_costs_its_own_charge_and_no_more(burst_ua: float) -> None:
    cell = FilmCell(EVP, 1.0, 0.95, hysteresis=-1.0)
    cell.advance(-5.0, 25.0, 3000.0)
    before_uah = deliverable_uah(cell, 5.0, 25.0)
    cell.advance(burst_ua, 25.0, 0.01)
    after_uah = deliverable_uah(cell, 5.0, 25.0)
    given_uah = -burst_ua * 0.01 / 3600.0
    assert math.isclose(before_uah - after_uah, given_uah, abs_tol=0.02 * abs(given_uah) + 1e-8)
