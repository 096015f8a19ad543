"""`filmgauge profile`: compile the profile of a cell for the board."""

from pathlib import Path

import click

from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.cli.options import FILE, input_errors
from filmgauge_host.serial.node_settings import compile_cell


@click.command()
@click.argument("cell")
@click.option("--area", "area_cm2", type=float, required=True, help="Area of the film, cm2.")
@click.option(
    "--out", type=FILE, default=Path("profile.bin"), show_default=True, help="File to write."
)
@input_errors()
def profile(cell: str, area_cm2: float, out: Path) -> None:
    """Compile CELL, the name of a parameter set (evp-li, pre-li) or a TOML file, for a board."""
    compiled = compile_cell(cell, area_cm2)
    write_all({out: Content(compiled.to_bytes())})
    click.echo(f"{out}: {compiled.name}, {area_cm2:g} cm2, {compiled.full_pc() / 3.6e9:g} uAh")
