"""The diffusion coefficient read off a spectrum, as an experimenter does.

In the Warburg window, where diffusion is far from the back of the film and slower than the
interface, Z' = R + sigma w^-1/2. For a film of thickness L (Weppner and Huggins, J. Electrochem.
Soc. 124 (1977) 1569; Ho et al., 127 (1980) 343), with E the open-circuit voltage and q the areal
charge,

    sigma = (dE/dq) L / sqrt(2 D),    D / L^2 = (dE/dq / sigma)^2 / 2
"""

from collections.abc import Sequence
from math import pi

from filmgauge_sim.cell import FilmCell

# Below the arc of the interface, above the back of the film.
_LOWEST_HZ, _HIGHEST_HZ = 0.009, 0.11
_BESIDE = 0.02


def warburg_ohm_cm2(frequencies_hz: Sequence[float], spectrum: Sequence[complex]) -> float:
    """Slope of Z' over w^-1/2 between 10 and 100 mHz, ohm cm2 s^-1/2, by least squares.

    Raises ValueError when there are fewer than three frequencies.
    """
    found = [
        ((2.0 * pi * f) ** -0.5, z.real)
        for f, z in zip(frequencies_hz, spectrum, strict=True)
        if _LOWEST_HZ < f < _HIGHEST_HZ
    ]
    if len(found) < 3:
        raise ValueError("the spectrum must have three frequencies from 0.01 to 0.1 Hz or more.")
    x_mean = sum(x for x, _ in found) / len(found)
    above = sum((x - x_mean) * z for x, z in found)
    return above / sum((x - x_mean) ** 2 for x, _ in found)


def titrated_slope_v_cm2_as(cell: FilmCell) -> float:
    """dE/dq at rest around the present charge, on one branch; V per A s/cm2."""
    low, high = (
        FilmCell(cell.parameters, 1.0, cell.stoichiometry + way * _BESIDE, life=cell.life)
        for way in (-1.0, 1.0)
    )
    rise = high.voltage_v(0.0, 25.0) - low.voltage_v(0.0, 25.0)
    return rise / (2.0 * _BESIDE * low.capacity_uah * 3600e-6)


def diffusion_per_s(slope_v_cm2_as: float, warburg: float) -> float:
    """D / L^2, 1/s."""
    return 0.5 * (slope_v_cm2_as / warburg) ** 2
