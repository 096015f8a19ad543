"""`filmgauge lab eis`: the spectrum of a cell, and what a measured one tells of it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filmgauge_host.atomic_file import Content
from filmgauge_host.cli.lab_options import Setup, check_outputs, experiment, stoichiometry_option
from filmgauge_host.cli.options import FILE
from filmgauge_host.errors import InputError, UnfitError, warn
from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.impedance import impedance_ohm_cm2
from filmgauge_sim.cell.kinetics import charge_transfer_ohm_cm2, lipon_resistance_ohm_cm2
from filmgauge_sim.lab.figures import nyquist
from filmgauge_sim.lab.paper_experiments import FREQUENCIES_HZ

if TYPE_CHECKING:
    from filmgauge_sim.lab.impedance_fit import SpectrumFit


@click.command(short_help="Impedance spectrum around rest; also the fit of one.")
@experiment
@stoichiometry_option(0.5)
@click.option("--out", type=FILE, default=None, help="Write the spectrum (CSV, ohm of the cell).")
@click.option(
    "--fit",
    "measured",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Fit a measured spectrum instead: CSV, EC-Lab .mpt, Gamry .dta, Z-Plot .z.",
)
def eis(setup: Setup, stoichiometry: float, out: Path | None, measured: Path | None) -> None:
    """Impedance spectrum, 1 MHz to 10 mHz, around rest; or with --fit what a measured one tells.

    A measured spectrum is that of a film of --area; the fit begins with --cell.
    """
    if measured is not None:
        if out is not None:
            raise InputError("--out is for the spectrum of a simulated cell, not beside --fit")
        _fit(setup, measured)
        return
    check_outputs(setup.plot, setup.bdf, out)
    cell = setup.specimen(stoichiometry)
    if not isinstance(cell, FilmCell):
        raise InputError(
            f"--cell must be a film for eis: the model of {setup.cell} has no impedance"
        )
    spectrum = impedance_ohm_cm2(cell, setup.temperature_c, FREQUENCIES_HZ)
    lipon = lipon_resistance_ohm_cm2(cell.parameters, setup.temperature_c)
    transfer = charge_transfer_ohm_cm2(cell.parameters, setup.temperature_c)
    result = {
        "r_lipon": lipon,
        "r_ct": transfer,
        "frequencies_hz": FREQUENCIES_HZ,
        "impedance_ohm_cm2": [[z.real, z.imag] for z in spectrum],
    }
    lines = [f"R_LiPON {lipon:.1f} ohm cm2, R_ct {transfer:.1f} ohm cm2"]
    lines += [
        f"{f:12.4g} Hz {z.real:10.2f} {z.imag:+10.2f}i"
        for f, z in list(zip(FREQUENCIES_HZ, spectrum, strict=True))[::5]
    ]
    files: dict[Path, Content] = {}
    if out is not None:
        from filmgauge_sim.lab.spectrum import spectrum_csv

        whole = [z / setup.area_cm2 for z in spectrum]
        files[out] = Content(spectrum_csv(FREQUENCIES_HZ, whole).encode())
    title = f"impedance at stoichiometry {stoichiometry:g}, {setup.temperature_c:g} degC"
    picture = nyquist({Path(setup.cell).stem: spectrum})
    setup.report(result, lines, title=title, picture=picture, files=files)


def _fit(setup: Setup, measured: Path) -> None:
    from filmgauge_sim.lab.impedance_fit import fit_spectrum
    from filmgauge_sim.lab.spectrum import read_spectrum
    from filmgauge_sim.lab.spectrum_picture import spectrum_picture

    parameters = load_parameters(setup.cell)
    spectrum = read_spectrum(measured, setup.area_cm2)
    found = fit_spectrum(spectrum, parameters, setup.temperature_c)
    for remark in found.spectrum.remarks:
        warn(remark)
    title = (
        f"circuit fitted to {measured.name}, {setup.area_cm2:g} cm2, {setup.temperature_c:g} degC"
    )
    result = {
        "circuit": found.circuit,
        "figures": [asdict(each) for each in found.estimates],
        "cannot_tell": found.cannot_tell,
        "rms": found.rms,
        "kramers_kronig": asdict(found.kramers_kronig),
        "remarks": list(found.spectrum.remarks),
    }
    lines = _lines(found)
    setup.report(result, lines, title=title, picture=spectrum_picture(found, title))
    if found.faults:
        raise UnfitError("; ".join(found.faults))


def _lines(found: "SpectrumFit") -> list[str]:
    lines = [f"{'figure':26}{'value':>10}  95 % interval"]
    lines += [
        f"{each.name:26}{each.value:>10.4g}  {each.low:.4g} to {each.high:.4g} {each.unit}"
        for each in found.estimates
    ]
    lines += [
        f"the circuit {found.circuit} misses the spectrum by {found.rms:.2%} of |Z| (RMS)",
        found.kramers_kronig.sentence,
    ]
    return lines + [f"{name}: not told, {why}" for name, why in found.cannot_tell.items()]
