"""Small-signal impedance of the film: electrolyte, charge transfer and finite diffusion.

    Z = R_LiPON / (1 + i w R_LiPON C_g) + R_ct / (1 + i w R_ct C_i) + U'(s) sum(...)

with the diffusion part that of the same modes as in time (diffusion.py). The reaction's
overpotential of kinetics.py has no place here: it is the driving force of the conversion, which
a few millivolts around rest do not start (assumed: the published spectra show 412 ohm cm2, not
the hundreds of kilohms that its exchange current would give).

An experimenter reads the diffusion coefficient off a spectrum: in the Warburg window, where
diffusion is far from the back of the film and slower than the interface, Z' = R + sigma w^-1/2.
For a film of thickness L (Weppner and Huggins, J. Electrochem.
Soc. 124 (1977) 1569; Ho et al., 127 (1980) 343), with E the open-circuit voltage and q the areal
charge,

    sigma = (dE/dq) L / sqrt(2 D),    D / L^2 = (dE/dq / sigma)^2 / 2
"""

from collections.abc import Sequence
from math import pi

from filmgauge_sim.cell.film import FilmCell
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.kinetics import charge_transfer_ohm_cm2, lipon_resistance_ohm_cm2

# Below the arc of the interface, above the back of the film.
_LOWEST_HZ, _HIGHEST_HZ = 0.009, 0.11
_BESIDE = 0.02


def impedance_ohm_cm2(
    cell: FilmCell, temperature_c: float, frequencies_hz: Sequence[float]
) -> list[complex]:
    """Areal impedance at each frequency, ohm cm2, around the cell's present state.

    Raises ValueError when a frequency is not above 0 or temperature_c out of bounds.
    """
    parameters = cell.parameters
    law = Isothermal(parameters, temperature_c, cell.life)
    surface = cell.surface_stoichiometry
    slope_v, _ = law.curve.slope_bounds_v(surface, surface)
    r_lipon = lipon_resistance_ohm_cm2(parameters, temperature_c)
    r_ct = charge_transfer_ohm_cm2(parameters, temperature_c)
    spectrum: list[complex] = []
    for frequency in frequencies_hz:
        if not frequency > 0.0:
            raise ValueError(f"a frequency must be above 0 Hz, not {frequency!r}.")
        s = 2j * pi * frequency
        electrolyte = r_lipon / (
            1.0 + s * r_lipon * 1e-6 * parameters.electrolyte_capacitance_uf_cm2
        )
        interface = r_ct / (1.0 + s * r_ct * 1e-6 * parameters.interface_capacitance_uf_cm2)
        lag = law.per_uas_cm2 / s + sum(
            gain * decay / (s + decay)
            for gain, decay in zip(law.gains, law.decays_per_s, strict=True)
        )
        # Stoichiometry per uA/cm2 to per A/cm2.
        spectrum.append(electrolyte + interface + slope_v * lag * 1e6)
    return spectrum


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
