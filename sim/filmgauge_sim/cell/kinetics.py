"""What the current costs: electrolyte and contact resistance, and the reaction's overpotential.

With j the current density (positive charges),

    polarisation = j (R_LiPON + R_contact) + (2 R T / F) asinh(j / (2 i0))

The asinh form is Butler-Volmer with symmetric transfer; far above i0 it is Tafel's logarithm.
"""

from math import asinh, exp, sinh

from filmgauge_sim.cell.parameters import CellParameters

REFERENCE_C = 25.0
_ZERO_C_IN_K = 273.15
_BOLTZMANN_EV_K = 8.617333262e-5  # CODATA 2018; with energies in eV it is also R / F in volts


def arrhenius(energy_ev: float, temperature_c: float) -> float:
    """How many times slower an activated process is than at 25 degC (below 1 when warmer)."""
    inverse = 1.0 / (temperature_c + _ZERO_C_IN_K) - 1.0 / (REFERENCE_C + _ZERO_C_IN_K)
    return exp(energy_ev / _BOLTZMANN_EV_K * inverse)


def vogel(energy_ev: float, freezing_k: float, temperature_c: float) -> float:
    """As ``arrhenius``, of a process that freezes at a temperature (Vogel, Fulcher and Tammann):
    exp(B / (T - T0)), as steep at 25 degC as the energy says. Arrhenius' law where T0 is 0."""
    reference_k = REFERENCE_C + _ZERO_C_IN_K
    above_k = reference_k - freezing_k
    slope_k = energy_ev / _BOLTZMANN_EV_K * (above_k / reference_k) ** 2
    inverse = 1.0 / (temperature_c + _ZERO_C_IN_K - freezing_k) - 1.0 / above_k
    return exp(slope_k * inverse)


def two_thermal_v(temperature_c: float) -> float:
    """2 R T / F in volts: 51.4 mV at 25 degC."""
    return 2.0 * _BOLTZMANN_EV_K * (temperature_c + _ZERO_C_IN_K)


def lipon_resistance_ohm_cm2(parameters: CellParameters, temperature_c: float) -> float:
    """Resistance of the solid electrolyte at temperature_c, ohm cm2."""
    factor = arrhenius(parameters.lipon_activation_energy_ev, temperature_c)
    return parameters.lipon_resistance_ohm_cm2 * factor


def charge_transfer_ohm_cm2(parameters: CellParameters, temperature_c: float) -> float:
    """Resistance of the interface between film and electrolyte at temperature_c, ohm cm2."""
    factor = arrhenius(parameters.interface_activation_energy_ev, temperature_c)
    return parameters.contact_resistance_ohm_cm2 * factor


def static_hysteresis_v(parameters: CellParameters) -> float:
    """Half of the plateau gap that stays when the current stops, volts."""
    return 0.5 * parameters.plateau_gap_v * (1.0 - parameters.kinetic_share)


def resting_v(parameters: CellParameters, direction: int) -> float:
    """Voltage without current in the middle of the plateau, of a film that was last charged (1)
    or discharged (-1)."""
    return parameters.plateau_middle_v + direction * static_hysteresis_v(parameters)


def exchange_current_ua_cm2(parameters: CellParameters) -> float:
    """i0 at 25 degC, so that the plateaus lie plateau_gap_v apart at the plateau current."""
    current = parameters.plateau_current_ua_cm2
    ohmic_v = current * 1e-6 * parameters.resistance_ohm_cm2
    reaction_v = 0.5 * parameters.plateau_gap_v * parameters.kinetic_share - ohmic_v
    return 0.5 * current / sinh(reaction_v / two_thermal_v(REFERENCE_C))


class Polarisation:
    """The polarisation of one parameter set at one temperature."""

    def __init__(self, parameters: CellParameters, temperature_c: float) -> None:
        interface = arrhenius(parameters.interface_activation_energy_ev, temperature_c)
        # uA times megohm gives volts.
        self.megohm_cm2 = 1e-6 * (
            lipon_resistance_ohm_cm2(parameters, temperature_c)
            + charge_transfer_ohm_cm2(parameters, temperature_c)
        )
        self.half_per_exchange = 0.5 * interface / exchange_current_ua_cm2(parameters)
        self.two_thermal_v = two_thermal_v(temperature_c)

    def voltage_v(self, current_ua_cm2: float) -> float:
        """Volts above the resting voltage; negative for a discharge (negative current)."""
        reaction = self.two_thermal_v * asinh(current_ua_cm2 * self.half_per_exchange)
        return current_ua_cm2 * self.megohm_cm2 + reaction
