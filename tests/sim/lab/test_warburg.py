"""Diffusion read off a spectrum: against the closed form, and back to the film's own time."""

import cmath
import math
from dataclasses import replace

import pytest

from filmgauge_sim.cell import FilmCell, LifeState, load_parameters
from filmgauge_sim.cell.impedance import impedance_ohm_cm2
from filmgauge_sim.lab.warburg import diffusion_per_s, titrated_slope_v_cm2_as, warburg_ohm_cm2

PRE = load_parameters("pre-li")
FREQUENCIES_HZ = [10.0 ** (-2.0 + 0.1 * k) for k in range(21)]


def test_against_finite_diffusion():
    """A film of tau = L^2 / D with a closed back, behind a resistance."""
    slope, tau_s = 0.6, 5000.0
    spectrum = []
    for frequency in FREQUENCIES_HZ:
        root = cmath.sqrt(2j * math.pi * frequency * tau_s)
        spectrum.append(477.0 + slope * tau_s / (root * cmath.tanh(root)))
    sigma = warburg_ohm_cm2(FREQUENCIES_HZ, spectrum)
    assert sigma == pytest.approx(slope * math.sqrt(tau_s / 2.0), rel=1e-3)
    assert diffusion_per_s(slope, sigma) == pytest.approx(1.0 / tau_s, rel=2e-3)


@pytest.mark.parametrize("tau_h", [0.4, 1.253, 5.0])
@pytest.mark.parametrize("life", [None, LifeState(cycles=400.0, stranded=0.2)])
def test_the_film_gives_its_own_diffusion_time(tau_h, life):
    cell = FilmCell(replace(PRE, diffusion_time_h=tau_h), 3.0, 0.5, life=life)
    sigma = warburg_ohm_cm2(FREQUENCIES_HZ, impedance_ohm_cm2(cell, 25.0, FREQUENCIES_HZ))
    slowed = 1.0 if life is None else (1.0 + 400.0 / PRE.slowing_cycles) ** PRE.slowing_exponent
    found = diffusion_per_s(titrated_slope_v_cm2_as(cell), sigma)
    # The tail of the interface's arc still shows at 0.1 Hz.
    assert found == pytest.approx(1.0 / (3600.0 * tau_h * slowed), rel=0.02)


def test_a_spectrum_without_the_window_is_refused():
    with pytest.raises(ValueError, match="three frequencies"):
        warburg_ohm_cm2([1.0, 10.0, 100.0], [1 + 0j, 1 + 0j, 1 + 0j])
