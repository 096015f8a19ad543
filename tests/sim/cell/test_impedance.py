"""The spectrum against the closed form of finite diffusion; its arcs; what is read off it."""

import cmath
import math
from dataclasses import replace

import pytest

from filmgauge_sim.cell import FilmCell, LifeState, load_parameters
from filmgauge_sim.cell.impedance import (
    diffusion_per_s,
    impedance_ohm_cm2,
    titrated_slope_v_cm2_as,
    warburg_ohm_cm2,
)

PRE = load_parameters("pre-li")
FREQUENCIES_HZ = [10.0 ** (-2.0 + 0.1 * k) for k in range(21)]


def closed_form(frequency: float, slope_v: float, tau_s: float, capacity_as: float) -> complex:
    """Two arcs and coth(sqrt(i w tau)) / sqrt(i w tau), the film with a closed back."""
    s = 2j * math.pi * frequency
    root = cmath.sqrt(s * tau_s)
    back = 1.0 / cmath.tanh(root) if abs(root) < 300.0 else 1.0
    lipon, transfer = 1.5e-4 / 2.3e-6, 412.0
    arcs = lipon / (1 + s * lipon * 9.8e-9) + transfer / (1 + s * transfer * 5e-6)
    return arcs + slope_v * tau_s / capacity_as * back / root


@pytest.mark.parametrize("life", [None, LifeState(cycles=300.0)])
def test_against_the_closed_form(life):
    cell = FilmCell(PRE, 1.0, 0.5, life=life)
    tau_s = PRE.diffusion_time_h * 3600.0 * (1.0 if life is None else 4.0**PRE.slowing_exponent)
    capacity_as = cell.capacity_uah * 3600e-6
    for k in range(-70, 61):
        frequency = 10.0 ** (k / 10.0)
        (found,) = impedance_ohm_cm2(cell, 25.0, [frequency])
        expected = closed_form(frequency, PRE.plateau_slope_v, tau_s, capacity_as)
        assert abs(found - expected) < 2e-3 * abs(expected)


def test_both_arcs_shrink_when_warm():
    cell = FilmCell(PRE, 1.0, 0.5)
    # Between the arcs, and between the second arc and diffusion.
    for frequency in (5e3, 1.0):
        real = [impedance_ohm_cm2(cell, t, [frequency])[0].real for t in (0.0, 25.0, 37.0, 60.0)]
        assert real == sorted(real, reverse=True)


def test_a_frequency_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="frequency must be above 0"):
        impedance_ohm_cm2(FilmCell(PRE, 1.0), 25.0, [0.0])


def test_warburg_slope_of_finite_diffusion():
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
