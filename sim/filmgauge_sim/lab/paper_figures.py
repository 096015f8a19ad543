"""The paper's figures, from the simulated results, with the published figures as open marks."""

from collections.abc import Mapping, Sequence
from typing import Any

from filmgauge_sim.lab import paper_samples as samples
from filmgauge_sim.lab.cycling import Capacity, Cycle
from filmgauge_sim.lab.figures import (
    CHARGE,
    COLOURS,
    VOLTAGE,
    Picture,
    half_cycles,
    nyquist,
    profiles,
    voltammogram,
)
from filmgauge_sim.lab.paper_experiments import CellComparison, PaperResults
from filmgauge_sim.lab.paper_samples import RateTest
from filmgauge_sim.lab.sweep import SweepPoint

# Above it the sweep is at the end of the curve in every cycle.
_FULL_V = 3.9


def pictures(results: PaperResults) -> dict[str, Picture]:
    """The figures by name."""
    degrees = dict(enumerate((f"{each.temperature_c:g} degC" for each in results.temperatures), 1))
    currents = [f"{current:g} uA/cm2" for current, _ in samples.EVP_RATE.points[1:]]
    rates = dict(enumerate([*currents[:-1], f"{currents[-1]} again"], 1))
    return {
        "cv": _sweep(results.sweep),
        "first-cycles-pre-li": profiles(results.first_pre.trace),
        "first-cycles-evp-li": profiles(results.first_evp.trace),
        "rate-pre-li": _rate(samples.PRE_RATE, results.rate_pre),
        "rate-evp-li": _rate(samples.EVP_RATE, results.rate_evp),
        "rate-profiles-evp-li": profiles(results.rate_trace, rates),
        "cycles-300-pre-li": _cycles(results.pre_300.cycles, []),
        "cycles-3000-pre-li": _cycles(
            results.pre_3000.cycles, [(1, 7.15), (80, 4.55), (3000, 5.79)]
        ),
        "cycles-500-evp-li": _cycles(results.evp_500.cycles, [(500, 5.52)]),
        "nyquist-cycles": nyquist({f"cycle {n}": z for n, z in results.spectra_cycles.items()}),
        "nyquist-temperature": nyquist(
            {f"{degc:g} degC": z for degc, z in results.spectra_temperature.items()}
        ),
        "temperature-profiles": profiles(results.temperature_trace, degrees),
        "liquid-and-solid": _comparison(results.comparison),
    }


def _sweep(swept: Sequence[SweepPoint]) -> Picture:
    """The sweep, with what the end of the first-charge barrier leaves in it named."""
    plain = voltammogram(swept)
    down = [p for p in swept if p.cycle == 1 and p.direction < 0 and p.voltage_v < _FULL_V]
    spike = max(down, key=lambda point: point.current_ua_cm2)

    def draw(axes: Any) -> None:
        plain.draw(axes)
        axes.annotate(
            "the barrier of the\nfirst charge ends",
            (spike.voltage_v, spike.current_ua_cm2),
            (spike.voltage_v, spike.current_ua_cm2 + 2.0),
            ha="center",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "linewidth": 0.6},
        )

    return Picture(draw)


def _comparison(cells: Mapping[str, CellComparison]) -> Picture:
    """Profiles, charge kept at rest and efficiency of the liquid and of the solid cell."""

    def draw(panels: Any) -> None:
        for k, (name, cell) in enumerate(cells.items()):
            colour = COLOURS[k]
            for _, charging, charge, voltage in half_cycles(cell.profiles):
                panels[0].plot(charge, voltage, color=colour, label=None if charging else name)
            panels[1].plot(*zip(*cell.stored, strict=True), color=colour, label=name)
            panels[2].plot(*zip(*cell.efficiency, strict=True), "o-", color=colour, label=name)
        panels[0].set(xlabel=CHARGE, ylabel=VOLTAGE, ylim=(0.9, 4.1))
        panels[0].set_title("charge at 8, discharge at 1 uA cm$^{-2}$", fontsize=9)
        panels[1].set(xlabel="days at rest, begun full", ylabel="charge kept / %", ylim=(0, 105))
        panels[2].set(xlabel="current / uA cm$^{-2}$", ylabel="coulombic efficiency / %")
        panels[2].set_ylim(0.0, 105.0)
        for each, corner in zip(panels, ("upper left", "lower left", "lower right"), strict=True):
            each.legend(fontsize=8, loc=corner)

    return Picture(draw, panels=3)


def _rate(test: RateTest, done: Sequence[Capacity]) -> Picture:
    def draw(axes: Any) -> None:
        numbers = range(1, len(done) + 1)
        axes.plot(
            numbers,
            [each.capacity_uah_cm2 for each in done],
            "o",
            color=COLOURS[0],
            label="simulated",
        )
        axes.plot(
            numbers,
            [published for _, published in test.points],
            "s",
            markerfacecolor="none",
            markersize=9,
            color=COLOURS[1],
            label="published",
        )
        axes.set_xticks(list(numbers), [f"{current:g}" for current, _ in test.points])
        axes.set(xlabel="uA cm$^{-2}$, in this order", ylabel="discharge / uAh cm$^{-2}$")
        axes.set_ylim(0.0, 1.1 * max(published for _, published in test.points))
        axes.legend(fontsize=8)

    return Picture(draw)


def _cycles(done: Sequence[Cycle], published: Sequence[tuple[int, float]]) -> Picture:
    def draw(axes: Any) -> None:
        numbers = [each.number for each in done]
        given = [each.discharge_uah_cm2 for each in done]
        axes.plot(numbers, given, ".", markersize=2, color=COLOURS[0], label="simulated")
        if published:
            axes.plot(
                *zip(*published, strict=True),
                "s",
                markerfacecolor="none",
                markersize=9,
                color=COLOURS[1],
                label="published",
            )
        axes.set(xlabel="cycle", ylabel="discharge / uAh cm$^{-2}$")
        axes.set_ylim(0.0, 1.25 * max(given))
        axes.legend(fontsize=8, loc="lower left")
        beside = axes.twinx()
        # The first charge begins with a wholly empty film: its efficiency is none of a cycle.
        shares = [each.coulombic_efficiency_pct for each in done[1:]]
        beside.plot(numbers[1:], shares, ".", markersize=1, color=COLOURS[2])
        beside.set_ylabel("coulombic efficiency / %", color=COLOURS[2])
        beside.set_ylim(50.0, 101.0)

    return Picture(draw)
