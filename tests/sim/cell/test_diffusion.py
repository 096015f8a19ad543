"""Diffusion against two witnesses: the closed form, and a finite-volume solver of our own."""

import math
from dataclasses import replace

import numpy as np
import pytest

from filmgauge_sim.cell import FilmCell, load_parameters

# Losses are not the subject here, and the witnesses know none.
PARAMETERS = replace(load_parameters("evp-li"), charge_acceptance=1.0, self_discharge_per_year=0.0)
TAU_S = PARAMETERS.diffusion_time_h * 3600.0
BOLTZMANN_EV_K = 8.617333e-5


def series(theta: float) -> float:
    """Surface response of a planar film to unit flux, time over tau: the long-time series."""
    n = np.arange(1, 5001)
    squares = (n * math.pi) ** 2
    return theta + 1.0 / 3.0 - 2.0 * float(np.sum(np.exp(-squares * theta) / squares))


def images(theta: float) -> float:
    """The same response as a sum over mirror images, which converges for short times."""

    def ierfc(x: float) -> float:
        return math.exp(-x * x) / math.sqrt(math.pi) - x * math.erfc(x)

    mirrored = sum(ierfc(n / math.sqrt(theta)) for n in range(1, 40))
    return 2.0 * math.sqrt(theta) * (1.0 / math.sqrt(math.pi) + 2.0 * mirrored)


def test_the_two_closed_forms_agree():
    for theta in (1e-3, 0.01, 0.1, 1.0):
        assert series(theta) == pytest.approx(images(theta), rel=1e-6)


@pytest.mark.parametrize("current_ua_cm2", [-5.0, 0.3, 40.0])
def test_surface_follows_the_closed_form_down_to_milliseconds(current_ua_cm2):
    worst = 0.0
    for time_s in np.geomspace(0.009, 5.0 * TAU_S, 300):
        cell = FilmCell(PARAMETERS, 1.0, 0.5)
        cell.advance(current_ua_cm2, 25.0, float(time_s))
        moved = cell.surface_stoichiometry - 0.5
        unit = current_ua_cm2 * PARAMETERS.diffusion_time_h / PARAMETERS.capacity_uah_cm2
        theta = time_s / TAU_S
        exact = images(theta) if theta < 0.05 else series(theta)
        worst = max(worst, abs(moved / unit / exact - 1.0))
    assert worst < 1e-4


class FiniteVolume:
    """A planar film in 400 layers, finest at the surface; exact in time by its eigenvectors."""

    def __init__(self, layers: int = 400, growth: float = 1.025) -> None:
        width = growth ** np.arange(layers)
        self.width = width / width.sum()
        conductance = 2.0 / (self.width[:-1] + self.width[1:])
        matrix = np.zeros((layers, layers))
        for k, g in enumerate(conductance):
            root = math.sqrt(self.width[k] * self.width[k + 1])
            matrix[k, k] -= g / self.width[k]
            matrix[k + 1, k + 1] -= g / self.width[k + 1]
            matrix[k, k + 1] = matrix[k + 1, k] = g / root
        self.rates, self.vectors = np.linalg.eigh(matrix)
        self.rates[-1] = 0.0  # conservation
        # Symmetrised by the square root of the widths.
        self.content = np.zeros(layers)
        inflow = np.zeros(layers)
        inflow[0] = 1.0 / math.sqrt(self.width[0])
        self.inflow = self.vectors.T @ inflow

    def advance(self, flux: float, theta: float) -> None:
        """Unit flux fills the film in unit time."""
        with np.errstate(invalid="ignore", divide="ignore"):
            grown = np.where(self.rates == 0.0, theta, np.expm1(self.rates * theta) / self.rates)
        self.content = self.content * np.exp(self.rates * theta) + self.inflow * flux * grown

    def surface(self, flux: float) -> float:
        first = float((self.vectors @ self.content)[0]) / math.sqrt(self.width[0])
        return first + 0.5 * self.width[0] * flux


def test_the_reference_solver_keeps_the_closed_form():
    for theta in (2e-6, 1e-4, 1e-2, 0.3):
        film = FiniteVolume()
        film.advance(1.0, theta)
        assert film.surface(1.0) == pytest.approx(images(theta), rel=2e-4)


@pytest.mark.parametrize("seed", range(6))
def test_bursts_rests_and_warmth_against_finite_volumes(seed):
    random = np.random.default_rng(seed)
    cell, film = FilmCell(PARAMETERS, 2.5, 0.5), FiniteVolume()
    peak = worst = 0.0
    for _ in range(120):
        temperature = float(random.choice([0.0, 25.0, 37.0, 60.0]))
        kind = random.integers(3)
        burst = float(random.uniform(-100, 100)), float(10 ** random.uniform(-1.7, 0.5))
        slow = float(random.uniform(-3, 3)), float(10 ** random.uniform(1, 3))
        current, duration = (burst, slow, (0.0, slow[1]))[kind]
        cell.advance(current * 2.5, temperature, duration)
        kelvin = temperature + 273.15
        energy = PARAMETERS.diffusion_activation_energy_ev / BOLTZMANN_EV_K
        tau_s = TAU_S * math.exp(energy * (1.0 / kelvin - 1.0 / 298.15))
        flux = current * tau_s / 3600.0 / PARAMETERS.capacity_uah_cm2
        film.advance(flux, duration / tau_s)
        expected = film.surface(flux)
        peak = max(peak, abs(expected))
        worst = max(worst, abs(cell.surface_stoichiometry - 0.5 - expected))
    assert peak < 1.0
    assert worst < 1e-4


def test_a_rest_evens_the_film_out():
    cell = FilmCell(PARAMETERS, 1.0, 0.5)
    cell.advance(-8.0, 25.0, 1800.0)
    assert cell.surface_stoichiometry < cell.stoichiometry - 0.1
    mean = cell.stoichiometry
    cell.advance(0.0, 25.0, 10.0 * TAU_S)
    assert cell.surface_stoichiometry == pytest.approx(mean, abs=1e-9)
    assert cell.stoichiometry == mean
