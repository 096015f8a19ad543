"""The table of the published figures: published, simulated, error, bound, and what was fitted.

Source of every published figure: Nano-Micro Lett. 15:73 (2023), doi 10.1007/s40820-023-01064-y.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.kinetics import charge_transfer_ohm_cm2, lipon_resistance_ohm_cm2
from filmgauge_sim.lab import paper_samples as samples
from filmgauge_sim.lab.cycling import Capacity, plateau_v
from filmgauge_sim.lab.figures import half_cycles
from filmgauge_sim.lab.paper_experiments import FILM, ROOM_C, SPECTRUM_CYCLES, PaperResults
from filmgauge_sim.lab.paper_samples import RateTest
from filmgauge_sim.lab.specimen import LIQUID
from filmgauge_sim.lab.sweep import SweepPoint, peaks
from filmgauge_sim.lab.trace import Trace

# Apparent diffusion coefficients after these cycles, cm2/s; only their ratios mean anything.
_DIFFUSION = dict(zip(SPECTRUM_CYCLES, (3.04e-20, 2.79e-20, 2.63e-20), strict=True))
_RATE_RMS = 0.25


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One published figure. ``published`` None: only an order is published, see ``bound``."""

    figure: str
    unit: str
    published: float | None
    simulated: float
    low: float
    high: float
    fitted: bool
    state: str

    @property
    def error(self) -> float | None:
        """Simulated minus published."""
        return None if self.published is None else self.simulated - self.published

    @property
    def holds(self) -> bool:
        """Whether the simulated figure lies within its bound."""
        return self.low <= self.simulated <= self.high


def published_figures(results: PaperResults) -> list[PublishedFigure]:
    """One row for every figure."""
    return [
        *_rate_rows(results),
        *_temperature_rows(results),
        *_voltage_rows(results),
        *_first_cycle_rows(results),
        *_ageing_rows(results),
        *_impedance_rows(results),
        *_liquid_rows(results),
    ]


def _row(
    figure: str,
    unit: str,
    published: float,
    simulated: float,
    bound: float,
    *,
    fitted: bool,
    state: str,
) -> PublishedFigure:
    low, high = published - bound, published + bound
    return PublishedFigure(figure, unit, published, simulated, low, high, fitted, state)


def _order(
    figure: str, unit: str, simulated: float, low: float, high: float, remark: str
) -> PublishedFigure:
    """What the paper says in words; the bound is what the words are taken for."""
    return PublishedFigure(figure, unit, None, simulated, low, high, False, remark)


def _rate_rows(results: PaperResults) -> Iterator[PublishedFigure]:
    errors: list[float] = []
    for test, done in ((samples.PRE_RATE, results.rate_pre), (samples.EVP_RATE, results.rate_evp)):
        for point, row in _rate_points(test, done):
            # Ten points: the first of Evp-Li is noted twice, before and after five cycles.
            if not (test.early_cycles and point == 0):
                errors.append(row.error or 0.0)
            yield row
    rms = sqrt(sum(error * error for error in errors) / len(errors))
    yield PublishedFigure(
        "rate tests, RMS error", "uAh/cm2", None, rms, 0.0, _RATE_RMS, True, "ten points"
    )
    done, remark = results.rate_pre, samples.PRE_RATE.sample.remark
    above = done[-1].capacity_uah_cm2 - done[0].capacity_uah_cm2
    yield _order("pre-li back at 1, above the first", "uAh/cm2", above, 1e-3, 0.4, remark)
    # Of the recorded currents 1.12 to 13.46 uA/cm2: flat at each, little polarisation more.
    given = _discharges(results.rate_trace)
    flat = max(_at_share(line, 0.2) - _at_share(line, 0.8) for line in given[:4])
    more = _at_share(given[0], 0.5) - _at_share(given[3], 0.5)
    remark = samples.EVP_RATE.sample.remark
    yield _order("evp-li plateaus flat at every rate", "V", flat, 0.0, 0.15, remark)
    yield _order("evp-li plateau lower at 13.46", "V", more, 0.0, 0.2, remark)


def _rate_points(test: RateTest, done: list[Capacity]) -> Iterator[tuple[int, PublishedFigure]]:
    for k, ((current, published), capacity) in enumerate(zip(test.points, done, strict=True)):
        when = " back at" if k == len(test.points) - 1 else ""
        figure = f"{test.sample.cell}{when} {current:g} uA/cm2"
        yield (
            k,
            _row(
                figure,
                "uAh/cm2",
                published,
                capacity.capacity_uah_cm2,
                0.4,
                fitted=True,
                state=test.sample.remark,
            ),
        )


def _temperature_rows(results: PaperResults) -> Iterator[PublishedFigure]:
    remark = samples.TEMPERATURE.remark
    cold, body, hot = (each.capacity_uah_cm2 for each in results.temperatures)
    yield _row("pre-li 25 degC", "uAh/cm2", 6.0, cold, 0.4, fitted=True, state=remark)
    yield _order("pre-li 37 degC lies between", "uAh/cm2", body, cold, hot, remark)
    yield _row("pre-li 60 degC", "uAh/cm2", 20.47, hot, 0.4, fitted=True, state=remark)
    declined, retained = (100.0 * results.retained_share[degc] for degc in (37.0, 60.0))
    yield _order("pre-li 37 degC slowly declines", "% of 50", declined, 80.0, 99.99, remark)
    yield _order("pre-li 60 degC reversible", "% of 50", retained, 90.0, 102.0, remark)
    # Where the shortest charge and discharge still are on their plateaus.
    gaps = [_gap_v(results.temperature_trace, cycle, 2.0) for cycle in (1, 3)]
    narrower = gaps[0] - gaps[1]
    yield _order("pre-li gap narrower at 60 degC", "V", narrower, 0.01, 0.7, remark)


def _voltage_rows(results: PaperResults) -> Iterator[PublishedFigure]:
    pre, evp = results.first_pre.trace, results.first_evp.trace
    remark = "as built"
    # Steps of every cycle: charge, hold, discharge.
    yield _row("pre-li first charge", "V", 2.8, plateau_v(pre, 1), 0.03, fitted=True, state=remark)
    yield _row("evp-li first charge", "V", 2.7, plateau_v(evp, 1), 0.03, fitted=True, state=remark)
    later = "third cycle"
    yield _row("evp-li discharge", "V", 1.8, plateau_v(evp, 9), 0.02, fitted=True, state=later)
    yield _row("evp-li charge", "V", 2.5, plateau_v(evp, 7), 0.02, fitted=True, state=later)
    given = _discharges(pre)[-1]
    fall = _at_share(given, 0.2) - _at_share(given, 0.8)
    yield _order("pre-li one plateau, fall 20 to 80 %", "V", fall, 0.0, 0.1, "fifth cycle")
    yield from _sweep_rows(results)


def _sweep_rows(results: PaperResults) -> Iterator[PublishedFigure]:
    found = peaks(results.sweep)
    remark = samples.SWEEP.remark
    yield _row("CV first anodic", "V", 2.95, found[0].voltage_v, 0.06, fitted=False, state=remark)
    yield _row(
        "CV later reduction", "V", 1.65, found[-1].voltage_v, 0.06, fitted=False, state=remark
    )
    yield _row(
        "CV later oxidation", "V", 2.6, found[-2].voltage_v, 0.06, fitted=False, state=remark
    )
    found, remark = peaks(results.sweep_evp), samples.SWEEP_EVP.remark
    above = found[0].voltage_v - found[-2].voltage_v
    yield _order("evp-li CV, first anodic above later", "V", above, 0.05, 0.5, remark)
    couples = max(_humps(results.sweep_evp, way) for way in (-1, 1))
    yield _order("evp-li CV, later couples", "", couples, 1.0, 1.0, remark)


def _first_cycle_rows(results: PaperResults) -> Iterator[PublishedFigure]:
    pre, evp = results.first_pre.cycles, results.first_evp.cycles
    unit, remark = "uAh/cm2", "as built"
    charged, given = pre[0].charge_uah_cm2, pre[0].discharge_uah_cm2
    yield _row("pre-li first charge", unit, 16.52, charged, 0.4, fitted=True, state=remark)
    yield _row("pre-li first discharge", unit, 10.99, given, 0.4, fitted=True, state=remark)
    share = pre[0].coulombic_efficiency_pct
    yield _row("pre-li first efficiency", "%", 66.5, share, 2.5, fitted=True, state=remark)
    grown = 100.0 * pre[-1].discharge_uah_cm2 / given
    yield _order("pre-li discharge grows, 5 over 1", "%", grown, 101.0, 150.0, remark)
    grown = 100.0 * pre[-1].charge_uah_cm2 / pre[1].charge_uah_cm2
    yield _order("pre-li charge grows, 5 over 2", "%", grown, 101.0, 150.0, remark)
    first, third = evp[0].discharge_uah_cm2, evp[2].discharge_uah_cm2
    yield _row("evp-li first discharge", unit, 7.85, first, 0.4, fitted=True, state=remark)
    yield _row("evp-li third discharge", unit, 8.88, third, 0.4, fitted=True, state=remark)


def _ageing_rows(results: PaperResults) -> Iterator[PublishedFigure]:
    unit = "uAh/cm2"
    run, remark = results.pre_300.cycles, samples.PRE_300.remark
    retained = 100.0 * run[299].discharge_uah_cm2 / run[19].discharge_uah_cm2
    yield _row("pre-li cycle 300 over 20", "%", 98.8, retained, 0.5, fitted=True, state=remark)
    shares = [cycle.coulombic_efficiency_pct for cycle in run[1:]]
    mean, state = sum(shares) / len(shares), "cycles 2 to 300"
    yield _row("pre-li efficiency", "%", 99.52, mean, 0.05, fitted=True, state=state)
    given = [cycle.discharge_uah_cm2 for cycle in results.pre_3000.cycles]
    remark = samples.PRE_3000.remark
    yield _row("pre-li 25.8 uA/cm2 start", unit, 7.15, given[0], 0.25, fitted=True, state=remark)
    yield _row("pre-li cycle 80", unit, 4.55, given[79], 0.25, fitted=True, state=remark)
    most = max(given[79:])
    yield _row("pre-li most after the dip", unit, 6.7, most, 0.25, fitted=True, state=remark)
    yield _row("pre-li cycle 3000", unit, 5.79, given[2999], 0.25, fitted=True, state=remark)
    # 0.25 uAh/cm2 of the first value.
    share = 100.0 * given[2999] / given[0]
    yield _row("pre-li cycle 3000 over 1", "%", 81.0, share, 3.5, fitted=True, state=remark)
    run, remark = results.evp_500.cycles, samples.EVP_500.remark
    last = run[499].discharge_uah_cm2
    yield _row("evp-li cycle 500", unit, 5.52, last, 0.25, fitted=True, state=remark)
    shares = [cycle.coulombic_efficiency_pct for cycle in run[400:]]
    mean, state = sum(shares) / len(shares), "cycles 401 to 500"
    yield _row("evp-li efficiency", "%", 99.71, mean, 0.05, fitted=True, state=state)


def _impedance_rows(results: PaperResults) -> Iterator[PublishedFigure]:
    parameters = load_parameters("pre-li")
    unit, remark = "ohm cm2", "25 degC"
    lipon = lipon_resistance_ohm_cm2(parameters, ROOM_C)
    transfer = charge_transfer_ohm_cm2(parameters, ROOM_C)
    # Thickness over conductivity, both published.
    yield _row("R_LiPON", unit, 1.5e-4 / 2.3e-6, lipon, 3.26, fitted=True, state=remark)
    yield _row("R_ct after 1000 cycles", unit, 412.0, transfer, 20.6, fitted=True, state=remark)
    for name, resistance in (("LiPON", lipon_resistance_ohm_cm2), ("ct", charge_transfer_ohm_cm2)):
        share = resistance(parameters, 60.0) / resistance(parameters, ROOM_C)
        yield _order(f"R_{name} falls, 60 over 25 degC", "", share, 0.0, 0.5, remark)
    spectra = [results.spectra_cycles[n] for n in SPECTRUM_CYCLES]
    changes = (
        abs(z - first) / abs(first)
        for s in spectra
        for z, first in zip(s, spectra[0], strict=True)
    )
    remark = samples.PRE_3000.remark
    yield _order("spectra almost the same to 1000", "%", 100.0 * max(changes), 0.0, 10.0, remark)
    for n in SPECTRUM_CYCLES[1:]:
        ratio = _DIFFUSION[n] / _DIFFUSION[SPECTRUM_CYCLES[0]]
        simulated = results.diffusion_per_s[n] / results.diffusion_per_s[SPECTRUM_CYCLES[0]]
        figure, state = (
            f"diffusion, cycle {n} over 200",
            "25.8 uA/cm2, Warburg part of the spectra",
        )
        yield _row(figure, "", ratio, simulated, 0.05 * ratio, fitted=True, state=state)


def _liquid_rows(results: PaperResults) -> Iterator[PublishedFigure]:
    remark = "1 uA/cm2"
    (line,) = _discharges(results.comparison[LIQUID].profiles)
    for name, published, share in (("upper", 2.3, 0.1), ("lower", 2.1, 0.6)):
        figure = f"liquid-li-s {name} plateau"
        volts = _at_share(line, share)
        yield _row(figure, "V", published, volts, 0.02, fitted=True, state=remark)
    liquid, solid = (dict(results.comparison[name].efficiency)[2.0] for name in (LIQUID, FILM))
    remark = "second cycle at 2 uA/cm2: the shuttle, which the solid film does not have"
    yield _order("liquid-li-s efficiency", "%", liquid, 30.0, solid - 1.0, remark)


Line = tuple[list[float], list[float]]  # charge from zero, uAh/cm2, and voltage


def _discharges(trace: Trace) -> list[Line]:
    return [(q, v) for _, charging, q, v in half_cycles(trace) if not charging]


def _at_share(line: Line, share: float) -> float:
    """Voltage of a line at a share of its charge."""
    charges, volts = line
    return min(zip(charges, volts, strict=True), key=lambda p: abs(p[0] - share * charges[-1]))[1]


def _gap_v(trace: Trace, cycle: int, charge_uah_cm2: float) -> float:
    """Charge minus discharge voltage of a cycle, each after so much charge."""
    volts = {
        charging: _at_share((q, v), charge_uah_cm2 / q[-1])
        for number, charging, q, v in half_cycles(trace)
        if number == cycle
    }
    return volts[True] - volts[False]


def _humps(points: list[SweepPoint], direction: int) -> int:
    """Local maxima above a fifth of the largest, in the last sweep of a direction."""
    last = max(point.cycle for point in points)
    sizes = [
        point.current_ua_cm2 * direction
        for point in points
        if (point.cycle, point.direction) == (last, direction)
    ]
    least = 0.2 * max(sizes)
    return sum(
        b > least and a < b >= c for a, b, c in zip(sizes, sizes[1:], sizes[2:], strict=False)
    )
