"""Small-signal impedance of the film: electrolyte, charge transfer and finite diffusion.

    Z = R_LiPON / (1 + i w R_LiPON C_g) + R_ct / (1 + i w R_ct C_i) + U'(s) sum(...)

with the diffusion part that of the same modes as in time (diffusion.py). The reaction's
overpotential of kinetics.py has no place here: it is the driving force of the conversion, which
a few millivolts around rest do not start (assumed: the published spectra show 412 ohm cm2, not
the hundreds of kilohms that its exchange current would give).
"""

from collections.abc import Sequence
from math import pi

from filmgauge_sim.cell.film import FilmCell
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.kinetics import charge_transfer_ohm_cm2, lipon_resistance_ohm_cm2


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
