"""The spectrum against the closed form of finite diffusion, and its two arcs."""

import cmath
import math

import pytest

from filmgauge_sim.cell import FilmCell, LifeState, load_parameters
from filmgauge_sim.cell.impedance import impedance_ohm_cm2

PRE = load_parameters("pre-li")


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
