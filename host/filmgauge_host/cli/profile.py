"""`filmgauge profile`: compile the profile of a cell for the board."""

from pathlib import Path

import click


@click.command()
@click.argument("cell")
@click.option("--area", "area_cm2", type=float, required=True, help="Area of the film, cm2.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("profile.bin"),
    show_default=True,
    help="File to write.",
)
def profile(cell: str, area_cm2: float, out: Path) -> None:
    """Compile CELL, the name of a parameter set (evp-li, pre-li) or a TOML file, for a board."""
    from filmgauge_host.errors import InputError
    from filmgauge_sim.cell import load_parameters
    from filmgauge_sim.cell.compiled import compile_profile

    if not 0.01 <= area_cm2 <= 1000:
        raise InputError(f"--area must be 0.01 to 1000 cm2, not {area_cm2:g}")
    try:
        compiled = compile_profile(load_parameters(cell), area_cm2)
        scratch = out.with_name(out.name + ".part")
        scratch.write_bytes(compiled.to_bytes())
        scratch.replace(out)
    except ValueError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
    click.echo(f"{out}: {compiled.name}, {area_cm2:g} cm2, {compiled.full_pc() / 3.6e9:g} uAh")
