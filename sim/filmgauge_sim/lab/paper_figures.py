"""The paper's figures, from the simulated results, with the published figures as open marks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filmgauge_sim.lab import samples
from filmgauge_sim.lab.capacity import Capacity
from filmgauge_sim.lab.cycling import Cycle
from filmgauge_sim.lab.figures import COLOURS, Picture, nyquist, profiles, voltammogram
from filmgauge_sim.lab.published import Published
from filmgauge_sim.lab.samples import RateTest


def draw(results: Published, folder: Path) -> None:
    """Write every figure as PNG into a folder, which is made. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures(results).items():
        picture.save(folder / f"{name}.png")


def pictures(results: Published) -> dict[str, Picture]:
    """The figures by name."""
    degrees = dict(enumerate((f"{each.temperature_c:g} degC" for each in results.temperatures), 1))
    rates = dict(enumerate((f"{i:g} uA/cm2" for i, _ in samples.EVP_RATE.points[1:]), 1))
    return {
        "cv": voltammogram(results.sweep),
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
    }


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
        shares = [each.coulombic_efficiency_pct for each in done]
        beside.plot(numbers, shares, ".", markersize=1, color=COLOURS[2])
        beside.set_ylabel("coulombic efficiency / %", color=COLOURS[2])
        beside.set_ylim(50.0, 101.0)

    return Picture(draw)
