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
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cycling import Capacity, Cycle, capacities, charge, cycles, discharge
from filmgauge_sim.lab.paper_samples import SAMPLES, PaperSample
from filmgauge_sim.lab.specimen import LIQUID, film, specimen
from filmgauge_sim.lab.sweep import SweepPoint, sweep
from filmgauge_sim.lab.trace import Trace

ROOM_C = 25.0
FREQUENCIES_HZ = [10.0 ** (6.0 - 0.1 * k) for k in range(81)]
SPECTRUM_CYCLES = (200, 500, 1000)
SPECTRUM_TEMPERATURES_C = (25.0, 37.0, 60.0)
RETAINED_CYCLES = 50

FILM = "pre-li"
_CHARGE_UA_CM2, _DISCHARGE_UA_CM2 = 8.0, 1.0
_REST_DAYS = [0.1 * k for k in range(101)]
_EFFICIENCY_UA_CM2 = (1.0, 2.0, 4.0, 8.0, 12.0)


@dataclass(frozen=True, slots=True)
class CyclingRun:
    """Cycles at one current, their profiles, and the age of the film after some of them."""

    cycles: list[Cycle]
    trace: Trace
    lives: dict[int, LifeState]


@dataclass(frozen=True, slots=True)
class CapacityRun:
    """Discharges under several conditions, and their profiles."""

    capacities: list[Capacity]
    trace: Trace


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
    """The results of every published test, simulated; by the name of the sample where several."""

    samples: dict[str, PaperSample]
    runs: dict[str, CyclingRun]
    capacities: dict[str, CapacityRun]
    # Discharges of RETAINED_CYCLES at a temperature, uAh/cm2.
    retained: dict[float, list[float]]
    sweeps: dict[str, list[SweepPoint]]
    spectra_cycles: dict[int, list[complex]]
    spectra_temperature: dict[float, list[complex]]
    diffusion_per_s: dict[int, float]  # over thickness squared, read off those spectra
    comparison: dict[str, CellComparison]


def cycled(sample: PaperSample) -> CyclingRun:
    """Run all cycles of a sample."""
    cell, trace = sample.make(), Trace()
    run = CyclingRun([], trace, {})
    channel = Channel(cell, ROOM_C, trace if sample.profiles else None)
    for cycle in cycles(channel, sample.current_ua_cm2, sample.cycles):
        run.cycles.append(cycle)
        if cycle.number in SPECTRUM_CYCLES and cell.life is not None:
            run.lives[cycle.number] = cell.life
    return run


def simulate(
    progress: Callable[[str], None] = lambda text: None,
    physics: str = "linear",
    run_cycles: Callable[[PaperSample], CyclingRun] = cycled,
) -> PaperResults:
    """Run every published test on films of a physics; takes some seconds. ``progress`` gets what
    is next; ``run_cycles`` runs those of a sample."""
    runs: dict[str, CyclingRun] = {}
    tests: dict[str, CapacityRun] = {}
    samples = {name: sample.of(physics) for name, sample in SAMPLES.items()}
    for name, sample in samples.items():
        if sample.cycles:
            progress(name)
            runs[name] = run_cycles(sample)
        elif sample.conditions:
            progress(name)
            tests[name] = _discharged(sample)
    progress("sweeps and spectra")
    lives = runs["pre-li 3000"].lives
    return PaperResults(
        samples,
        runs,
        tests,
        {degc: _retained(samples["pre-li temperature"], degc) for degc in (37.0, 60.0)},
        {
            name: list(sweep(samples[name].make(), ROOM_C, cycles=count, step_mv=2.0))
            for name, count in (("pre-li sweep", 3), ("evp-li sweep", 2))
        },
        {n: _spectrum(life, ROOM_C) for n, life in lives.items()},
        {degc: _spectrum(None, degc) for degc in SPECTRUM_TEMPERATURES_C},
        {n: _diffusion_per_s(life) for n, life in lives.items()},
        {name: _compared(name) for name in (FILM, LIQUID)},
    )


def _discharged(sample: PaperSample) -> CapacityRun:
    channel, trace, conditions = Channel(sample.make(), ROOM_C), Trace(), sample.conditions
    early: list[Capacity] = []
    if sample.early_cycles:
        early = list(capacities(channel, conditions[:1]))
        for _ in cycles(channel, conditions[0][0], sample.early_cycles - 1):
            pass
        conditions = conditions[1:]
    channel.trace = trace if sample.profiles else None
    return CapacityRun(early + list(capacities(channel, conditions)), trace)


def _retained(sample: PaperSample, temperature_c: float) -> list[float]:
    channel = Channel(sample.make(), temperature_c)
    run = cycles(channel, sample.current_ua_cm2, RETAINED_CYCLES)
    return [cycle.discharge_uah_cm2 for cycle in run]


def _spectrum(life: LifeState | None, temperature_c: float) -> list[complex]:
    cell = film(FILM, stoichiometry=0.5, life=life)
    return impedance_ohm_cm2(cell, temperature_c, FREQUENCIES_HZ)


def _diffusion_per_s(life: LifeState) -> float:
    sigma = warburg_ohm_cm2(FREQUENCIES_HZ, _spectrum(life, ROOM_C))
    slope = titrated_slope_v_cm2_as(film(FILM, stoichiometry=0.5, life=life))
    return diffusion_per_s(slope, sigma)


def _compared(name: str) -> CellComparison:
    trace = Trace()
    channel = Channel(specimen(name, stoichiometry=0.0), ROOM_C, trace)
    charge(channel, _CHARGE_UA_CM2)
    discharge(channel, _DISCHARGE_UA_CM2)
    efficiency = [(current, _efficiency_pct(name, current)) for current in _EFFICIENCY_UA_CM2]
    return CellComparison(trace, _stored_pct(name), efficiency)


def _stored_pct(name: str) -> list[tuple[float, float]]:
    cell, days = specimen(name), 0.0
    stored: list[tuple[float, float]] = []
    for until in _REST_DAYS:
        cell.advance(0.0, ROOM_C, 86400.0 * (until - days))
        days = until
        stored.append((days, 100.0 * cell.stoichiometry))
    return stored


def _efficiency_pct(name: str, current_ua_cm2: float) -> float:
    """That of the second cycle; the first begins with an empty cell."""
    *_, last = cycles(Channel(specimen(name, stoichiometry=0.0), ROOM_C), current_ua_cm2, 2)
    assert last.coulombic_efficiency_pct is not None
    return last.coulombic_efficiency_pct
