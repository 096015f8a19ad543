"""One film at one temperature and age: every number that stays while these stay."""

from functools import cached_property
from operator import truediv

from filmgauge_sim.cell import diffusion
from filmgauge_sim.cell.ageing import LifeState, capacity_factor, diffusion_factor
from filmgauge_sim.cell.kinetics import Polarisation, arrhenius, static_hysteresis_v, vogel
from filmgauge_sim.cell.open_circuit import OpenCircuit
from filmgauge_sim.cell.parameters import CellParameters

LOWEST_C = -40.0
HIGHEST_C = 85.0
_SECONDS_PER_HOUR = 3600.0
_OF_MODES = ("decays_per_s", "gains", "ramp_gains_s", "lag_per_ua_cm2")
SECONDS_PER_YEAR = 365.25 * 24.0 * 3600.0


def check_temperature(temperature_c: float) -> None:
    """Raise ValueError for a temperature beyond those of the laws of a cell, -40 to 85 degC."""
    if not LOWEST_C <= temperature_c <= HIGHEST_C:
        raise ValueError(
            f"temperature_c must be from {LOWEST_C:g} to {HIGHEST_C:g}, not {temperature_c!r}."
        )


class Isothermal:
    """Rates, gains and voltages of a cell at temperature_c; built when temperature or age change.

    Raises ValueError when temperature_c is not a number from -40 to 85 degC.
    """

    def __init__(
        self, parameters: CellParameters, temperature_c: float, life: LifeState | None = None
    ) -> None:
        check_temperature(temperature_c)
        self.temperature_c = temperature_c
        factor = vogel(
            parameters.diffusion_activation_energy_ev,
            parameters.diffusion_freezing_k,
            temperature_c,
        )
        self._formed_tau_s = parameters.diffusion_time_h * _SECONDS_PER_HOUR * factor
        slower = arrhenius(parameters.self_discharge_activation_energy_ev, temperature_c)
        self.leak_per_s = parameters.self_discharge_per_year / SECONDS_PER_YEAR / slower
        # How much a cycle at this temperature ages the film, over one at 25 degC.
        self.ageing = 1.0 / arrhenius(parameters.ageing_activation_energy_ev, temperature_c)
        self.hysteresis_rate = parameters.hysteresis_rate
        self.static_v = static_hysteresis_v(parameters)
        self.curve = OpenCircuit(parameters)
        self.polarisation = Polarisation(parameters, temperature_c)
        self._apply_age(parameters, life)

    def aged(self, parameters: CellParameters, life: LifeState) -> "Isothermal":
        """The same film at the same temperature and another age."""
        other = Isothermal.__new__(Isothermal)
        other.__dict__.update(self.__dict__)
        other._apply_age(parameters, life)
        return other

    def _apply_age(self, parameters: CellParameters, life: LifeState | None) -> None:
        tau_s = self._formed_tau_s
        self.capacity_uas_cm2 = parameters.capacity_uah_cm2 * _SECONDS_PER_HOUR
        self.acceptance = parameters.charge_acceptance
        self.barrier_v = 0.0
        if life is not None:
            tau_s *= diffusion_factor(parameters, life)
            self.capacity_uas_cm2 *= capacity_factor(parameters, life)
            lost = (1.0 - parameters.first_charge_acceptance) * life.virgin
            self.acceptance *= 1.0 - lost
            self.barrier_v = parameters.first_charge_barrier_v * life.virgin
        # Stoichiometry per uA s/cm2 of charge.
        self.per_uas_cm2 = 1.0 / self.capacity_uas_cm2
        # What diffusion through a layer as thick as the film brings at most.
        self.limiting_ua_cm2 = self.capacity_uas_cm2 / tau_s
        self._set_tau(tau_s)

    def slowed(self, factor: float) -> "Isothermal":
        """The same film with diffusion ``factor`` times as slow."""
        other = Isothermal.__new__(Isothermal)
        other.__dict__.update(self.__dict__)
        other._set_tau(self._tau_s * factor)
        return other

    def _set_tau(self, tau_s: float) -> None:
        self._tau_s = tau_s
        for name in _OF_MODES:
            self.__dict__.pop(name, None)

    # Not every physics asks for the modes, and outdoors a law lasts from sample to sample.

    @cached_property
    def decays_per_s(self) -> list[float]:
        """Decay rates of the modes."""
        return diffusion.rates_per_s(self._tau_s)

    @cached_property
    def gains(self) -> list[float]:
        """Stationary values of the modes per uA/cm2."""
        return diffusion.gains(self._tau_s, self.capacity_uas_cm2)

    @cached_property
    def ramp_gains_s(self) -> list[float]:
        """The gains over the decay rates."""
        return list(map(truediv, self.gains, self.decays_per_s))

    @cached_property
    def lag_per_ua_cm2(self) -> float:
        """How far the surface leads the mean in the long run."""
        return sum(self.gains)

    def stored_ua_cm2(self, current_ua_cm2: float) -> float:
        """The part of a current that reaches the film: less than all when charging."""
        return current_ua_cm2 * self.acceptance if current_ua_cm2 > 0.0 else current_ua_cm2

    def offset_v(self, current_ua_cm2: float) -> float:
        """Polarisation, and for a charging current the barrier of a film never charged before."""
        volts = self.polarisation.voltage_v(current_ua_cm2)
        return volts + self.barrier_v if current_ua_cm2 > 0.0 else volts
