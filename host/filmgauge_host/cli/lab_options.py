"""What the experiments of the laboratory have in common: cell, outputs, errors."""

import functools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from filmgauge_host.atomic_file import Content, replaced_file, write_all
from filmgauge_host.cli.options import FILE, FiniteRange, input_errors, show
from filmgauge_host.errors import InputError, needs
from filmgauge_sim import Cell
from filmgauge_sim.lab.figures import Picture
from filmgauge_sim.lab.paper_samples import PaperSample
from filmgauge_sim.lab.specimen import Specimen
from filmgauge_sim.lab.trace import Trace

CURRENT = FiniteRange(1e-3, 1e5)
DURATION = FiniteRange(1e-3, 1e9)
STOICHIOMETRY = FiniteRange(0.0, 1.0)
own_capacity_option = click.option(
    "--own-capacity",
    is_flag=True,
    help="Take the set's capacity instead of that of the published sample.",
)


def stoichiometry_option(usual: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the option with which charge the cell begins."""
    return click.option(
        "--stoichiometry",
        type=STOICHIOMETRY,
        default=usual,
        show_default=True,
        help="Charge of the cell when it begins, 1 is full.",
    )


@dataclass(frozen=True, slots=True)
class Setup:
    """The common options of one experiment."""

    cell: str
    area_cm2: float
    temperature_c: float
    seed: int | None
    as_json: bool
    plot: Path | None
    bdf: Path | None

    def make_cell(self, soc: float, **how: Any) -> Cell:
        """The cell that was asked for, at a state of charge; `how` as filmgauge_sim.Cell."""
        return Cell(self.cell, self.area_cm2, soc=soc, seed=self.seed, **how)

    def specimen(self, soc: float, **how: Any) -> Specimen:
        """Its model, which the experiments act on."""
        return self.make_cell(soc, **how).specimen

    def sample(self, published: PaperSample, own_capacity: bool, **how: Any) -> Specimen:
        """The specimen, discharged; of a published sample's cell with that sample's capacity."""
        is_published = self.cell == published.cell and not own_capacity
        factor = published.capacity_factor if is_published else 1.0
        return self.specimen(0.0, capacity_factor=factor, **how)

    def trace(self) -> Trace | None:
        """A record, when a file is asked for that needs one."""
        return Trace() if self.plot or self.bdf else None

    def report(
        self,
        result: dict[str, Any],
        lines: Iterable[str],
        *,
        title: str,
        picture: Picture | None = None,
        trace: Trace | None = None,
        files: Mapping[Path, Content] | None = None,
    ) -> None:
        """Write the files that were asked for, then the result as JSON or as lines.

        title: what was done; lines and picture begin with it, the cell and its area.
        """
        title = f"{Path(self.cell).stem}, {title}"
        written = dict(files or {})
        if self.bdf is not None:
            if trace is None:
                raise InputError("--bdf does not apply here: there is no course in time")
            written[self.bdf] = Content(trace.to_bdf(self.area_cm2).encode())
        if self.plot is not None and picture is not None:
            picture = replace(picture, title=title)
            written[self.plot] = Content(picture.image(self.plot.suffix))
        write_all(written)
        show(self.as_json, {"cell": self.cell, "shows": title, **result}, [title, *lines])


def experiment(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the common options as its first argument, and turn errors into sentences."""

    @click.option("--cell", default="pre-li", show_default=True, help="Name of a set, or a TOML.")
    @click.option("--area", type=float, default=1.0, show_default=True, help="Film area, cm2.")
    @click.option("--temperature", type=float, default=25.0, show_default=True, help="degC.")
    @click.option("--seed", type=int, default=None, help="Draw a cell from the set's spread.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.option("--plot", type=FILE, default=None, help="Write a picture (.png or .svg).")
    @click.option("--bdf", type=FILE, default=None, help="Write Battery Data Format (CSV).")
    @functools.wraps(command)
    def wrapped(
        cell: str,
        area: float,
        temperature: float,
        seed: int | None,
        as_json: bool,
        plot: Path | None,
        bdf: Path | None,
        **options: Any,
    ) -> None:
        check_area_and_temperature(area, temperature)
        check_plot(plot)
        check_outputs(plot, bdf)
        with sentences():
            command(Setup(cell, area, temperature, seed, as_json, plot, bdf), **options)

    return wrapped


def check_area_and_temperature(area_cm2: float, temperature_c: float) -> None:
    """Raise InputError for a film or a temperature that no cell has."""
    if not 1e-4 <= area_cm2 <= 1e4:
        raise InputError(f"--area must be 0.0001 to 10000 cm2, not {area_cm2:g}")
    if not -40.0 <= temperature_c <= 85.0:
        raise InputError(f"--temperature must be -40 to 85 degC, not {temperature_c:g}")


def check_plot(plot: Path | None) -> None:
    """A picture is PNG or SVG. Raises InputError."""
    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise InputError(f"--plot must end in .png or .svg, not {plot.name}")


def check_outputs(*paths: Path | None) -> None:
    """Before long work: that the files can be written, each to its own. Raises InputError."""
    given = [path for path in paths if path is not None]
    for path in given:
        try:
            target = replaced_file(path)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from None
        if target is None:  # a pipe, say, which is opened once there is something to write
            continue
        if not target.parent.is_dir():
            raise InputError(f"{path}: there is no folder {target.parent}")
        try:
            tempfile.TemporaryFile(dir=target.parent).close()  # root may write, but not into /proc
        except OSError:
            raise InputError(f"{path}: the folder {target.parent} cannot be written to") from None
    if len({path.resolve() for path in given}) < len(given):
        raise InputError(f"{given[0]} is given for two files")


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what a user can do something about into one sentence and an exit code."""
    try:
        with needs("lab"), input_errors():
            yield
    except BrokenPipeError:  # of standard output, whose reader has enough
        raise
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None


class Numbers(click.ParamType[list[float]]):
    """Numbers separated by commas, each within bounds."""

    name = "numbers"

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[float]:
        """Read the list. Fails as click does, naming the bounds."""
        if isinstance(value, list):
            return value
        try:
            numbers = [float(part) for part in str(value).split(",")]
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers such as 1,2,8", param, ctx)
        if not all(self._low <= number <= self._high for number in numbers):
            self.fail(f"every number must be {self._low:g} to {self._high:g}", param, ctx)
        return numbers
