"""Cells drawn from the spread: the same from the same seed, and as wide as stated."""

import math
from statistics import mean, stdev

import pytest

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.spread import drawn

EVP = load_parameters("evp-li")


def test_a_seed_is_a_cell():
    assert drawn(EVP, 7) == drawn(EVP, 7)
    assert drawn(EVP, 7) != drawn(EVP, 8)


@pytest.mark.parametrize(
    ("figure", "spread"),
    [
        (lambda p: p.capacity_uah_cm2, EVP.capacity_spread),
        (lambda p: p.diffusion_time_h, EVP.diffusion_spread),
        (lambda p: p.lipon_resistance_ohm_cm2, EVP.resistance_spread),
        (lambda p: p.contact_resistance_ohm_cm2, EVP.resistance_spread),
        (lambda p: 1.0 - p.charge_acceptance, EVP.loss_spread),
        (lambda p: p.self_discharge_per_year, EVP.loss_spread),
    ],
)
def test_the_stated_width_around_the_set(figure, spread):
    logs = [math.log(figure(drawn(EVP, seed)) / figure(EVP)) for seed in range(3000)]
    assert mean(logs) == pytest.approx(0.0, abs=5 * spread / math.sqrt(3000))
    assert stdev(logs) == pytest.approx(spread, rel=0.07)


def test_what_is_not_drawn_stays():
    cell = drawn(EVP, 3)
    assert cell.plateau_gap_v == EVP.plateau_gap_v
    assert cell.name == EVP.name
