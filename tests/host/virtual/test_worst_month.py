"""The month that the real firmware lives through: where it begins, and with which cell."""

from pathlib import Path

import numpy as np
import pytest

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.virtual.worst_month import _first_hour, _write_aged, verify_worst_month
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.sizing.design import Design
from filmgauge_sim.sizing.sizing import HourlyCharge, size
from filmgauge_sim.sizing.world_series import WorldSeries

MONTH_H = 30 * 24
WINDOW = load_scenario("window").node[0].description


@pytest.mark.parametrize("hours", [400, MONTH_H, 2000])
def test_the_month_holds_the_lowest_charge_wherever_it_is(hours: int) -> None:
    for lowest in range(0, hours + 1, 7):
        soc = np.ones(hours + 1)
        soc[lowest] = 0.5
        begin = _first_hour(HourlyCharge(soc, np.ones((hours, 2))))
        assert begin % 24 == 0
        assert 0 <= begin <= lowest <= begin + MONTH_H


def test_a_set_of_the_user_ages_as_well(tmp_path: Path) -> None:
    """A set of a file cannot be the base of another."""
    own, aged = tmp_path / "own.toml", tmp_path / "aged.toml"
    own.write_text('base = "pre-li"\nname = "of \\"mine\\""\ncapacity_uah_cm2 = 20.0\n')
    _write_aged(aged, str(own), 0.9, 1.5)
    before, after = load_parameters(str(own)), load_parameters(str(aged))
    assert after.capacity_uah_cm2 == pytest.approx(18.0)
    assert after.diffusion_time_h == pytest.approx(1.5 * before.diffusion_time_h)
    assert after.plateau_gap_v == before.plateau_gap_v


def test_a_node_that_never_wakes_is_told() -> None:
    """Its capacitor does not carry a boot."""
    dark = WorldSeries(np.zeros(24), np.full(24, 25.0))
    (poor,) = size(WINDOW, dark, [Design(45.0, 12.0, 470.0, 7200)])
    assert poor.limited_by == "capacitor"
    with pytest.raises(FilmgaugeError, match="window-1 never woke in the 1 days from day 0"):
        verify_worst_month(WINDOW, dark, poor)
