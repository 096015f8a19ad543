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
from filmgauge_sim.lab.capacity import Capacity, over_current, over_temperature
from filmgauge_sim.lab.comparison import OneCell, compare
from filmgauge_sim.lab.cycling import Cycle, cycles
from filmgauge_sim.lab.paper_samples import RateTest, Sample
from filmgauge_sim.lab.specimen import film
from filmgauge_sim.lab.sweep import SweepPoint, sweep
from filmgauge_sim.lab.trace import Trace

ROOM_C = 25.0
FREQUENCIES_HZ = [10.0 ** (6.0 - 0.1 * k) for k in range(81)]
SPECTRUM_CYCLES = (200, 500, 1000)
SPECTRUM_TEMPERATURES_C = (25.0, 37.0, 60.0)

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
class Published:
    """The results of every published test, simulated."""

    first_pre: FirstCycles
    first_evp: FirstCycles
    rate_pre: list[Capacity]
    rate_evp: list[Capacity]
    rate_trace: Trace
    temperatures: list[Capacity]
    temperature_trace: Trace
    kept_share: dict[float, float]  # after 50 cycles at a temperature
    pre_300: LongRun
    pre_3000: LongRun
    evp_500: LongRun
    sweep: list[SweepPoint]
    sweep_evp: list[SweepPoint]
    spectra_cycles: dict[int, list[complex]]
    spectra_temperature: dict[float, list[complex]]
    diffusion_per_s: dict[int, float]  # over thickness squared, read off those spectra
    comparison: dict[str, OneCell]


def measure(progress: Progress = lambda text: None) -> Published:
    """Run every published test; takes about a minute. ``progress`` is told what is next."""
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
        over_temperature(
            samples.TEMPERATURE.make(),
            (25.0, 37.0, 60.0),
            samples.TEMPERATURE.current_ua_cm2,
            temperature_trace,
        )
    )
    kept = {degc: _kept_share(samples.TEMPERATURE, degc, 50) for degc in (37.0, 60.0)}
    progress("300 cycles")
    pre_300 = _long(samples.PRE_300, 300)
    progress("500 cycles")
    evp_500 = _long(samples.EVP_500, 500)
    progress("3000 cycles")
    pre_3000 = _long(samples.PRE_3000, 3000)
    progress("sweeps and spectra")
    swept = list(sweep(samples.SWEEP.make(), ROOM_C, step_mv=2.0))
    swept_evp = list(sweep(samples.SWEEP_EVP.make(), ROOM_C, cycles=2, step_mv=2.0))
    return Published(
        first_pre,
        first_evp,
        rate_pre,
        rate_evp,
        rate_trace,
        temperatures,
        temperature_trace,
        kept,
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


def _first(sample: Sample, count: int) -> FirstCycles:
    trace = Trace()
    done = cycles(sample.make(), sample.current_ua_cm2, ROOM_C, count, trace=lambda number: trace)
    return FirstCycles(list(done), trace)


def _rate(test: RateTest, trace: Trace | None) -> list[Capacity]:
    cell = test.sample.make()
    first, rest = test.points[0][0], [current for current, _ in test.points]
    noted: list[Capacity] = []
    if test.early_cycles:
        noted = list(over_current(cell, rest[:1], ROOM_C))
        for _ in cycles(cell, first, ROOM_C, test.early_cycles - 1):
            pass
        rest = rest[1:]
    return noted + list(over_current(cell, rest, ROOM_C, trace))


def _kept_share(sample: Sample, temperature_c: float, count: int) -> float:
    done = list(cycles(sample.make(), sample.current_ua_cm2, temperature_c, count))
    return done[-1].discharge_uah_cm2 / done[0].discharge_uah_cm2


def _long(sample: Sample, count: int) -> LongRun:
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
