"""Many films at once, each with a constant mean current over a step: the equations of cell/.

    films = FilmBank(parameters, area_cm2, stoichiometry, spread)
    reach = films.reach(temperature_c, duration_s)            # what the step can do
    films.advance(reach, current_ua)                          # let it pass

The physics is that of `DiffusionFilm` with life: mean stoichiometry, fourteen diffusion modes,
hysteresis, losses, ageing. A converter draws its constant current in pulses; the film sees their
mean, and the voltage that of the pulse. What a pulse adds to the lag of the surface within its
own length is left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.cell.diffusion import DECAYED, RATES, WEIGHTS
from filmgauge_sim.cell.isothermal import SECONDS_PER_YEAR, Isothermal
from filmgauge_sim.cell.kinetics import arrhenius
from filmgauge_sim.cell.open_circuit import TANGENT_FROM
from filmgauge_sim.cell.parameters import CellParameters

Numbers = NDArray[np.float64]
Switches = NDArray[np.bool_]

_RATES = np.array(RATES)[:, np.newaxis]
_WEIGHTS = np.array(WEIGHTS)[:, np.newaxis]
_SECONDS_PER_HOUR = 3600.0
_TANGENT_HEIGHT = float(np.exp(TANGENT_FROM))


@dataclass(frozen=True)
class FilmSpread:
    """How each film differs from its parameter set, factors; and how fast it fades unused.

    calendar_fade: share of the capacity that is lost in a year at 25 degC, with
    `calendar_energy_ev` for other temperatures.
    """

    capacity: Numbers
    diffusion_time: Numbers
    resistance: Numbers
    loss: Numbers
    calendar_fade: Numbers
    calendar_energy_ev: float

    def part(self, span: slice) -> "FilmSpread":
        """Return some of the films."""
        return FilmSpread(
            self.capacity[span],
            self.diffusion_time[span],
            self.resistance[span],
            self.loss[span],
            self.calendar_fade[span],
            self.calendar_energy_ev,
        )

    def repeated(self, times: int) -> "FilmSpread":
        """Return the same films so many times, one after the other."""
        return FilmSpread(
            np.tile(self.capacity, times),
            np.tile(self.diffusion_time, times),
            np.tile(self.resistance, times),
            np.tile(self.loss, times),
            np.tile(self.calendar_fade, times),
            self.calendar_energy_ev,
        )


@dataclass(frozen=True)
class Reach:
    """What a step of `duration_s` at one temperature does with the films as they are.

    decays: of the active modes over the step, shape (modes, designs); resting: surface at its end
    without a current; per_ua_cm2: what one uA/cm2 that is stored adds to that.
    """

    law: Isothermal
    duration_s: float
    decays: Numbers
    gains: Numbers
    resting: Numbers
    per_ua_cm2: Numbers
    leaked: Numbers


class FilmBank:
    """Films of one parameter set; every array has one number a design.

    stoichiometry: the charge stored, over the capacity. hysteresis: -1 to 1. factor: capacity over
    that of the formed film of the set; slower: diffusion time over that. cycles: equivalent full
    cycles since the start, as ageing counts them. throughput_uah: charge passed, both ways.
    lost_uah: to side reactions and self-discharge.
    """

    def __init__(
        self,
        parameters: CellParameters,
        area_cm2: Numbers,
        stoichiometry: float,
        spread: FilmSpread,
    ) -> None:
        """Raises ValueError where the physics of the set is not the linear one."""
        if parameters.physics != "linear":
            raise ValueError(f"cell.set must be of physics linear, not {parameters.physics}")
        count = len(area_cm2)
        self.parameters = parameters
        self.area_cm2 = area_cm2
        self._spread = spread
        self.stoichiometry = np.full(count, float(stoichiometry))
        self.hysteresis = np.ones(count)  # as a FilmCell begins
        self.lost_uah = np.zeros(count)
        self.throughput_uah = np.zeros(count)
        self._modes = np.zeros((len(RATES), count))
        self._activation = np.ones(count)
        self._stranded = np.zeros(count)
        self._adaptation = np.zeros(count)
        self._calendar = np.ones(count)
        self.cycles = np.zeros(count)
        self._new_cycles = np.zeros(count)
        self._new_strained = np.zeros(count)
        self._laws: dict[float, Isothermal] = {}
        self._apply_age()

    @property
    def capacity_uah(self) -> Numbers:
        """Charge between stoichiometry 0 and 1 at the present age, uAh."""
        return self.parameters.capacity_uah_cm2 * self.area_cm2 * self.factor

    @property
    def surface(self) -> Numbers:
        """Stoichiometry at the electrolyte."""
        return self.stoichiometry + self._modes.sum(axis=0)

    def law(self, temperature_c: float) -> Isothermal:
        """Return the numbers of the formed film of the set at a temperature."""
        found = self._laws.get(temperature_c)
        if found is None:
            found = self._laws[temperature_c] = Isothermal(self.parameters, temperature_c)
        return found

    def polarisation_v(self, law: Isothermal, current_ua: Numbers) -> Numbers:
        """Return what a current costs, V; of the sign of the current."""
        density = current_ua / self.area_cm2
        polarisation = law.polarisation
        resistance = polarisation.megohm_cm2 * self._spread.resistance
        asinh = np.arcsinh(density * polarisation.half_per_exchange)
        return density * resistance + polarisation.two_thermal_v * asinh

    def open_circuit_v(self, surface: Numbers) -> Numbers:
        """Return U of the surface stoichiometry, V (open_circuit.py)."""
        parameters = self.parameters
        below = _end(-surface / parameters.empty_width)
        above = _end((surface - 1.0) / parameters.full_width)
        flat = parameters.plateau_middle_v + parameters.plateau_slope_v * (surface - 0.5)
        return flat - parameters.empty_fall_v * below + parameters.full_rise_v * above

    def surface_at_v(self, voltage_v: Numbers, rising: bool) -> Numbers:
        """Return the surface at which U leaves its plateau and is voltage_v, by its dominant end.

        rising: at the full end. Accurate to 1e-4, since the other end vanishes there and the
        slope of the plateau is small.
        """
        parameters = self.parameters
        if rising:
            flat = parameters.plateau_middle_v + 0.5 * parameters.plateau_slope_v
            return 1.0 + parameters.full_width * _widths(
                (voltage_v - flat) / parameters.full_rise_v
            )
        flat = parameters.plateau_middle_v - 0.5 * parameters.plateau_slope_v
        return -parameters.empty_width * _widths((flat - voltage_v) / parameters.empty_fall_v)

    def reach(self, temperature_c: float, duration_s: float) -> Reach:
        """Return what a step can do. Modes that have decayed in it follow their current."""
        law = self.law(temperature_c)
        tau_s = law.decays_per_s[0] and RATES[0] / law.decays_per_s[0] * self.slower
        slowest_s = float(np.max(tau_s))
        active = int(np.searchsorted(np.array(RATES) * duration_s / slowest_s, DECAYED)) or 1
        decays = np.exp(-_RATES[:active] * (duration_s / tau_s))
        gains = _WEIGHTS * (tau_s / self._capacity_uas_cm2)
        resting_modes = self._modes[:active] * decays
        leak = law.leak_per_s * self._spread.loss * duration_s
        leaked = self.stoichiometry * -np.expm1(-leak)
        moved = (gains[:active] * (1.0 - decays)).sum(axis=0) + gains[active:].sum(axis=0)
        return Reach(
            law=law,
            duration_s=duration_s,
            decays=decays,
            gains=gains,
            resting=self.stoichiometry - leaked + resting_modes.sum(axis=0),
            per_ua_cm2=moved + duration_s / self._capacity_uas_cm2,
            leaked=leaked,
        )

    def accepted(self, law: Isothermal) -> Numbers:
        """Return the share of a charging current that is stored."""
        return 1.0 - (1.0 - law.acceptance) * self._spread.loss

    def advance(self, reach: Reach, current_ua: Numbers, pulse_ua: Numbers) -> None:
        """Let a mean current pass; `pulse_ua` is that of its pulses, which strain the film."""
        law, duration_s = reach.law, reach.duration_s
        density = current_ua / self.area_cm2
        stored = np.where(density > 0.0, density * self.accepted(law), density)
        passed = stored * duration_s / self._capacity_uas_cm2
        active = len(reach.decays)
        target = reach.gains * stored
        self._modes[:active] = target[:active] + (self._modes[:active] - target[:active]) * (
            reach.decays
        )
        self._modes[active:] = target[active:]
        self.stoichiometry += passed - reach.leaked
        self.hysteresis = _hysteresis_after(self.hysteresis, passed, law.hysteresis_rate)
        hours = duration_s / _SECONDS_PER_HOUR
        capacity = self.capacity_uah
        self.lost_uah += (density - stored) * self.area_cm2 * hours + reach.leaked * capacity
        flow = np.abs(current_ua)
        self.throughput_uah += flow * hours
        formed_uah = self.parameters.capacity_uah_cm2 * self._spread.capacity * self.area_cm2
        cycles = flow * hours / (2.0 * formed_uah) * law.ageing
        ratio = pulse_ua / self.area_cm2 / self.parameters.strain_current_ua_cm2
        fourth = ratio**4
        self._new_cycles += cycles
        self._new_strained += cycles * (fourth / (1.0 + fourth))
        slower = arrhenius(self._spread.calendar_energy_ev, law.temperature_c)
        years = duration_s / SECONDS_PER_YEAR / slower
        self._calendar *= 1.0 - self._spread.calendar_fade * years

    def age(self) -> None:
        """Let the ageing since the last time take effect; the stored charge stays."""
        parameters, cycles, strained = self.parameters, self._new_cycles, self._new_strained
        open_to_strain = 1.0 - self._adaptation
        left = open_to_strain * np.exp(-strained / parameters.adaptation_cycles)
        share = np.divide(strained, cycles, out=np.zeros_like(cycles), where=cycles > 0.0)
        target = parameters.strain_most * share * 0.5 * (open_to_strain + left)
        stays = np.exp(-cycles / parameters.strain_cycles)
        self._stranded = target + (self._stranded - target) * stays
        self._adaptation = 1.0 - left
        closed = (1.0 - self._activation) * np.exp(-cycles / parameters.activation_cycles)
        self._activation = 1.0 - closed
        self.cycles = self.cycles + cycles
        self._new_cycles, self._new_strained = np.zeros_like(cycles), np.zeros_like(cycles)
        before = self.factor
        self._apply_age()
        scale = before / self.factor
        self.stoichiometry *= scale
        self._modes *= scale

    def _apply_age(self) -> None:
        parameters = self.parameters
        opened = 1.0 - (1.0 - parameters.fresh_capacity_share) * (1.0 - self._activation)
        grown = 1.0 - np.exp(-self.cycles / parameters.growth_cycles)
        fade = np.exp(-parameters.fade_per_cycle * self.cycles) * self._calendar
        cycled = opened * (1.0 - self._stranded) * (1.0 + parameters.growth_share * grown) * fade
        self.factor = self._spread.capacity * cycled
        self._capacity_uas_cm2 = parameters.capacity_uah_cm2 * _SECONDS_PER_HOUR * self.factor
        slowed = (1.0 + self.cycles / parameters.slowing_cycles) ** parameters.slowing_exponent
        self.slower = self._spread.diffusion_time * slowed


def even_spread(count: int, share_a_year: float = 0.0, energy_ev: float = 0.0) -> FilmSpread:
    """Return films that are all as their parameter set says; unused they lose a share of their
    capacity a year at 25 degC."""
    one = np.ones(count)
    return FilmSpread(one, one, one, one, np.full(count, share_a_year), energy_ev)


def mean_hysteresis(start: Numbers, passed: Numbers, rate: float) -> Numbers:
    """Return the mean of the hysteresis state over an even passage of charge, as cell/ has it."""
    turns = rate * np.abs(passed)
    few = turns < 1e-6
    shift = np.where(few, 1.0, -np.expm1(-turns) / np.where(few, 1.0, turns))
    branch = np.sign(passed)
    return np.where(passed == 0.0, start, branch + (start - branch) * shift)


def _hysteresis_after(start: Numbers, passed: Numbers, rate: float) -> Numbers:
    branch = np.sign(passed)
    left = np.exp(-rate * np.abs(passed))
    return np.where(passed == 0.0, start, branch + (start - branch) * left)


def _end(exponent: Numbers) -> Numbers:
    inner = np.exp(np.minimum(exponent, TANGENT_FROM))
    return np.where(
        exponent < TANGENT_FROM, inner, _TANGENT_HEIGHT * (1.0 + exponent - TANGENT_FROM)
    )


def _widths(share: Numbers) -> Numbers:
    """Return the exponent at which an end has this share of its height."""
    small = np.log(np.maximum(share, 1e-12))
    return np.where(small < TANGENT_FROM, small, TANGENT_FROM - 1.0 + share / _TANGENT_HEIGHT)
