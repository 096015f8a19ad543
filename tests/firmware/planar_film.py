"""A planar film by two methods that the firmware does not use: finite differences and series.

    film = PlanarFilm(cells=60)
    film.step(flux, duration)       # flux of the whole capacity in a time of tau; duration in tau
    film.lag()                      # surface minus mean

and the voltage of a cell near its ends, forward, where the firmware inverts it.
"""

import math

R = 8.314462618  # J / (mol K)
F = 96485.33212  # C / mol


class PlanarFilm:
    """Implicit finite volumes over a thickness of 1, diffusivity 1, sealed at the back."""

    def __init__(self, cells=60):
        self._cells = cells
        self._content = [0.0] * cells

    def step(self, flux, duration, steps=20):
        """Let `duration` pass with `flux` through the face."""
        count, content = self._cells, self._content
        coupling = duration / steps * count * count
        gain = flux * duration / steps * count
        for _ in range(steps):
            # Thomas' algorithm for the tridiagonal system of one implicit step
            upper = [0.0] * count
            for i in range(count):
                neighbours = (i > 0) + (i < count - 1)
                diagonal = 1.0 + coupling * neighbours
                source = content[i] + (gain if i == count - 1 else 0.0)
                if i:
                    diagonal -= coupling * upper[i - 1]
                    source += coupling * content[i - 1]
                upper[i] = coupling / diagonal
                content[i] = source / diagonal
            for i in range(count - 2, -1, -1):
                content[i] += upper[i] * content[i + 1]
        self._flux = flux

    def lag(self):
        """Return surface minus mean; half a cell lies between the last centre and the face."""
        mean = sum(self._content) / self._cells
        return self._content[-1] + self._flux / (2.0 * self._cells) - mean


def series_lag(time):
    """Return the lag over its steady value at a constant flux (Crank, section 4.3, t in tau)."""
    total = 1.0
    for n in range(1, 200):
        square = (n * math.pi) ** 2
        total -= 6.0 / square * math.exp(-square * time)
    return total


def arrhenius(joule_per_mol, cdeg):
    """Return the rate at a temperature over the rate at 25 degC."""
    return math.exp(-joule_per_mol / R * (1 / (273.15 + cdeg / 100) - 1 / 298.15))


def polarisation_v(values, current_pa, cdeg):
    """Return kinetic and ohmic polarisation of a cell, with the sign of the current."""
    density = current_pa * 1e-12 / (values["area_ucm2"] * 1e-6)  # A / cm2
    speed = arrhenius(values["interface_activation_j_mol"], cdeg)
    kinetic = 2 * R * (273.15 + cdeg / 100) / F
    x = density / (2 * values["exchange_pa_cm2"] * 1e-12 * speed)
    kinetic *= math.asinh(x)
    ohm_cm2 = values["lipon_mohm_cm2"] / arrhenius(values["lipon_activation_j_mol"], cdeg)
    return kinetic + density * (ohm_cm2 + values["contact_mohm_cm2"] / speed) / 1e3


def end_voltage_uv(values, surface, current_pa, cdeg, drain_pa=0):
    """Return the voltage of a cell at a stoichiometry of its surface."""
    uv = values["middle_uv"] + values["slope_uv"] * (surface - 0.5)
    uv += values["high_end_uv"] * math.exp(-(1 - surface) * 1e6 / values["high_end_width_ppm"])
    uv -= values["low_end_uv"] * math.exp(-surface * 1e6 / values["low_end_width_ppm"])
    uv += values["hysteresis_uv"] * (1 if current_pa > 0 else -1)
    return round(uv + 1e6 * polarisation_v(values, current_pa - drain_pa, cdeg))
