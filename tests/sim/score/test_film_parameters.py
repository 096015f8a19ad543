"""Films of another kind against closed forms."""

from math import exp, log
from random import Random

import pytest

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.kinetics import arrhenius, vogel
from filmgauge_sim.score.modifiers import MODIFIERS

SET = load_parameters("evp-li")
DAY = 86400.0


def film(name, soc=0.8):
    return FilmCell(MODIFIERS[name].parameters(SET, Random(1)), 2.0, soc)


@pytest.mark.parametrize("temperature", [-10.0, 25.0, 45.0])
def test_a_soft_short_takes_5_percent_a_month_at_any_temperature(temperature):
    cell = film("soft-short")
    for months in range(1, 4):
        cell.advance(0.0, temperature, 365.25 / 12 * DAY)
        assert cell.stoichiometry == pytest.approx(0.8 * 0.95**months, rel=1e-9)


@pytest.mark.parametrize("name", ["wide-ends", "sloping-plateau"])
def test_a_wide_end_falls_over_a_fiftieth_of_the_charge(name):
    """With the plateau's own slope taken away, the empty end decays by e in 2 %."""
    cells = [film(name, soc) for soc in (0.01, 0.03, 0.3, 0.4)]
    one, other, low, high = (cell.voltage_v(0.0, 25.0) for cell in cells)
    per_soc = (high - low) / 0.1
    line = [low - per_soc * (0.3 - soc) for soc in (0.01, 0.03)]
    assert log((line[0] - one) / (line[1] - other)) == pytest.approx(1.0, abs=1e-3)


def test_a_sloping_plateau_rises_by_a_quarter_of_a_volt():
    low, high = (film("sloping-plateau", soc).voltage_v(0.0, 25.0) for soc in (0.4, 0.6))
    assert high - low == pytest.approx(0.2 * 0.25, rel=1e-3)


def test_a_bent_law_is_arrhenius_near_25_degc_and_slower_elsewhere():
    parameters = MODIFIERS["bent-temperature"].parameters(SET, Random(1))
    frozen_k = parameters.diffusion_freezing_k

    def factor(temperature):
        return vogel(0.5, frozen_k, temperature)

    assert factor(25.0) == 1.0
    slope = log(factor(25.01) / factor(24.99))
    assert slope == pytest.approx(log(arrhenius(0.5, 25.01) / arrhenius(0.5, 24.99)), rel=1e-4)
    # exp(B (1 / (T - T0) - 1 / (T25 - T0))) by hand at T = 263.15 K, T0 = 180 K.
    b = 0.5 / 8.617333262e-5 * (118.15 / 298.15) ** 2
    assert factor(-10.0) == pytest.approx(exp(b * (1 / 83.15 - 1 / 118.15)), rel=1e-9)
    assert factor(-10.0) > 1.8 * arrhenius(0.5, -10.0)
    assert factor(60.0) > arrhenius(0.5, 60.0)


def test_a_bent_law_gives_less_in_the_cold():
    bent, straight = film("bent-temperature", 1.0), FilmCell(SET, 2.0, 1.0)
    hour = 3600.0
    gives = [
        cell.next_crossing(-2.0, -10.0, 100 * hour, low_v=1.0).time_s for cell in (bent, straight)
    ]
    assert gives[0] < 0.98 * gives[1]
    warm = [cell.next_crossing(-2.0, 25.0, 100 * hour, low_v=1.0) for cell in (bent, straight)]
    assert warm[0] == warm[1]
