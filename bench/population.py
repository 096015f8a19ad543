"""A thousand different cells for a day: the physics of FilmCell over arrays, a cell an entry.

A step costs the same few array operations for any number of cells, and what depends on
temperature or duration alone is computed when these change.
"""

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.circuit import BURST_S, BURSTS, PERIOD_S
from bench.figures import Figure
from filmgauge_sim.cell import CellParameters, load_parameters
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.open_circuit import TANGENT_FROM
from filmgauge_sim.cell.self_discharge import SERIES_BELOW

_CELLS, _BEST_OF, _BOUND_S = 1000, 5, 0.5
_BURST_UA_CM2, _SLEEP_UA_CM2, _WARMTH_C = -12.5, -0.15, 25.0
Floats = NDArray[np.float64]


class CellPopulation:
    """Formed film cells at rest and uniform, which do not age; see FilmCell for the quantities.

    Stoichiometry, hysteresis, current density (uA/cm2, positive charges) and temperature (degC)
    are one number for all or one a cell. What FilmCell refuses is not refused here.
    """

    def __init__(
        self,
        parameters: Sequence[CellParameters],
        stoichiometry: ArrayLike = 1.0,
        hysteresis: ArrayLike = 1.0,
    ) -> None:
        self._parameters = parameters
        count = len(parameters)
        self.stoichiometry: Floats = np.broadcast_to(stoichiometry, count).astype(float)
        self.hysteresis: Floats = np.broadcast_to(hysteresis, count).astype(float)
        self._law = _Law(parameters, 25.0)
        self._modes = np.zeros_like(self._law.gains)

    @property
    def surface_stoichiometry(self) -> Floats:
        """Stoichiometry at the electrolyte of each cell."""
        return self.stoichiometry + self._modes.sum(axis=0)

    def advance(
        self, current_ua_cm2: ArrayLike, temperature_c: ArrayLike, duration_s: float
    ) -> None:
        """Let constant currents and temperatures act for duration_s; exact for any duration."""
        law, current = self._law_at(temperature_c), np.asarray(current_ua_cm2)
        decayed, leaked, lag = law.decays(duration_s)
        inflow = np.where(current > 0.0, current * law.acceptance, current)
        self._modes += (self._modes - law.gains * inflow) * decayed
        passed = inflow * duration_s * law.per_uas_cm2
        self.stoichiometry += passed - (passed * lag - self.stoichiometry * leaked)
        branch = np.sign(passed)
        left = np.exp(-law.hysteresis_rate * np.abs(passed))
        turned = branch + (self.hysteresis - branch) * left
        self.hysteresis = np.where(passed == 0.0, self.hysteresis, turned)

    def voltage_v(self, current_ua_cm2: ArrayLike, temperature_c: ArrayLike) -> Floats:
        """Terminal voltage of each cell at this instant under the given currents, volts."""
        law, current = self._law_at(temperature_c), np.asarray(current_ua_cm2)
        resting_v = law.open_circuit_v(self.surface_stoichiometry) + law.static_v * self.hysteresis
        reaction_v = law.two_thermal_v * np.arcsinh(current * law.half_per_exchange)
        return resting_v + (current * law.megohm_cm2 + reaction_v)

    def _law_at(self, temperature_c: ArrayLike) -> "_Law":
        if not np.array_equal(temperature_c, self._law.temperature_c):
            self._law = _Law(self._parameters, temperature_c)
        return self._law


class _Law:
    """The numbers of Isothermal and of the open-circuit curve, a cell an entry."""

    def __init__(self, films: Sequence[CellParameters], temperature_c: ArrayLike) -> None:
        self.temperature_c = temperature_c
        each_c = np.broadcast_to(temperature_c, len(films))
        laws = [Isothermal(film, degc) for film, degc in zip(films, each_c, strict=True)]

        def of_laws(name: str) -> Floats:
            return np.array([getattr(law, name) for law in laws])

        def of_films(name: str) -> Floats:
            return np.array([getattr(film, name) for film in films])

        self.gains, self._decays_per_s = of_laws("gains").T, of_laws("decays_per_s").T
        self._leak_per_s = of_laws("leak_per_s")
        self.acceptance, self.per_uas_cm2 = of_laws("acceptance"), of_laws("per_uas_cm2")
        self.hysteresis_rate, self.static_v = of_laws("hysteresis_rate"), of_laws("static_v")
        polarisations = [law.polarisation for law in laws]
        self.two_thermal_v = np.array([each.two_thermal_v for each in polarisations])
        self.half_per_exchange = np.array([each.half_per_exchange for each in polarisations])
        self.megohm_cm2 = np.array([each.megohm_cm2 for each in polarisations])
        self._slope_v = of_films("plateau_slope_v")
        self._offset_v = of_films("plateau_middle_v") - 0.5 * self._slope_v
        self._fall_v, self._empty_rate = of_films("empty_fall_v"), 1.0 / of_films("empty_width")
        self._rise_v, self._full_rate = of_films("full_rise_v"), 1.0 / of_films("full_width")
        self._decays: dict[float, tuple[Floats, Floats, Floats]] = {}

    def decays(self, duration_s: float) -> tuple[Floats, Floats, Floats]:
        """expm1 of the decay of every mode and of what is stored, and the lag of the leak."""
        if duration_s not in self._decays:
            decays = self._leak_per_s * duration_s
            leaked = np.expm1(-decays)
            series = 0.5 * decays * (1.0 - decays / 3.0 * (1.0 - 0.25 * decays))
            closed = 1.0 + leaked / np.where(decays > 0.0, decays, 1.0)
            lag = np.where(decays < SERIES_BELOW, series, closed)
            self._decays[duration_s] = np.expm1(-self._decays_per_s * duration_s), leaked, lag
        return self._decays[duration_s]

    def open_circuit_v(self, surface: Floats) -> Floats:
        """U of open_circuit.py at each surface stoichiometry."""
        below = _end(-surface * self._empty_rate)
        above = _end((surface - 1.0) * self._full_rate)
        flat = self._offset_v + self._slope_v * surface
        return flat - self._fall_v * below + self._rise_v * above


def _end(exponent: Floats) -> Floats:
    """An end of the curve: exponential, and from TANGENT_FROM on its tangent."""
    inside = np.exp(np.minimum(exponent, TANGENT_FROM))
    return inside * (1.0 + np.maximum(exponent - TANGENT_FROM, 0.0))


def report() -> Iterator[Figure]:
    """Yield the best time and the spread that it finds."""
    kind = load_parameters("evp-li")
    cells = [kind.drawn(seed) for seed in range(_CELLS)]
    seconds, lowest_v = [], np.zeros(0)
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


def _lowest_v(cells: list[CellParameters]) -> Floats:
    """The voltage of every cell at the end of the last burst."""
    many = CellPopulation(cells, 0.9)
    voltages = many.voltage_v(_BURST_UA_CM2, _WARMTH_C)
    for _ in range(BURSTS):
        many.advance(_BURST_UA_CM2, _WARMTH_C, BURST_S)
        voltages = many.voltage_v(_BURST_UA_CM2, _WARMTH_C)
        many.advance(_SLEEP_UA_CM2, _WARMTH_C, PERIOD_S - BURST_S)
        many.voltage_v(_SLEEP_UA_CM2, _WARMTH_C)
    return voltages
