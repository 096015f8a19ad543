"""What several commands share: options, a time, wrong input, files of the user, progress."""

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.terminal.screen import can_draw

BROKER_HELP = (
    "mqtt://[user[:password]@]host[:port] or mqtts://...; the password may instead be in "
    "FILMGAUGE_MQTT_PASSWORD."
)
BROKER_VARIABLE = "FILMGAUGE_BROKER"
BROKER_USUAL = "mqtt://127.0.0.1:1883"
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
EITHER = click.Path(path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
PORT = click.option(
    "--port", help="Serial port, such as /dev/ttyACM0  [default: the only one with USB]"
)
# How long something goes on is --for everywhere; --duration means the same.
FOR_ALIAS = {"token_normalize_func": lambda name: "for" if name == "duration" else name}
_UNITS_S = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def _within(low: float | None, high: float | None) -> str:
    """Return the bounds of a range in words."""
    bounds = [(word, at) for word, at in (("from", low), ("to", high)) if at is not None]
    return "".join(f" {word} {at if isinstance(at, int) else f'{at:g}'}" for word, at in bounds)


class FiniteRange(click.FloatRange):
    """A number within bounds: not NaN, which no bound refuses, nor an infinite one."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the number. Fails as click does."""
        try:
            is_finite = math.isfinite(float(value))
        except ValueError:
            is_finite = False
        if not is_finite:
            self.fail(f"{value} is not a number{_within(self.min, self.max)}.", param, ctx)
        return super().convert(value, param, ctx)


class IntegerRange(click.IntRange):
    """A whole number within bounds, which are named also where it is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number. Fails as click does."""
        try:
            int(value)
        except ValueError:
            self.fail(f"{value} is not a whole number{_within(self.min, self.max)}.", param, ctx)
        return super().convert(value, param, ctx)


class Duration(click.ParamType[float]):
    """A positive time: 90, 90s, 5m or 5min, 2h or 1d; converts to seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the time. Fails as click does."""
        if isinstance(value, float):
            return value
        number = value.rstrip("abcdefghijklmnopqrstuvwxyz")
        try:
            seconds = float(number) * _UNITS_S[value.removeprefix(number)]
        except (ValueError, KeyError):
            seconds = 0.0
        if not 0 < seconds <= 3650 * 86400:
            self.fail(f"{value!r} must be a time above 0 such as 90s, 5min, 2h or 1d", param, ctx)
        return seconds


def show(as_json: bool, table: object, lines: Iterable[str]) -> None:
    """Print a result: one JSON object, or lines for people."""
    for line in [json.dumps(table)] if as_json else lines:
        click.echo(line)


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn a ValueError, which says what is wrong with the input, into an InputError."""
    try:
        yield
    except FilmgaugeError:
        raise
    except ValueError as error:
        raise InputError(str(error).rstrip(".")) from None


def user_file(variable: str, usual: str, name: str) -> Path:
    """Return the path of a file of filmgauge in a directory of the XDG specification.

    usual: the directory in the user's home where the environment variable is not set.
    """
    given = os.environ.get(variable, "")
    base = Path(given) if os.path.isabs(given) else Path.home() / usual
    return base / "filmgauge" / name


def make_folder(folder: Path, option: str = "") -> None:
    """Make a folder with its parents; raise InputError, naming the option, where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{option} {folder} cannot be created: {error.strerror}".strip()
        ) from None


@contextmanager
def progress(total: int | None, what: str) -> Iterator[Callable[..., None]]:
    """A bar on a terminal, nothing elsewhere; call what is given once for every part done,
    with a new description if there is one.

    A total of None is one that nobody knows.
    """
    if not can_draw(sys.stderr):
        yield lambda what="": None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(what), total=total)
        yield lambda what="": bar.update(task, advance=1, description=escape(what) or None)
