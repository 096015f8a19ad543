"""The paper's figures, from the simulated results, with the published figures as open marks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from filmgauge_sim.lab.cycling import Cycle
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
from filmgauge_sim.lab.paper_experiments import ROOM_C, CapacityRun, CellComparison, PaperResults
from filmgauge_sim.lab.paper_samples import PAPER, SAMPLES

# Cycle -> its published figure.
_PRE_3000 = {1: "pre-li 25.8 uA/cm2 start", 80: "pre-li cycle 80", 3000: "pre-li cycle 3000"}


def pictures(results: PaperResults) -> dict[str, Picture]:
    """The figures by name, each with what it shows as its title."""
    drawn = _drawn(results)
    return {name: replace(each, title=_title(name, results)) for name, each in drawn.items()}


def _title(name: str, results: PaperResults) -> str:
    """Cell, current, temperature and cycles of a figure."""
    room = f"{ROOM_C:g} degC"
    sample = _SAMPLES.get(name)
    if sample is None:
        return _TITLES[name].format(room=room)
    own = results.samples[sample]
    flows = f"{own.current_ua_cm2:g} uA/cm2, " if own.current_ua_cm2 else ""
    flows = "" if flows and flows.rstrip(", ") in own.remark else flows
    warmth = "" if name == "temperature-profiles" else f", {room}"
    cycles = f", cycles 1 to {own.cycles}" if own.cycles else ""
    return f"{own.parameter_set}, {flows}{own.remark}{cycles}{warmth}"


# Name of a figure -> the sample that it shows, or else its title.
_SAMPLES = {
    "first-cycles-pre-li": "pre-li first",
    "first-cycles-evp-li": "evp-li first",
    "rate-pre-li": "pre-li rate",
    "rate-evp-li": "evp-li rate",
    "rate-profiles-evp-li": "evp-li rate",
    "cycles-300-pre-li": "pre-li 300",
    "cycles-3000-pre-li": "pre-li 3000",
    "cycles-500-evp-li": "evp-li 500",
    "temperature-profiles": "pre-li temperature",
}
_TITLES = {
    "cv": "pre-li as built, sweeps at 0.1 mV/s, cycles 1 to 3, {room}",
    "nyquist-cycles": "pre-li cycled at 25.8 uA/cm2, impedance, {room}",
    "nyquist-temperature": "pre-li, impedance by temperature",
    "liquid-and-solid": "liquid-li-s beside pre-li, {room}",
}


def _drawn(results: PaperResults) -> dict[str, Picture]:
    runs, capacities = results.runs, results.capacities
    warm, rates = capacities["pre-li temperature"], capacities["evp-li rate"]
    degrees = {
        k: f"cycle {k}: {each.temperature_c:g} degC" for k, each in enumerate(warm.capacities, 1)
    }
    flowing = [f"{each.current_ua_cm2:g} uA/cm2" for each in rates.capacities[1:]]
    flowing[-1] += " again"
    labels = {k: f"cycle {k}: {each}" for k, each in enumerate(flowing, 1)}
    return {
        "cv": voltammogram(results.sweeps["pre-li sweep"]),
        "first-cycles-pre-li": profiles(runs["pre-li first"].trace),
        "first-cycles-evp-li": profiles(runs["evp-li first"].trace),
        "rate-pre-li": _rate("pre-li rate", capacities["pre-li rate"]),
        "rate-evp-li": _rate("evp-li rate", rates),
        "rate-profiles-evp-li": profiles(rates.trace, labels),
        "cycles-300-pre-li": _cycles(runs["pre-li 300"].cycles, {}),
        "cycles-3000-pre-li": _cycles(runs["pre-li 3000"].cycles, _PRE_3000),
        "cycles-500-evp-li": _cycles(runs["evp-li 500"].cycles, {500: "evp-li cycle 500"}),
        "nyquist-cycles": nyquist({f"cycle {n}": z for n, z in results.spectra_cycles.items()}),
        "nyquist-temperature": nyquist(
            {f"{degc:g} degC": z for degc, z in results.spectra_temperature.items()}
        ),
        "temperature-profiles": profiles(warm.trace, degrees),
        "liquid-and-solid": _comparison(results.comparison),
    }


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


def _rate(test: str, run: CapacityRun) -> Picture:
    def draw(axes: Any) -> None:
        numbers = range(1, len(run.capacities) + 1)
        given = [each.capacity_uah_cm2 for each in run.capacities]
        published = SAMPLES[test].published_uah_cm2
        axes.plot(numbers, given, "o", color=COLOURS[0], label="simulated")
        _mark_published(axes, numbers, published)
        axes.set_xticks(list(numbers), [f"{each.current_ua_cm2:g}" for each in run.capacities])
        axes.set(xlabel="uA cm$^{-2}$, in this order", ylabel="discharge / uAh cm$^{-2}$")
        axes.set_ylim(0.0, 1.1 * max(published))
        axes.legend(fontsize=8)

    return Picture(draw)


def _cycles(done: Sequence[Cycle], published: Mapping[int, str]) -> Picture:
    def draw(axes: Any) -> None:
        numbers = [each.number for each in done]
        given = [each.discharge_uah_cm2 for each in done]
        axes.plot(numbers, given, ".", markersize=2, color=COLOURS[0], label="simulated")
        if published:
            figures = PAPER["figures"]["ageing"]
            values = [figures[name]["published"] for name in published.values()]
            _mark_published(axes, list(published), values)
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


def _mark_published(axes: Any, numbers: Sequence[int], values: Sequence[float]) -> None:
    mark = {"markerfacecolor": "none", "markersize": 9, "color": COLOURS[1]}
    axes.plot(numbers, values, "s", label="published", **mark)
