"""`filmgauge lab paper`: every published figure beside the simulated one."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap

import click

from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.cli.lab_options import sentences
from filmgauge_host.cli.options import FOLDER, progress, show
from filmgauge_host.errors import FilmgaugeError
from filmgauge_sim.cell.parameters import PHYSICS
from filmgauge_sim.lab.paper_experiments import simulate
from filmgauge_sim.lab.paper_figures import pictures
from filmgauge_sim.lab.paper_table import PublishedFigure, published_figures, rms_share

_STAGES = 9
WIDTH = 100


class PaperError(FilmgaugeError):
    """A simulated figure misses its bound, and nobody knows why."""


@click.command(short_help="Repeat the published tests.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--figures",
    type=FOLDER,
    default=None,
    help="Folder to draw the paper's figures into, such as docs/paper.",
)
@click.option(
    "--physics",
    type=click.Choice(PHYSICS),
    default="linear",
    show_default=True,
    help="How lithium moves through the film.",
)
def paper(as_json: bool, figures: Path | None, physics: str) -> None:
    """Repeat the published tests; exit 1 when a figure misses its bound and no cause is known."""
    with sentences():
        with progress(_STAGES, "published tests") as tick:
            results = simulate(lambda stage: tick(), physics)
        table = published_figures(results)
        if figures is not None:
            drawn = pictures(results).items()
            write_all(
                {figures / f"{name}.png": Content(each.image(".png")) for name, each in drawn}
            )
    rows = [asdict(row) | {"error": row.error, "holds": row.holds} for row in table]
    show(as_json, {"rows": rows}, table_lines(table))
    missed = [row.figure for row in table if not row.holds and not row.cause]
    if missed:
        raise PaperError(f"{len(missed)} of {len(table)} rows miss: {', '.join(missed)}")


def table_lines(table: list[PublishedFigure]) -> Iterator[str]:
    """The table within WIDTH columns: a heading for every state of a sample, rows below it."""
    yield (
        f"{'figure':36}{'unit':8}{'published':>9}{'simulated':>10}{'error':>8}"
        f"{'bound':>19}  fitted"
    )
    state = ""
    for row in table:
        if row.state != state:
            state = row.state
            yield from wrap(f"- {state}", WIDTH, subsequent_indent="  ")
        published = "-" if row.published is None else f"{row.published:.4g}"
        error = "-" if row.error is None else f"{row.error:+.3f}"
        bound = f"{row.low:.3f} to {row.high:.3f}"
        yield (
            f"{row.figure:36}{row.unit:8}{published:>9}{row.simulated:>10.3f}{error:>8}"
            f"{bound:>19}  {'yes' if row.fitted else 'no'}"
        )
        if not row.holds:
            missed = f"MISSED: {row.cause}".rstrip(": ")
            yield from wrap(missed, WIDTH, initial_indent="  ", subsequent_indent="  ")
    held = sum(row.holds for row in table)
    yield from wrap(
        f"{held} of {len(table)} rows hold; where a number is published and no cause of a miss is"
        f" known the error is {rms_share(table):.3f} of the bound, root mean square.",
        WIDTH,
    )
