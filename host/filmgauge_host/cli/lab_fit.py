"""`filmgauge lab fit`: a parameter set from cycler data."""

from pathlib import Path

import click

from filmgauge_host.cli.lab_options import sentences
from filmgauge_host.telemetry.errors import InputError

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("data", type=_FILE, nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--cell", default="pre-li", show_default=True, help="The set to begin with.")
@click.option("--area", type=float, required=True, help="Film area of the measured cell, cm2.")
@click.option("--temperature", type=float, default=25.0, show_default=True, help="degC.")
def fit(data: tuple[Path, ...], out: Path, cell: str, area: float, temperature: float) -> None:
    """Fit capacity, diffusion time and plateaus to DATA (CSV or Battery Data Format)."""
    if not 1e-4 <= area <= 1e4:
        raise InputError(f"--area must be 0.0001 to 10000 cm2, not {area:g}")
    with sentences():
        from filmgauge_sim.cell import load_parameters
        from filmgauge_sim.lab.fit import fit as fitted_to
        from filmgauge_sim.lab.fit import read_flows, write_set

        flows = [flow for path in data for flow in read_flows(path, area)]
        result = fitted_to(load_parameters(cell), flows, temperature)
        write_set(result, cell, out)
        load_parameters(out)
    for current, measured, simulated in result.points:
        click.echo(f"{current:9.3f} uA/cm2 {measured:9.3f} {simulated:9.3f} uAh/cm2")
    parameters = result.parameters
    click.echo(
        f"{out}: {parameters.capacity_uah_cm2:.3f} uAh/cm2, {parameters.diffusion_time_h:.3f} h,"
        f" RMS {result.rms_uah_cm2:.3f} uAh/cm2"
    )
