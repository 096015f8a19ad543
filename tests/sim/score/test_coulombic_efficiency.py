"""Losses of a charge, booked by hand."""

from dataclasses import replace

import pytest

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.score.coulombic_efficiency import LossyCell, efficiency

SET = replace(load_parameters("evp-li"), self_discharge_per_year=0.0)
HOUR = 3600.0


def test_efficiency_falls_with_warmth():
    assert efficiency(-10.0) == efficiency(0.0) == 0.999
    assert efficiency(50.0) == efficiency(60.0) == pytest.approx(0.99)
    assert 1.0 - efficiency(25.0) == pytest.approx(0.01 / 10**0.5)


@pytest.mark.parametrize("temperature", [0.0, 25.0, 50.0])
def test_a_charge_stores_its_share_and_a_discharge_gives_all(temperature):
    cell = LossyCell(FilmCell(SET, 2.0, 0.2))
    full = SET.capacity_uah_cm2 * 2.0
    cell.advance(1.0, temperature, 10 * HOUR)
    stored = (cell.stoichiometry - 0.2) * full
    assert stored == pytest.approx(10.0 * efficiency(temperature), rel=1e-9)
    cell.advance(-1.0, temperature, 10 * HOUR)
    assert (0.2 - cell.stoichiometry) * full == pytest.approx(10.0 - stored, rel=1e-9)


def test_a_crossing_is_met():
    cell = LossyCell(FilmCell(SET, 2.0, 0.9))
    found = cell.next_crossing(2.0, 40.0, 10 * HOUR, high_v=4.0)
    cell.advance(2.0, 40.0, found.time_s)
    assert cell.voltage_v(2.0, 40.0) == pytest.approx(4.0, abs=1e-3)
