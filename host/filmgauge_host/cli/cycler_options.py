"""Options of commands that read files of cyclers: which columns, and what the sign means."""

import functools
from collections.abc import Callable

import click

from filmgauge_host.cli.options import input_errors
from filmgauge_sim.lab.cyclers.options import ReadingOptions, Sign, parse_columns


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--columns` and `--sign` as its argument `reading`."""

    @click.option(
        "--columns",
        multiple=True,
        metavar="time=NAME,...",
        help="Columns by name or number, with a unit behind a colon: current='I:mA'.",
    )
    @click.option(
        "--sign",
        type=click.Choice([str(sign) for sign in Sign]),
        default=str(Sign.AS_WRITTEN),
        show_default=True,
        help="What a positive current does in the file.",
    )
    @functools.wraps(command)
    def wrapped(*setup: object, columns: tuple[str, ...], sign: str, **options: object) -> None:
        with input_errors():
            reading = ReadingOptions(parse_columns(columns), Sign(sign))
        command(*setup, reading=reading, **options)

    return wrapped
