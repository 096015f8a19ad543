"""`filmgauge lab cv | ocv | pulse | profile`: what a cell answers."""

from dataclasses import asdict
from pathlib import Path

import click

from filmgauge_host.cli.cycler_options import reading_options
from filmgauge_host.cli.lab_options import (
    CURRENT,
    DURATION,
    Setup,
    experiment,
    own_capacity_option,
    stoichiometry_option,
)
from filmgauge_host.cli.options import FiniteRange, IntegerRange, progress
from filmgauge_host.errors import InputError
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cyclers.options import ReadingOptions
from filmgauge_sim.lab.figures import branches, over_time, voltammogram
from filmgauge_sim.lab.load_file import read_loads
from filmgauge_sim.lab.load_replay import replay
from filmgauge_sim.lab.paper_samples import SAMPLES
from filmgauge_sim.lab.sweep import SweepPoint, peaks, sweep
from filmgauge_sim.lab.titration import RestedPoint, pulses, titrate


@click.command(short_help="Cyclic voltammetry at --rate mV/s.")
@experiment
@click.option(
    "--rate", type=FiniteRange(1e-3, 100), default=0.1, show_default=True, help="Sweep, mV/s."
)
@click.option(
    "--cycles",
    "count",
    type=IntegerRange(1, 100),
    default=3,
    show_default=True,
    help="How many sweeps.",
)
@click.option(
    "--as-built/--formed",
    default=True,
    show_default=True,
    help="Begin with a cell that was never charged, or with one that was.",
)
@own_capacity_option
def cv(setup: Setup, rate: float, count: int, as_built: bool, own_capacity: bool) -> None:
    """Cyclic voltammetry at --rate mV/s: the published sample, unless told otherwise."""
    cell = setup.sample(SAMPLES["pre-li sweep"], own_capacity, as_built=as_built)
    degc = setup.temperature_c
    found: list[SweepPoint] = []
    with progress(count, "sweep") as done:
        for point in sweep(cell, degc, rate_mv_s=rate, cycles=count, step_mv=2.0):
            if found and point.cycle != found[-1].cycle:
                done()
            found.append(point)
    tops = peaks(found)
    lines = [
        f"cycle {p.cycle} {'oxidation' if p.direction > 0 else 'reduction'}:"
        f" {p.voltage_v:.3f} V, {p.current_ua_cm2:.2f} uA/cm2"
        for p in tops
    ]
    curve = [[p.voltage_v, p.current_ua_cm2] for p in found]
    q0 = cell.capacity_uah / setup.area_cm2
    result = {
        "rate_mv_s": rate,
        "sample_capacity_uah_cm2": q0,
        "peaks": [asdict(p) for p in tops],
        "curve": curve,
    }
    title = f"sweeps at {rate:g} mV/s, cycles 1 to {count}, {degc:g} degC"
    setup.report(result, lines, title=title, picture=voltammogram(found))


@click.command()
@experiment
@click.option("--current", type=CURRENT, default=1.0, show_default=True, help="uA/cm2.")
@click.option(
    "--pulse-min", type=DURATION, default=45.0, show_default=True, help="Each portion, min."
)
@click.option(
    "--rest-min", type=DURATION, default=240.0, show_default=True, help="Rest behind each, min."
)
def ocv(setup: Setup, current: float, pulse_min: float, rest_min: float) -> None:
    """Open-circuit voltage of both branches by titration (GITT)."""
    cell, trace = setup.specimen(1.0), setup.trace()
    if cell.capacity_uah / setup.area_cm2 / (current * pulse_min / 60.0) > 1e5:
        raise InputError("--current times --pulse-min is too small a portion of the capacity")
    found: list[RestedPoint] = []
    with progress(None, "titration") as done:
        for portion in titrate(
            Channel(cell, setup.temperature_c, trace),
            current_ua_cm2=current,
            pulse_s=60.0 * pulse_min,
            rest_s=60.0 * rest_min,
        ):
            found.append(portion)
            done()
    lines = [f"{p.branch:>9} {p.stoichiometry:7.4f} {p.rested_v:7.4f} V" for p in found]
    result = {"points": [asdict(p) for p in found]}
    title = (
        f"titration at {current:g} uA/cm2, portions of {pulse_min:g} min,"
        f" rests of {rest_min:g} min, {setup.temperature_c:g} degC"
    )
    setup.report(result, lines, title=title, picture=branches(found), trace=trace)


@click.command(short_help="Pulses of a current, a rest after each.")
@experiment
@click.option(
    "--current",
    type=FiniteRange(-1e5, 1e5),
    default=-10.0,
    show_default=True,
    help="uA/cm2; negative discharges.",
)
@click.option("--seconds", type=DURATION, default=10.0, show_default=True, help="Each pulse, s.")
@click.option("--rest", type=DURATION, default=60.0, show_default=True, help="Each rest, s.")
@click.option(
    "--count", type=IntegerRange(1, 10_000), default=3, show_default=True, help="How many pulses."
)
@stoichiometry_option(0.5)
def pulse(
    setup: Setup, current: float, seconds: float, rest: float, count: int, stoichiometry: float
) -> None:
    """Pulses of a signed current (uA/cm2, negative discharges), a rest after each."""
    if not current:
        raise InputError("--current must not be 0")
    cell, trace = setup.specimen(stoichiometry), setup.trace()
    found = list(
        pulses(
            Channel(cell, setup.temperature_c, trace),
            current_ua_cm2=current,
            pulse_s=seconds,
            rest_s=rest,
            count=count,
        )
    )
    lines = [
        f"{p.before_v:.4f} V -> {p.at_once_v:.4f} V -> {p.end_v:.4f} V, rest {p.rested_v:.4f} V;"
        f" {p.end_ohm_cm2:.0f} ohm cm2"
        for p in found
    ]
    result = {
        "pulses": [
            {**asdict(p), "at_once_ohm_cm2": p.at_once_ohm_cm2, "end_ohm_cm2": p.end_ohm_cm2}
            for p in found
        ]
    }
    title = (
        f"pulses of {current:g} uA/cm2 for {seconds:g} s from stoichiometry {stoichiometry:g},"
        f" {setup.temperature_c:g} degC"
    )
    picture = over_time(trace) if trace else None
    setup.report(result, lines, title=title, picture=picture, trace=trace)


@click.command(short_help="Replay FILE: time and current or power.")
@experiment
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@stoichiometry_option(1.0)
@reading_options
def profile(setup: Setup, file: Path, stoichiometry: float, reading: ReadingOptions) -> None:
    """Replay FILE: time and current or power, of a cycler or a table of your own."""
    loads = read_loads(file, reading, setup.area_cm2)
    cell, trace = setup.specimen(stoichiometry), setup.trace()
    with progress(1, "replay") as done:
        found = replay(Channel(cell, setup.temperature_c, trace), loads)
        done()
    lines = [
        f"{found.time_s:.3f} s, charged {found.charged_uah:.6g} uAh ({found.charged_uwh:.6g} uWh),"
        f" discharged {found.discharged_uah:.6g} uAh ({found.discharged_uwh:.6g} uWh),"
        f" {found.lowest_v:.4f} to {found.highest_v:.4f} V"
        + (
            f"; {found.cut_rows} rows cut short, first at {found.first_cut_s:.3f} s at the"
            f" {found.first_cut_at} end of the window"
            if found.cut_rows
            else ""
        )
    ]
    result = {**asdict(found), "stoichiometry": cell.stoichiometry}
    title = f"load of {file.name}, {setup.area_cm2:g} cm2, {setup.temperature_c:g} degC"
    picture = over_time(trace) if trace else None
    setup.report(result, lines, title=title, picture=picture, trace=trace)
