"""`filmgauge export`: the records of a store as a file for other programs."""

import os
import sys
from pathlib import Path

import click

from filmgauge_host.atomic_file import written
from filmgauge_host.bdf import SUFFIX
from filmgauge_host.cli.store_options import (
    check_span,
    chosen_nodes,
    reader,
    span_options,
    store_options,
    warn_of_removed,
)
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.export import FORMATS, Selection
from filmgauge_host.terminal.spooled_output import spooled


@click.command()
@click.argument("out", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="bdf: Battery Data Format  [default: by the name of OUT, else csv]",
)
@click.option("--node", "names", multiple=True, help="Only this node (may be repeated).")
@span_options
@store_options
def export(
    out: Path,
    form: str | None,
    names: tuple[str, ...],
    from_unix_ms: int,
    to_unix_ms: int,
    store: Path | None,
    db: str | None,
) -> None:
    """Write the records of a store into the file OUT, without one as text to standard output.

    Also while a monitor writes the store. Columns and units: docs/store.md.
    """
    check_span(from_unix_ms, to_unix_ms)
    chosen = FORMATS[form or _form_of(out)]()
    if out == Path("-") and not chosen.is_text:
        raise InputError(f"--format {form} is no text: name a file to write it to")
    with reader(store, db) as opened:
        nodes = chosen_nodes(opened, names)
        warn_of_removed(opened, nodes, from_unix_ms, to_unix_ms)
        selection = Selection(opened, nodes, from_unix_ms, to_unix_ms)
        if out == Path("-"):
            try:
                with spooled(sys.stdout.buffer) as file:
                    chosen.write(file, selection)
                sys.stdout.buffer.flush()
            except BrokenPipeError:  # who reads has enough, as head has
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        with written(out) as target, spooled(target) as file:
            count = chosen.write(file, selection)
    click.echo(f"{count} records of {_nodes(len(nodes))} in {out}")


def _form_of(out: Path) -> str:
    """Return the format that a file's name asks for."""
    if out.name.endswith(SUFFIX):
        return "bdf"
    return "parquet" if out.suffix == ".parquet" else "csv"


def _nodes(number: int) -> str:
    return "1 node" if number == 1 else f"{number} nodes"
