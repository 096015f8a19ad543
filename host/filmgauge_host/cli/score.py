"""`filmgauge score`: how far the gauge is from the truth, and how far other gauges are."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from filmgauge_host.atomic_file import written
from filmgauge_host.cli.options import (
    FOLDER,
    JSON,
    IntegerRange,
    input_errors,
    make_folder,
    progress,
    show,
)
from filmgauge_host.cli.score_rows import print_rows
from filmgauge_host.errors import FilmgaugeError, InputError, needs
from filmgauge_sim.cell.parameters import PHYSICS
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.scenario import Scenario
from filmgauge_sim.score.bounds import Check
from filmgauge_sim.score.families import FAMILIES, LINEAR, Family
from filmgauge_sim.score.family_figures import counted_from_s
from filmgauge_sim.score.from_scenario import family_of
from filmgauge_sim.score.modifiers import MODIFIERS, PLAIN
from filmgauge_sim.score.picture import save_picture
from filmgauge_sim.score.rows import quick_rows, rows
from filmgauge_sim.score.run import Options
from filmgauge_sim.score.table import FamilyScore, scores
from filmgauge_sim.score.whole import whole_score

_MOST_SEEDS = 10_000
_SEEDS, _QUICK_SEEDS = 4, 2
_COLUMNS = (
    ("SoC RMSE", "soc_rmse_pct"),
    ("p95", "soc_p95_pct"),
    ("worst", "soc_max_pct"),
    ("in 2 sigma", "coverage_pct"),
    ("avail. RMSE", "available_rmse_pct"),
    ("worst", "available_max_pct"),
    ("capacity", "capacity_error_pct"),
    ("resist.", "resistance_error_pct"),
    ("to empty", "tte_error_pct"),
)
_NARROWEST, _NARROWEST_ROWS = 120, 160  # a table that goes into a file has no terminal to ask


@click.command()
@click.argument("families", metavar="[FAMILY]...", nargs=-1)
@click.option("--scenario", help="Score a scenario (name or TOML file) instead of families.")
@click.option(
    "--physics",
    type=click.Choice(PHYSICS),
    multiple=True,
    help="Draw the cells in another physics than the profile's.",
)
@click.option(
    "--modifier",
    "modifiers",
    type=click.Choice([PLAIN.name, *MODIFIERS]),
    multiple=True,
    help="Draw cells or nodes that differ in one more way; plain for none.",
)
@click.option("--all", "whole", is_flag=True, help="All physics, all modifiers where they matter.")
@click.option("--quick", is_flag=True, help="A dozen rows of --all within a minute.")
@click.option(
    "--seeds",
    type=IntegerRange(1, _MOST_SEEDS),
    help=f"Cells of each row  [default: {_SEEDS}; {_QUICK_SEEDS} with --quick]",
)
@click.option(
    "--first-seed",
    type=IntegerRange(0),
    default=1,
    show_default=True,
    help="Of the cells: this one and those that follow are drawn.",
)
@click.option(
    "--runtime",
    type=click.Choice(["gauge", "cpython", "micropython"]),
    default="gauge",
    show_default=True,
    help="One gauge all the time; or asleep between readings, in a runtime; with --scenario the"
    " whole node.",
)
@click.option("--float32", "single", is_flag=True, help="Single precision, as on a board (slow).")
@JSON
@click.option("--plot", type=FOLDER, help="Directory for a picture of each family's first seed.")
@needs("sim")
def score(
    families: tuple[str, ...],
    scenario: str | None,
    physics: tuple[str, ...],
    modifiers: tuple[str, ...],
    whole: bool,
    quick: bool,
    seeds: int | None,
    first_seed: int,
    runtime: Literal["gauge", "cpython", "micropython"],
    single: bool,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Score the gauge against the truth, in FAMILY... or in all families.

    The cells are drawn around the model of the profile, or with --physics, --modifier, --all and
    --quick in other physics and with other differences, each a row with bounds of its own.

    Exits with 1 when a bound is missed; a sigma that is wider than need be is only a remark.
    """
    seeds = seeds or (_QUICK_SEEDS if quick else _SEEDS)
    drawn = physics or modifiers or whole or quick
    if quick and (families or physics or modifiers or whole):
        raise InputError(
            "--quick chooses its rows: leave FAMILY, --physics, --modifier, --all out"
        )
    if scenario is not None and drawn:
        raise InputError(
            "--scenario has its own cell: leave --physics, --modifier, --all, --quick"
        )
    if runtime != "gauge" and scenario is not None:
        if single or plot is not None:
            raise InputError("--scenario with --float32 or --plot needs --runtime gauge")
        _score_nodes(families, scenario, range(first_seed, first_seed + seeds), runtime, as_json)
        return
    with input_errors():
        options = Options(single=single, runtime=runtime)
        if scenario is not None:
            chosen = [family_of(_scenario(families, scenario))]
        elif quick:
            chosen = quick_rows()
        elif drawn:
            chosen = _rows(families, physics, modifiers, whole)
        else:
            chosen = _chosen(families)
    if plot is not None:
        make_folder(plot, "--plot")
    numbers = range(first_seed, first_seed + seeds)
    done: list[FamilyScore] = []
    with progress(len(chosen) * seeds, "runs") as advance:
        for each in scores(chosen, numbers, options, on_run=lambda family, seed: advance(family)):
            done.append(each)
            if plot is not None:
                _draw(each, plot)
    together = whole_score(done)
    if as_json:
        head = {"seeds": seeds, "first_seed": first_seed, "runtime": runtime}
        found = {each.family.title: each.as_dict() for each in done}
        rest = {"whole": together.as_dict()} if drawn else {}
        click.echo(json.dumps({**head, "families": found, **rest}))
    elif drawn:
        print_rows(_console(_NARROWEST_ROWS), done, together)
        _print_bounds(done)
    else:
        _print_scores(done)
    is_met = all(each.is_met for each in done)
    if not is_met or (whole and not together.check.is_met):
        click.get_current_context().exit(1)


def _score_nodes(
    families: tuple[str, ...],
    path: str,
    seeds: range,
    runtime: Literal["cpython", "micropython"],
    as_json: bool,
) -> None:
    """Whole nodes in a scenario: what they publish against the truth. There are no bounds."""
    from filmgauge_host.virtual.session import score_nodes

    with input_errors():
        scenario = _scenario(families, path)
        found = score_nodes(scenario, seeds, runtime)
    if not any(gauge["records"] for gauge in found.values()):
        raise FilmgaugeError(f"no node of {scenario.name} has reported a state of charge")
    each = {name: {"gauge": gauge, "baselines": {}} for name, gauge in found.items()}
    table = {"scenario": scenario.name, "runtime": runtime, "families": each}
    lines = [
        f"{name}: {gauge['records']} records, {_gauge_text(gauge)}"
        for name, gauge in found.items()
    ]
    show(as_json, table, lines)


def _gauge_text(gauge: dict[str, Any]) -> str:
    if not gauge["records"]:
        return "no state of charge"
    return (
        f"RMSE {gauge['soc_rmse_pct']:.2f} %, worst {gauge['soc_max_pct']:.2f} %,"
        f" {gauge['coverage_pct']:.1f} % within two sigma"
    )


def _scenario(families: tuple[str, ...], path: str) -> Scenario:
    if families:
        raise InputError("FAMILY and --scenario exclude each other: give one of them")
    return load_scenario(path)


def _chosen(names: tuple[str, ...]) -> list[Family]:
    for name in names:
        if name not in FAMILIES:
            raise InputError(f"FAMILY must be one of {', '.join(FAMILIES)}, not {name!r}")
    return [FAMILIES[name] for name in dict.fromkeys(names or FAMILIES)]


def _rows(
    families: tuple[str, ...], physics: tuple[str, ...], modifiers: tuple[str, ...], whole: bool
) -> list[Family]:
    """The rows that the options ask for: what is not named is all of it with --all, else the
    profile's physics and no modifier."""
    names = [family.name for family in _chosen(families)] if families else []
    if not whole:
        physics, modifiers = physics or (LINEAR,), modifiers or (PLAIN.name,)
    return rows(names, physics or PHYSICS, modifiers)


def _draw(scored: FamilyScore, folder: Path) -> None:
    begins_s = counted_from_s(scored.first, scored.family.counted)
    path = folder / f"{scored.family.title.replace(' ', '-')}.png"
    with needs("lab"), written(path) as file:
        save_picture(scored.first, begins_s, file)


def _print_scores(scored: Sequence[FamilyScore]) -> None:
    """Print figures in per cent, then what every family misses."""
    console = _console(_NARROWEST)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("family")
    table.add_column("gauge")
    for title, _ in _COLUMNS:
        table.add_column(title, justify="right")
    for each in scored:
        rows = {"ours": each.gauge, **each.baselines}
        for at, (name, figures) in enumerate(rows.items()):
            style = "bold" if name == "ours" else "dim"
            family = Text("" if at else each.family.name)  # a scenario's may have brackets
            table.add_row(family, name, *_cells(figures), style=style)
        before = each.gauge["before"]
        table.add_row("", "ours before", *_cells({**before}), style="dim")
    console.print(table)
    console.print("All in %; counted from each family's own beginning on.\n")
    _print_bounds(scored)


def _console(narrowest: int) -> Console:
    console = Console()
    console.width = max(console.width, narrowest)
    return console


def _print_bounds(scored: Sequence[FamilyScore]) -> None:
    """Print what every row misses."""
    console = _console(_NARROWEST)
    for each in scored:
        missed = [check for check in each.checks if not check.is_met]
        state = Text("met", "green") if each.is_met else Text("missed", "red")
        why = "; ".join(missed_text(check) for check in missed)
        console.print(Text.assemble(f"{each.family.title:12} bounds ", state, f" {why}"))


def _cells(figures: dict[str, Any]) -> list[str]:
    values = [figures.get(key) for _, key in _COLUMNS]
    return ["-" if value is None else f"{value:.2f}" for value in values]


def missed_text(check: Check) -> str:
    """Say what a bound that is missed asks for."""
    value = "unknown" if check.value is None else f"{check.value:.2f}"
    if check.low is None:
        return f"{check.name} {value} > {check.high:g}"
    if check.is_cautious:
        return f"sigma is wider than need be, {check.name} {value} > {check.high:g}"
    if check.high is None:
        return f"{check.name} {value} < {check.low:g}"
    return f"{check.name} {value} not in {check.low:g}..{check.high:g}"
