"""One parameter set at one temperature: every number that stays while the temperature stays."""

from filmgauge_sim.cell import diffusion
from filmgauge_sim.cell.kinetics import Polarisation, arrhenius, static_hysteresis_v
from filmgauge_sim.cell.open_circuit import OpenCircuit
from filmgauge_sim.cell.parameters import CellParameters

LOWEST_C = -40.0
HIGHEST_C = 85.0
_SECONDS_PER_HOUR = 3600.0


class Isothermal:
    """Rates, gains and voltages of a cell at temperature_c; built once per change of temperature.

    Raises ValueError when temperature_c is not a number from -40 to 85 degC.
    """

    __slots__ = (
        "curve",
        "decays_per_s",
        "gains",
        "hysteresis_rate",
        "per_uas_cm2",
        "polarisation",
        "static_v",
        "temperature_c",
    )

    def __init__(self, parameters: CellParameters, temperature_c: float) -> None:
        if not LOWEST_C <= temperature_c <= HIGHEST_C:
            raise ValueError(
                f"temperature_c must be from {LOWEST_C:g} to {HIGHEST_C:g}, not {temperature_c!r}."
            )
        self.temperature_c = temperature_c
        factor = arrhenius(parameters.diffusion_activation_energy_ev, temperature_c)
        tau_s = parameters.diffusion_time_h * _SECONDS_PER_HOUR * factor
        capacity_uas_cm2 = parameters.capacity_uah_cm2 * _SECONDS_PER_HOUR
        self.decays_per_s = diffusion.rates_per_s(tau_s)
        self.gains = diffusion.gains(tau_s, capacity_uas_cm2)
        # Stoichiometry per uA s/cm2 of charge.
        self.per_uas_cm2 = 1.0 / capacity_uas_cm2
        self.hysteresis_rate = parameters.hysteresis_rate
        self.static_v = static_hysteresis_v(parameters)
        self.curve = OpenCircuit(parameters)
        self.polarisation = Polarisation(parameters, temperature_c)
