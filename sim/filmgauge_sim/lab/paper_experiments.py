"""The published tests, run on their samples: everything that table and figures need."""

from collections.abc import Callable
from dataclasses import dataclass

from filmgauge_sim.cell import LifeState
from filmgauge_sim.cell.impedance import (
    diffusion_per_s,
    impedance_ohm_cm2,
    titrated_slope_v_cm2_as,
    warburg_ohm_cm2,
)
from filmgauge_sim.lab import paper_samples as samples
from filmgauge_sim.lab.cycling import (
    Capacity,
    Cycle,
    capacities,
    charge,
    cycles,
    discharge,
)
from filmgauge_sim.lab.paper_samples import PaperSample, RateTest
from filmgauge_sim.lab.specimen import LIQUID, film, specimen
from filmgauge_sim.lab.sweep import SweepPoint, sweep
from filmgauge_sim.lab.trace import Trace

ROOM_C = 25.0
FREQUENCIES_HZ = [10.0 ** (6.0 - 0.1 * k) for k in range(81)]
SPECTRUM_CYCLES = (200, 500, 1000)
SPECTRUM_TEMPERATURES_C = (25.0, 37.0, 60.0)

FILM = "pre-li"
_CHARGE_UA_CM2, _DISCHARGE_UA_CM2 = 8.0, 1.0
_REST_DAYS = [0.1 * k for k in range(101)]
_EFFICIENCY_UA_CM2 = (1.0, 2.0, 4.0, 8.0, 12.0)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FirstCycles:
    """The first cycles of a film as built, with their profiles."""

    cycles: list[Cycle]
    trace: Trace


@dataclass(frozen=True, slots=True)
class LongRun:
    """Many cycles at one current, and the age of the film after some of them."""

    cycles: list[Cycle]
    lives: dict[int, LifeState]


@dataclass(frozen=True, slots=True)
class CellComparison:
    """One of the two, the solid film or the liquid cell.

    stored: (days at rest, stored %). efficiency: (uA/cm2, coulombic efficiency %).
    """

    profiles: Trace
    stored: list[tuple[float, float]]
    efficiency: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class PaperResults:
    """The results of every published test, simulated."""

    first_pre: FirstCycles
    first_evp: FirstCycles
    rate_pre: list[Capacity]
    rate_evp: list[Capacity]
    rate_trace: Trace
    temperatures: list[Capacity]
    temperature_trace: Trace
    retained_share: dict[float, float]  # after 50 cycles at a temperature
    pre_300: LongRun
    pre_3000: LongRun
    evp_500: LongRun
    sweep: list[SweepPoint]
    sweep_evp: list[SweepPoint]
    spectra_cycles: dict[int, list[complex]]
    spectra_temperature: dict[float, list[complex]]
    diffusion_per_s: dict[int, float]  # over thickness squared, read off those spectra
    comparison: dict[str, CellComparison]


def simulate(progress: Progress = lambda text: None) -> PaperResults:
    """Run every published test; takes about a minute. ``progress`` gets what is next."""
    progress("first cycles")
    first_pre = _first(samples.PRE_FIRST, 5)
    first_evp = _first(samples.EVP_FIRST, 5)
    progress("rate tests")
    rate_trace = Trace()
    rate_pre = _rate(samples.PRE_RATE, None)
    rate_evp = _rate(samples.EVP_RATE, rate_trace)
    progress("temperature")
    temperature_trace = Trace()
    temperatures = list(
        capacities(
            samples.TEMPERATURE.make(),
            [(samples.TEMPERATURE.current_ua_cm2, degc) for degc in (25.0, 37.0, 60.0)],
            temperature_trace,
        )
    )
    retained = {degc: _retained_share(samples.TEMPERATURE, degc, 50) for degc in (37.0, 60.0)}
    progress("300 cycles")
    pre_300 = _long(samples.PRE_300, 300)
    progress("500 cycles")
    evp_500 = _long(samples.EVP_500, 500)
    progress("3000 cycles")
    pre_3000 = _long(samples.PRE_3000, 3000)
    progress("sweeps and spectra")
    swept = list(sweep(samples.SWEEP.make(), ROOM_C, step_mv=2.0))
    swept_evp = list(sweep(samples.SWEEP_EVP.make(), ROOM_C, cycles=2, step_mv=2.0))
    return PaperResults(
        first_pre,
        first_evp,
        rate_pre,
        rate_evp,
        rate_trace,
        temperatures,
        temperature_trace,
        retained,
        pre_300,
        pre_3000,
        evp_500,
        swept,
        swept_evp,
        {n: _spectrum(pre_3000.lives[n], ROOM_C) for n in SPECTRUM_CYCLES},
        {degc: _spectrum(None, degc) for degc in SPECTRUM_TEMPERATURES_C},
        {n: _diffusion_per_s(pre_3000.lives[n]) for n in SPECTRUM_CYCLES},
        compare(),
    )


def _first(sample: PaperSample, count: int) -> FirstCycles:
    trace = Trace()
    done = cycles(sample.make(), sample.current_ua_cm2, ROOM_C, count, trace=lambda number: trace)
    return FirstCycles(list(done), trace)


def _rate(test: RateTest, trace: Trace | None) -> list[Capacity]:
    cell = test.sample.make()
    first, rest = test.points[0][0], [(current, ROOM_C) for current, _ in test.points]
    early: list[Capacity] = []
    if test.early_cycles:
        early = list(capacities(cell, rest[:1]))
        for _ in cycles(cell, first, ROOM_C, test.early_cycles - 1):
            pass
        rest = rest[1:]
    return early + list(capacities(cell, rest, trace))


def _retained_share(sample: PaperSample, temperature_c: float, count: int) -> float:
    done = list(cycles(sample.make(), sample.current_ua_cm2, temperature_c, count))
    return done[-1].discharge_uah_cm2 / done[0].discharge_uah_cm2


def _long(sample: PaperSample, count: int) -> LongRun:
    cell = sample.make()
    done: list[Cycle] = []
    lives: dict[int, LifeState] = {}
    for cycle in cycles(cell, sample.current_ua_cm2, ROOM_C, count):
        done.append(cycle)
        if cycle.number in SPECTRUM_CYCLES and cell.life is not None:
            lives[cycle.number] = cell.life
    return LongRun(done, lives)


def _spectrum(life: LifeState | None, temperature_c: float) -> list[complex]:
    cell = film("pre-li", stoichiometry=0.5, life=life)
    return impedance_ohm_cm2(cell, temperature_c, FREQUENCIES_HZ)


def _diffusion_per_s(life: LifeState) -> float:
    sigma = warburg_ohm_cm2(FREQUENCIES_HZ, _spectrum(life, ROOM_C))
    slope = titrated_slope_v_cm2_as(film("pre-li", stoichiometry=0.5, life=life))
    return diffusion_per_s(slope, sigma)


def compare() -> dict[str, CellComparison]:
    """Both cells by the name of their set."""
    return {name: _one(name) for name in (FILM, LIQUID)}


def _one(name: str) -> CellComparison:
    cell, trace = specimen(name, stoichiometry=0.0), Trace()
    charge(cell, _CHARGE_UA_CM2, ROOM_C, trace=trace)
    discharge(cell, _DISCHARGE_UA_CM2, ROOM_C, trace=trace)
    return CellComparison(
        trace, _stored(name), [(i, _efficiency(name, i)) for i in _EFFICIENCY_UA_CM2]
    )


def _stored(name: str) -> list[tuple[float, float]]:
    cell, days = specimen(name), 0.0
    found: list[tuple[float, float]] = []
    for until in _REST_DAYS:
        cell.advance(0.0, ROOM_C, 86400.0 * (until - days))
        days = until
        found.append((days, 100.0 * cell.stoichiometry))
    return found


def _efficiency(name: str, current_ua_cm2: float) -> float:
    """That of the second cycle; the first begins with an empty cell."""
    cell = specimen(name, stoichiometry=0.0)
    *_, last = cycles(cell, current_ua_cm2, ROOM_C, 2)
    return last.coulombic_efficiency_pct
