"""`filmgauge size`: how large a cell and a harvester a node needs to live for years."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.cli.lab_options import check_outputs, check_plot
from filmgauge_host.cli.options import (
    EITHER,
    FILE,
    JSON,
    FiniteRange,
    IntegerRange,
    input_errors,
    progress,
    show,
)
from filmgauge_host.errors import FilmgaugeError, needs

if TYPE_CHECKING:
    from filmgauge_host.cli.dask_workers import DaskWorkers
    from filmgauge_host.virtual.worst_month import Verified
    from filmgauge_sim.notebook.sizes import Bar, SizingResult

_MOST_VALUES = 1000
_PARTS = 100  # of a bar


class Values(click.ParamType):
    """Some numbers: 10,20,40, or 10:80:8 for eight from 10 to 80, each the same factor apart."""

    name = "values"

    def __init__(self, whole: bool = False) -> None:
        self._whole = whole

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Read them. Fails as click does."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = self._numbers(value)
        except (ValueError, ZeroDivisionError):
            numbers = ()
        if self._whole and all(0 < each < 1e9 for each in numbers):
            if ":" not in value and not all(each.is_integer() for each in numbers):
                self.fail(f"{value!r} must be whole numbers above 0 such as 60,3600", param, ctx)
            numbers = tuple(float(round(each)) for each in numbers)
        if not 0 < len(numbers) <= _MOST_VALUES or not all(0 < each < 1e9 for each in numbers):
            self.fail(
                f"{value!r} must be numbers above 0 such as 10,20,40, or FROM:TO:COUNT", param, ctx
            )
        return tuple(sorted(set(numbers)))

    def _numbers(self, text: str) -> tuple[float, ...]:
        if ":" not in text:
            return tuple(float(each) for each in text.split(","))
        low, high, count = text.split(":")
        first, last, steps = float(low), float(high), int(count)
        if steps == 1 or not first < last or steps > _MOST_VALUES:
            raise ValueError
        factor = (last / first) ** (1.0 / (steps - 1))
        return tuple(float(f"{first * factor**step:.4g}") for step in range(steps))


@click.command()
@click.argument("node", type=EITHER)
@click.option(
    "--world",
    required=True,
    help="A world of the package (body, field, home, machine, office) or a TOML file.",
)
@click.option("--cell-cm2", type=Values(), help="Areas of the film  [default: as described]")
@click.option(
    "--harvester-cm2",
    type=Values(),
    help="Areas of the harvester; uW/K2 of a thermoelectric, uW of a constant one, pieces with a"
    " trace of power  [default: as described, one piece]",
)
@click.option("--capacitance-uf", type=Values(), help="Capacitors  [default: as described]")
@click.option(
    "--report-s", type=Values(whole=True), help="From report to report  [default: as described]"
)
@click.option(
    "--years", type=FiniteRange(0.02, 30), default=10.0, show_default=True, help="How long."
)
@click.option(
    "--reports-share",
    type=FiniteRange(0, 100),
    default=100.0,
    show_default=True,
    help="Share of the reports that must be made, per cent.",
)
@click.option(
    "--nodes-share",
    type=FiniteRange(0, 100),
    default=0.0,
    show_default=True,
    help="Share of the drawn nodes that must make them, per cent; 90 takes some minutes.",
)
@click.option(
    "--nodes",
    type=IntegerRange(1, 1000),
    default=40,
    show_default=True,
    help="Nodes that are drawn: cells, harvest and load as they may turn out.",
)
@click.option(
    "--seed",
    type=IntegerRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="Draws the nodes.",
)
@click.option("--plot", type=FILE, help="Picture of it, PNG or SVG.")
@click.option("--workers", help="tcp://HOST:PORT of a scheduler of dask.distributed.")
@click.option(
    "--verify",
    is_flag=True,
    help="Run the worst month of the smallest design with the real firmware.",
)
@JSON
@needs("lab")
def size(
    node: Path,
    world: str,
    cell_cm2: tuple[float, ...] | None,
    harvester_cm2: tuple[float, ...] | None,
    capacitance_uf: tuple[float, ...] | None,
    report_s: tuple[float, ...] | None,
    years: float,
    reports_share: float,
    nodes_share: float,
    nodes: int,
    seed: int,
    plot: Path | None,
    workers: str | None,
    verify: bool,
    as_json: bool,
) -> None:
    """The smallest designs of NODE (a description or its folder) that live through years in a
    world, and what limits the others."""
    from filmgauge_host.cli.size_report import SizeReport
    from filmgauge_sim.notebook.sizes import size as size_designs

    check_plot(plot)
    check_outputs(plot)  # not after minutes of computing
    with _workers(workers) as remote, input_errors():
        result = size_designs(
            node,
            world,
            cell_cm2=cell_cm2 or (),
            harvester_cm2=harvester_cm2 or (),
            capacitance_uf=capacitance_uf or (),
            report_s=[round(each) for each in report_s or ()],
            years=years,
            reports_share_pct=reports_share,
            nodes_share_pct=nodes_share,
            nodes=nodes,
            seed=seed,
            executor=remote and remote.executor,
            bar=_bar(remote and remote.check),
        )
    checked = _verified(result) if verify and result.smallest else None
    report = SizeReport(result)
    show(as_json, report.table(checked), report.lines(checked))
    if plot is not None:
        write_all({plot: Content(_picture(result, plot.suffix))})
    if checked is not None and checked.contradiction:
        raise FilmgaugeError(checked.contradiction)


@contextmanager
def _workers(address: str | None) -> "Iterator[DaskWorkers | None]":
    """Give those of a scheduler, None for the processes of this machine."""
    if address is None:
        yield None
        return
    from filmgauge_host.cli.dask_workers import dask_workers

    with dask_workers(address) as workers:
        yield workers


def _bar(check: Callable[[], None] | None) -> "Bar":
    """Return bars of what is computed; while one is shown, check is called each second."""

    @contextmanager
    def bar(what: str) -> Iterator[Callable[[float], None]]:
        with progress(_PARTS, what) as advance:
            done = 0

            def to(share: float) -> None:
                nonlocal done
                if check is not None:
                    check()
                while done < int(share * _PARTS):
                    done += 1
                    advance()

            yield to

    return bar


def _picture(result: "SizingResult", suffix: str) -> bytes:
    from matplotlib.figure import Figure

    file = io.BytesIO()
    result.plot(Figure()).savefig(file, format=suffix.removeprefix("."), dpi=130)
    return file.getvalue()


def _verified(result: "SizingResult") -> "Verified":
    with needs("sim"):
        from filmgauge_host.virtual.worst_month import verify_worst_month
    chosen = result.smallest[0].nominal
    with input_errors():
        return verify_worst_month(result.description, result.series, chosen)
