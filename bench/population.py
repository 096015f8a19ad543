"""A thousand different cells for a day: the physics of FilmCell over arrays, a cell an entry.

Every cell has parameters of its own; current, temperature and area are one number for all or one
for each. Formed films that do not age. A step costs the same few array operations for any number
of cells, and what depends on temperature or duration alone is cached until these change.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.circuit import BURST_S, BURSTS, PERIOD_S
from bench.figures import Figure
from filmgauge_sim.cell import CellParameters, load_parameters
from filmgauge_sim.cell.diffusion import RATES, WEIGHTS
from filmgauge_sim.cell.film import LONGEST_S, MOST_UA_CM2
from filmgauge_sim.cell.isothermal import HIGHEST_C, LOWEST_C, SECONDS_PER_YEAR
from filmgauge_sim.cell.kinetics import (
    arrhenius_exponent,
    exchange_current_ua_cm2,
    static_hysteresis_v,
    two_thermal_v,
)
from filmgauge_sim.cell.open_circuit import TANGENT_FROM
from filmgauge_sim.cell.self_discharge import SERIES_BELOW

_CELLS, _BEST_OF, _BOUND_S = 1000, 5, 0.5
_AREA_CM2, _BURST_UA, _SLEEP_UA, _WARMTH_C = 20.0, -250.0, -3.0, 25.0
Floats = NDArray[np.float64]
_CACHED_STEPS = 8  # durations whose decays are cached
_SECONDS_PER_HOUR = 3600.0


class CellPopulation:
    """Film cells at rest and uniform, formed, not ageing; see FilmCell for the quantities.

    ``area_cm2``, ``stoichiometry`` and ``hysteresis`` are shared or one a cell.
    Raises ValueError when there is no cell, a length does not fit or a number is out of bounds.
    """

    def __init__(
        self,
        parameters: Sequence[CellParameters],
        area_cm2: ArrayLike = 1.0,
        stoichiometry: ArrayLike = 1.0,
        *,
        hysteresis: ArrayLike = 1.0,
    ) -> None:
        if not parameters:
            raise ValueError("parameters must hold at least one cell.")
        self._size = len(parameters)
        self._area_cm2 = self._each("area_cm2", area_cm2, 1e-6, 1e6)
        self._most_ua = MOST_UA_CM2 * float(self._area_cm2.min())
        self._mean = self._each("stoichiometry", stoichiometry, 0.0, 1.0)
        self._hysteresis = self._each("hysteresis", hysteresis, -1.0, 1.0)
        self._modes = np.zeros((len(RATES), self._size))
        self._change = np.empty_like(self._modes)
        self._lost_uas_cm2 = np.zeros(self._size)
        self._films = _Films(parameters)
        self._law = _Law(self._films, np.array(25.0))

    def __len__(self) -> int:
        return self._size

    @property
    def capacity_uah(self) -> Floats:
        """Charge between stoichiometry 0 and 1 of each cell, uAh."""
        return self._films.capacity_uas_cm2 / _SECONDS_PER_HOUR * self._area_cm2

    @property
    def lost_uah(self) -> Floats:
        """Charge lost to side reactions and self-discharge by each cell, uAh."""
        return self._lost_uas_cm2 / _SECONDS_PER_HOUR * self._area_cm2

    @property
    def stoichiometry(self) -> Floats:
        """Mean stoichiometry of each cell."""
        return self._mean.copy()

    @property
    def surface_stoichiometry(self) -> Floats:
        """Stoichiometry at the electrolyte of each cell."""
        return self._mean + self._modes.sum(axis=0)

    @property
    def hysteresis(self) -> Floats:
        """Branch of each cell: 1 reached by charging, -1 by discharging."""
        return self._hysteresis.copy()

    def advance(self, current_ua: ArrayLike, temperature_c: ArrayLike, duration_s: float) -> None:
        """Let constant currents and temperatures act for duration_s; exact for any duration.

        Currents are those of whole cells, positive charges. Raises ValueError, changing nothing,
        when an argument breaks the bounds of ``FilmCell.advance``.
        """
        law, current = self._law_at(temperature_c), self._areal(current_ua)
        if not 0.0 <= duration_s <= LONGEST_S:
            raise ValueError(f"duration_s must be from 0 to {LONGEST_S:g}, not {duration_s!r}.")
        films = self._films
        inflow = np.where(current > 0.0, current * films.acceptance, current)
        step = law.step(duration_s)
        # In place, without new arrays; in the order of FilmCell, so that both agree to rounding.
        change = np.multiply(law.gains, inflow, out=self._change)
        np.subtract(self._modes, change, out=change)
        change *= step.decayed
        self._modes += change
        passed = inflow * duration_s * films.per_uas_cm2
        leak = passed * step.lag - self._mean * step.leaked
        self._mean += passed - leak
        self._lost_uas_cm2 += (current - inflow) * duration_s + leak * films.capacity_uas_cm2
        branch = np.sign(passed)
        left = np.exp(-films.hysteresis_rate * np.abs(passed))
        turned = branch + (self._hysteresis - branch) * left
        self._hysteresis = np.where(passed == 0.0, self._hysteresis, turned)

    def voltage_v(self, current_ua: ArrayLike, temperature_c: ArrayLike) -> Floats:
        """Terminal voltage of each cell at this instant under the given currents, volts."""
        law, current = self._law_at(temperature_c), self._areal(current_ua)
        films = self._films
        resting = films.open_circuit_v(self.surface_stoichiometry)
        resting += films.static_v * self._hysteresis
        reaction = law.two_thermal_v * np.arcsinh(current * law.half_per_exchange)
        return resting + (current * law.megohm_cm2 + reaction)

    def _law_at(self, temperature_c: ArrayLike) -> "_Law":
        temperatures = self._array("temperature_c", temperature_c, LOWEST_C, HIGHEST_C)
        if not np.array_equal(temperatures, self._law.temperature_c):
            self._law = _Law(self._films, temperatures)
        return self._law

    def _areal(self, current_ua: ArrayLike) -> Floats:
        return (
            self._array("current_ua", current_ua, -self._most_ua, self._most_ua) / self._area_cm2
        )

    def _each(self, name: str, value: ArrayLike, low: float, high: float) -> Floats:
        """One number a cell. Raises ValueError naming the argument."""
        given = self._array(name, value, low, high)
        return np.array(np.broadcast_to(given, (self._size,)))

    def _array(self, name: str, value: ArrayLike, low: float, high: float) -> Floats:
        """A shared number or one a cell. Raises ValueError naming the argument."""
        given = np.array(value, dtype=np.float64)
        if given.shape not in ((), (self._size,)):
            raise ValueError(f"{name} must be one number or {self._size}, not {given.shape}.")
        # Not a number fails the comparison.
        if not (low <= given.min() and given.max() <= high):
            raise ValueError(f"{name} must be from {low:g} to {high:g} for every cell.")
        return given


class _Films:
    """What belongs to each film whatever its temperature, one entry a cell."""

    def __init__(self, parameters: Sequence[CellParameters]) -> None:
        def each(name: str) -> Floats:
            return np.array([getattr(film, name) for film in parameters], dtype=np.float64)

        self.tau_s = each("diffusion_time_h") * _SECONDS_PER_HOUR
        self.diffusion_ev = each("diffusion_activation_energy_ev")
        self.lipon_ohm_cm2 = each("lipon_resistance_ohm_cm2")
        self.lipon_ev = each("lipon_activation_energy_ev")
        self.contact_ohm_cm2 = each("contact_resistance_ohm_cm2")
        self.interface_ev = each("interface_activation_energy_ev")
        self.exchange_ua_cm2 = np.array([exchange_current_ua_cm2(film) for film in parameters])
        self.leak_per_s = each("self_discharge_per_year") / SECONDS_PER_YEAR
        self.leak_ev = each("self_discharge_activation_energy_ev")
        self.capacity_uas_cm2 = each("capacity_uah_cm2") * _SECONDS_PER_HOUR
        self.per_uas_cm2 = 1.0 / self.capacity_uas_cm2
        self.acceptance = each("charge_acceptance")
        self.hysteresis_rate = each("hysteresis_rate")
        self.static_v = np.array([static_hysteresis_v(film) for film in parameters])
        self._slope_v = each("plateau_slope_v")
        self._offset_v = each("plateau_middle_v") - 0.5 * self._slope_v
        self._fall_v, self._empty_rate = each("empty_fall_v"), 1.0 / each("empty_width")
        self._rise_v, self._full_rate = each("full_rise_v"), 1.0 / each("full_width")

    def open_circuit_v(self, surface: Floats) -> Floats:
        """U of open_circuit.py at each surface stoichiometry."""
        below = _end(-surface * self._empty_rate)
        above = _end((surface - 1.0) * self._full_rate)
        flat = self._offset_v + self._slope_v * surface
        return flat - self._fall_v * below + self._rise_v * above


class _Decays:
    """What depends on a law and a duration alone."""

    def __init__(self, law: "_Law", duration_s: float) -> None:
        self.decayed = np.expm1(-law.decays_per_s * duration_s)
        decays = law.leak_per_s * duration_s
        self.leaked = np.expm1(-decays)
        series = 0.5 * decays * (1.0 - decays / 3.0 * (1.0 - 0.25 * decays))
        closed = 1.0 + self.leaked / np.where(decays > 0.0, decays, 1.0)
        self.lag = np.where(decays < SERIES_BELOW, series, closed)


class _Law:
    """Rates, gains and resistances of every cell at its temperature."""

    def __init__(self, films: _Films, temperature_c: Any) -> None:
        def slower(energy_ev: Any) -> Floats:
            return np.exp(arrhenius_exponent(energy_ev, temperature_c))

        self.temperature_c = temperature_c
        tau_s = films.tau_s * slower(films.diffusion_ev)
        self.decays_per_s = np.array(RATES)[:, None] / tau_s
        self.gains = np.array(WEIGHTS)[:, None] * tau_s / films.capacity_uas_cm2
        self.leak_per_s = films.leak_per_s / slower(films.leak_ev)
        interface = slower(films.interface_ev)
        self.megohm_cm2 = 1e-6 * (
            films.lipon_ohm_cm2 * slower(films.lipon_ev) + films.contact_ohm_cm2 * interface
        )
        self.half_per_exchange = 0.5 * interface / films.exchange_ua_cm2
        self.two_thermal_v = two_thermal_v(temperature_c)
        self._steps: dict[float, _Decays] = {}

    def step(self, duration_s: float) -> _Decays:
        """The decays over a duration; the last few are cached."""
        found = self._steps.get(duration_s)
        if found is None:
            if len(self._steps) >= _CACHED_STEPS:
                del self._steps[next(iter(self._steps))]
            found = self._steps[duration_s] = _Decays(self, duration_s)
        return found


def _end(exponent: Floats) -> Floats:
    """An end of the curve: exponential, and from TANGENT_FROM on its tangent."""
    inside = np.exp(np.minimum(exponent, TANGENT_FROM))
    return inside * (1.0 + np.maximum(exponent - TANGENT_FROM, 0.0))


def report() -> Iterator[Figure]:
    """Yield the best time and the spread that it finds."""
    kind = load_parameters("evp-li")
    cells = [kind.drawn(seed) for seed in range(_CELLS)]
    seconds, lowest_v = [], []
    for _ in range(_BEST_OF):
        began_s = time.perf_counter()
        lowest_v = _lowest_v(cells)
        seconds.append(time.perf_counter() - began_s)
    yield Figure(
        f"{_CELLS} different cells, 24 h, {2 * BURSTS} loads, numpy",
        f"{1e3 * min(seconds):.0f} ms; lowest voltage in a burst"
        f" {min(lowest_v):.3f} to {max(lowest_v):.3f} V",
        f"{1e3 * _BOUND_S:.0f} ms",
    )


def _lowest_v(cells: list[CellParameters]) -> list[float]:
    """The voltage of every cell at the end of the last burst."""
    many = CellPopulation(cells, _AREA_CM2, 0.9)
    voltages = many.voltage_v(_BURST_UA, _WARMTH_C)
    for _ in range(BURSTS):
        many.advance(_BURST_UA, _WARMTH_C, BURST_S)
        voltages = many.voltage_v(_BURST_UA, _WARMTH_C)
        many.advance(_SLEEP_UA, _WARMTH_C, PERIOD_S - BURST_S)
        many.voltage_v(_SLEEP_UA, _WARMTH_C)
    return voltages.tolist()
