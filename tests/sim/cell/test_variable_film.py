"""A film whose diffusivity follows its mean charge, against the equation itself on a fine grid."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy

from filmgauge_sim.cell import FilmCell, load_parameters

LOSSLESS = {"charge_acceptance": 1.0, "self_discharge_per_year": 0.0}
SET = replace(load_parameters("evp-li-variable"), **LOSSLESS)
TAU_S = 3600.0 * SET.diffusion_time_h
LAYERS = 120
# (uA/cm2, hours): through most of the range both ways, with a rest and a turn in between.
PROGRAMME = [(-6.0, 0.7), (0.0, 0.5), (-3.0, 1.2), (9.0, 0.1), (-1.0, 0.3), (4.0, 1.5)]


class Grid:
    """The planar film in layers, finest at the electrolyte: ds/dt = D(mean) d2s/dx2."""

    def __init__(self, ratio: float, stoichiometry: float) -> None:
        width = 1.05 ** np.arange(LAYERS)
        self.width = width / width.sum()
        self.between = 0.5 * (self.width[:-1] + self.width[1:])
        self.ratio = ratio
        self.layers = np.full(LAYERS, stoichiometry)

    def diffusivity(self, layers: np.ndarray) -> float:
        """Over the squared thickness, 1/s."""
        mean = float(self.width @ layers)
        return self.ratio ** (mean - 0.5) / TAU_S

    def rates(self, layers: np.ndarray, into_per_s: float) -> np.ndarray:
        flux = self.diffusivity(layers) * np.diff(layers) / self.between
        flows = np.concatenate([[-into_per_s], flux, [0.0]])
        return np.diff(flows) / self.width

    def advance(self, current_ua_cm2: float, duration_s: float) -> None:
        into_per_s = current_ua_cm2 / SET.capacity_uah_cm2 / 3600.0
        found = scipy.integrate.solve_ivp(
            lambda _, layers: self.rates(layers, into_per_s),
            (0.0, duration_s),
            self.layers,
            method="LSODA",
            rtol=1e-8,
            atol=1e-10,
            # But for the mean, which moves slowly, a layer depends on its neighbours.
            lband=1,
            uband=1,
        )
        self.layers = found.y[:, -1]

    def surface(self, current_ua_cm2: float) -> float:
        """From the middle of the first layer on along the flux that enters."""
        into_per_s = current_ua_cm2 / SET.capacity_uah_cm2 / 3600.0
        slope = into_per_s / self.diffusivity(self.layers)
        return float(self.layers[0] + 0.5 * self.width[0] * slope)


@pytest.mark.parametrize("ratio", [1.0 / 3.0, SET.diffusivity_ratio, 1.0, 3.0])
def test_the_surface_is_that_of_a_fine_grid(ratio: float) -> None:
    cell, grid = FilmCell(replace(SET, diffusivity_ratio=ratio), 1.0, 0.9), Grid(ratio, 0.9)
    for current, hours in PROGRAMME:
        cell.advance(current, 25.0, 3600.0 * hours)
        grid.advance(current, 3600.0 * hours)
        mean = float(grid.width @ grid.layers)
        assert cell.stoichiometry == pytest.approx(mean, abs=1e-6)
        # A slab is a fiftieth of the range: its diffusivity is right to 1.1 % at a ratio of 3.
        lag = abs(cell.surface_stoichiometry - cell.stoichiometry)
        expected = grid.surface(current)
        assert cell.surface_stoichiometry == pytest.approx(expected, abs=5e-4 + 0.015 * lag)


def test_a_ratio_of_one_is_the_linear_film() -> None:
    even = replace(SET, diffusivity_ratio=1.0)
    films = [
        FilmCell(replace(even, physics=physics), 1.0, 0.9) for physics in ("linear", "variable")
    ]
    for current, hours in PROGRAMME:
        for film in films:
            film.advance(current, 25.0, 3600.0 * hours)
        assert films[1].surface_stoichiometry == pytest.approx(
            films[0].surface_stoichiometry, abs=1e-9
        )


@pytest.mark.parametrize("ratio", [1.0 / 3.0, 3.0])
def test_a_slow_discharge_lags_by_a_third_of_the_time_constant(ratio: float) -> None:
    """Stationary: surface - mean = j tau(s) / (3 Q), with tau = tau(1/2) r^(1/2 - s)."""
    cell = FilmCell(replace(SET, diffusivity_ratio=ratio), 1.0, 1.0)
    current = 0.2
    lags = []
    for _ in range(8):
        cell.advance(-current, 25.0, 0.1 * SET.capacity_uah_cm2 / current * 3600.0)
        tau_h = SET.diffusion_time_h * ratio ** (0.5 - cell.stoichiometry)
        lags.append(cell.stoichiometry - cell.surface_stoichiometry)
        assert lags[-1] == pytest.approx(current * tau_h / (3.0 * SET.capacity_uah_cm2), rel=0.03)
    growth = [math.log(after / before) for before, after in pairwise(lags)]
    assert sum(growth) == pytest.approx(0.7 * math.log(ratio), rel=0.05)
