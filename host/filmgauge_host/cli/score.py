"""`filmgauge score`: how far the gauge is from the truth, and how far other gauges are."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from filmgauge_sim.scenario.scenario import Scenario
    from filmgauge_sim.score.families import Family
    from filmgauge_sim.score.table import FamilyScore

_MOST_SEEDS = 10_000


@click.command()
@click.argument("families", metavar="[FAMILY]...", nargs=-1)
@click.option(
    "--scenario",
    help="Score a scenario (name or TOML file) instead of families.",
)
@click.option("--seeds", type=click.IntRange(1, _MOST_SEEDS), default=4, show_default=True)
@click.option("--first-seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--runtime",
    type=click.Choice(["gauge", "cpython", "micropython"]),
    default="gauge",
    show_default=True,
    help="One gauge all the time; or asleep between readings, in a runtime; with --scenario the"
    " whole node.",
)
@click.option("--float32", "single", is_flag=True, help="Single precision, as on a board (slow).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for a picture of each family's first seed.",
)
def score(
    families: tuple[str, ...],
    scenario: str | None,
    seeds: int,
    first_seed: int,
    runtime: Literal["gauge", "cpython", "micropython"],
    single: bool,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Score the gauge against the truth, in FAMILY... or in all families.

    Exits with 1 when a bound is missed.
    """
    if runtime != "gauge" and scenario is not None:
        if single or plot is not None:
            from filmgauge_host.errors import InputError

            raise InputError("--scenario with --float32 or --plot needs --runtime gauge")
        _score_nodes(families, scenario, range(first_seed, first_seed + seeds), runtime, as_json)
        return
    from filmgauge_sim.score.run import Options
    from filmgauge_sim.score.table import scores

    options = _options(Options, single, runtime)
    chosen = _chosen(families) if scenario is None else [_from_scenario(families, scenario)]
    if plot is not None:
        _make_folder(plot)
    numbers = range(first_seed, first_seed + seeds)
    done: list[FamilyScore] = []
    with _progress(len(chosen) * seeds) as on_run:
        for each in scores(chosen, numbers, options, on_run=on_run):
            done.append(each)
            if plot is not None:
                _draw(each, plot)
    if as_json:
        head = {"seeds": seeds, "first_seed": first_seed, "runtime": runtime}
        click.echo(json.dumps({**head, **_as_dict(done)}))
    else:
        from filmgauge_host.terminal.score_table import print_scores

        print_scores(done)
    if not all(each.is_met for each in done):
        click.get_current_context().exit(1)


def _score_nodes(
    families: tuple[str, ...],
    path: str,
    seeds: range,
    runtime: Literal["cpython", "micropython"],
    as_json: bool,
) -> None:
    """Whole nodes in a scenario: what they publish against the truth. There are no bounds."""
    from filmgauge_host.errors import FilmgaugeError, InputError
    from filmgauge_host.virtual.node_score import score_nodes

    scenario = _scenario(families, path)
    try:
        found = score_nodes(scenario, seeds, runtime)
    except ValueError as error:
        raise error if isinstance(error, InputError) else InputError(str(error)) from None
    if not any(gauge["records"] for gauge in found.values()):
        raise FilmgaugeError(f"no node of {scenario.name} has reported a state of charge")
    if as_json:
        each = {name: {"gauge": gauge, "baselines": {}} for name, gauge in found.items()}
        click.echo(json.dumps({"scenario": scenario.name, "runtime": runtime, "families": each}))
        return
    for name, gauge in found.items():
        click.echo(f"{name}: {gauge['records']} records, " + _told(gauge))


def _told(gauge: dict[str, Any]) -> str:
    if not gauge["records"]:
        return "no state of charge"
    return (
        f"RMSE {gauge['soc_rmse_pct']:.2f} %, worst {gauge['soc_max_pct']:.2f} %,"
        f" {gauge['coverage_pct']:.1f} % within two sigma"
    )


def _scenario(families: tuple[str, ...], path: str) -> "Scenario":
    from filmgauge_host.errors import InputError
    from filmgauge_sim.scenario.scenario import ScenarioError, load_scenario

    if families:
        raise InputError("FAMILY and --scenario exclude each other: give one of them")
    try:
        return load_scenario(path)
    except ScenarioError as error:
        raise InputError(str(error)) from None


def _from_scenario(families: tuple[str, ...], path: str) -> "Family":
    from filmgauge_host.errors import InputError
    from filmgauge_sim.scenario.scenario import ScenarioError
    from filmgauge_sim.score.from_scenario import family_of

    try:
        return family_of(_scenario(families, path))
    except ScenarioError as error:
        raise InputError(str(error)) from None


def _chosen(names: tuple[str, ...]) -> "list[Family]":
    from filmgauge_host.errors import InputError
    from filmgauge_sim.score.families import FAMILIES

    for name in names:
        if name not in FAMILIES:
            raise InputError(f"FAMILY must be one of {', '.join(FAMILIES)}, not {name!r}")
    return [FAMILIES[name] for name in dict.fromkeys(names or FAMILIES)]


def _options(make: Any, single: bool, runtime: str) -> Any:
    from filmgauge_host.errors import InputError

    try:
        return make(single=single, runtime=runtime)
    except ValueError as error:
        raise InputError(str(error)) from None


def _make_folder(folder: Path) -> None:
    from filmgauge_host.errors import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--plot {folder} cannot be created: {error.strerror}") from None


def _progress(total: int) -> Any:
    from filmgauge_host.terminal.score_table import progress

    return progress(total)


def _draw(scored: "FamilyScore", folder: Path) -> None:
    from filmgauge_host.errors import InputError
    from filmgauge_sim.score.family_figures import counted_from_s
    from filmgauge_sim.score.picture import save_picture

    begins_s = counted_from_s(scored.first, scored.family.counted)
    try:
        save_picture(scored.first, begins_s, folder / f"{scored.family.name}.png")
    except OSError as error:
        raise InputError(f"--plot {folder} cannot be written: {error.strerror}") from None


def _as_dict(done: "list[FamilyScore]") -> dict[str, Any]:
    return {"families": {each.family.name: each.as_dict() for each in done}}
