"""`filmgauge lab fit`: a parameter set from cycler data."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.cli.cycler_options import reading_options
from filmgauge_host.cli.lab_options import (
    check_area_and_temperature,
    check_outputs,
    check_plot,
    sentences,
)
from filmgauge_host.cli.options import FILE, progress, show
from filmgauge_host.errors import InputError, UnfitError, warn
from filmgauge_host.terminal.screen import can_draw
from filmgauge_sim.lab.cyclers.options import ReadingOptions

if TYPE_CHECKING:
    from filmgauge_sim.cell import CellParameters
    from filmgauge_sim.lab.cycler_data import CyclerData
    from filmgauge_sim.lab.fit import Fit
    from filmgauge_sim.lab.impedance_fit import SpectrumFit

_LINES_APART_S = 10.0
_DATA = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(short_help="Fit a set to measured DATA and compile its profile.")
@click.argument("data", type=_DATA, nargs=-1, required=True)
@click.option("--out", type=FILE, required=True, help="TOML file to write the set to.")
@click.option("--cell", default="pre-li", show_default=True, help="The set to begin with.")
@click.option("--area", type=float, required=True, help="Film area of the measured cell, cm2.")
@click.option(
    "--temperature",
    type=float,
    default=25.0,
    show_default=True,
    help="degC, for files that do not state it.",
)
@click.option("--profile", type=FILE, default=None, help="Profile [default: OUT with .profile].")
@click.option(
    "--profile-area",
    type=float,
    default=None,
    help="Film area on the board, cm2 [default: that of the measured cell].",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--plot", type=FILE, default=None, help="Picture of the residuals (.png or .svg).")
@click.option("--ignore-count", is_flag=True, help="Take current times time, not the count.")
@click.option("--force", is_flag=True, help="Write the set although it does not meet the data.")
@reading_options
def fit(
    data: tuple[Path, ...],
    out: Path,
    cell: str,
    area: float,
    temperature: float,
    profile: Path | None,
    profile_area: float | None,
    as_json: bool,
    plot: Path | None,
    ignore_count: bool,
    force: bool,
    reading: ReadingOptions,
) -> None:
    """Fit a set to DATA (files of cyclers or tables of your own) and compile its profile.

    Impedance spectra among DATA tell the resistances. Where the data are not of such a cell
    nothing is written, unless --force is given.
    """
    board_area = area if profile_area is None else profile_area
    profile = out.with_suffix(".profile") if profile is None else profile
    check_area_and_temperature(area, temperature)
    _check_board_area(board_area, "--area" if profile_area is None else "--profile-area")
    if profile == out:
        raise InputError(f"--out must not end in .profile, as the profile does: {out}")
    check_plot(plot)
    check_outputs(out, profile, plot)
    with sentences(), _refusals():
        from filmgauge_sim.cell import load_parameters
        from filmgauge_sim.cell.compiled import compile_profile
        from filmgauge_sim.lab.fit import fit as fitted_to
        from filmgauge_sim.lab.fit_result import check_name, fitted_set, picture

        start = load_parameters(cell)
        # What has no set or no profile is refused before the long work.
        check_name(out.stem)
        compile_profile(start, board_area)
        with _progress() as tick:
            measured, spectra = _read(data, area, temperature, start, reading, tick)
            found = fitted_to(
                start,
                measured,
                temperature,
                tick,
                spectra=spectra,
                ignore_count=ignore_count,
                force=force,
            )
        sources = ", ".join(path.name for path in data)
        text, parameters = fitted_set(found, cell, sources, out.stem)
        compiled = compile_profile(parameters, board_area).to_bytes()
        files = {out: Content(text.encode()), profile: Content(compiled)}
        if plot is not None:
            warmth = sorted({each.temperature_c for each in found.residuals})
            degc = " to ".join(f"{each:g}" for each in dict.fromkeys((warmth[0], warmth[-1])))
            title = f"{out.stem}, fitted to {sources}, {area:g} cm2, {degc} degC"
            files[plot] = Content(picture(found, title).image(plot.suffix))
        write_all(files)
    for sentence in (*found.remarks, *found.faults):
        warn(sentence)
    written = f"{out}: the set. {profile}: its profile for {board_area:g} cm2."
    result = {"cell": str(out), "profile": str(profile), **_result(found)}
    show(as_json, result, [*_lines(found, cell), written])


def _check_board_area(area_cm2: float, option: str) -> None:
    from filmgauge_sim.cell.compiled import check_profile_area

    try:
        check_profile_area(area_cm2, option)
    except ValueError as error:
        raise InputError(f"{error}; --profile-area is that of the film on the board") from None


def _read(
    paths: Sequence[Path],
    area_cm2: float,
    temperature_c: float,
    start: "CellParameters",
    reading: ReadingOptions,
    tick: Callable[..., None],
) -> "tuple[list[CyclerData], list[SpectrumFit]]":
    """Read every file: cycles, and spectra with what their circuit tells."""
    from filmgauge_sim.lab.cycler_data import read_cycler_data
    from filmgauge_sim.lab.impedance_fit import fit_spectrum
    from filmgauge_sim.lab.spectrum import is_spectrum, read_spectrum

    measured: list[CyclerData] = []
    spectra: list[SpectrumFit] = []
    for path in paths:
        tick(f"reading {path.name}")
        if is_spectrum(path):
            spectrum = read_spectrum(path, area_cm2)
            spectra.append(fit_spectrum(spectrum, start, temperature_c))
        else:
            capacity = start.capacity_uah_cm2
            measured.append(read_cycler_data(path, area_cm2, reading, capacity))
    return measured, spectra


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn data that are not of such a cell into a sentence with a way out, behind what was done
    to them."""
    from filmgauge_sim.lab.fit_checks import UnfitDataError

    try:
        yield
    except UnfitDataError as error:
        for remark in error.remarks:
            warn(remark)
        said = str(error).rstrip(".")
        raise UnfitError(f"{said}. Nothing is written; --force writes the set") from None


@contextmanager
def _progress() -> Iterator[Callable[..., None]]:
    """A bar on a terminal; elsewhere a line where something new begins, and now and then."""
    if can_draw(sys.stderr):
        with progress(None, "fit") as tick:
            yield tick
        return
    begun = said = monotonic()
    count = 0

    def tick(what: str = "") -> None:
        nonlocal said, count
        count += 1
        now = monotonic()
        if what or now - said >= _LINES_APART_S:
            click.echo(f"fit: {now - begun:.0f} s: {what or f'{count} sets tried'}", err=True)
            said = now

    yield tick


def _result(found: "Fit") -> dict[str, object]:
    return {
        "parameters": [asdict(each) for each in found.estimates],
        "cannot_tell": found.unidentified,
        "rms_uah_cm2": found.rms(charge=True),
        "rms_v": found.rms(charge=False),
        "left_out_steps": found.left_out,
        "remarks": list(found.remarks),
        "misfits": list(found.faults),
    }


def _lines(found: "Fit", cell: str) -> Iterator[str]:
    from filmgauge_sim.lab.fit_parameters import not_fitted

    yield f"{'fitted':32}{'value':>10}  95 % interval"
    for each in found.estimates:
        yield f"{each.name:32}{each.value:>10.5g}  {each.interval}"
    yield (
        f"RMS of the residuals: {found.rms(charge=True):.3f} uAh/cm2,"
        f" {1e3 * found.rms(charge=False):.2f} mV"
    )
    if found.left_out:
        yield f"Left out: the last {found.left_out} steps of the data, which are too many."
    if found.unidentified:
        yield f"The data cannot tell (kept as in {cell}, the intervals hold for these):"
        for name, reason in found.unidentified.items():
            yield f"  {name}: {reason}"
    yield f"No such data can tell (kept as in {cell}):"
    for name, reason in not_fitted(found.estimates).items():
        yield f"  {name}: {reason}"
