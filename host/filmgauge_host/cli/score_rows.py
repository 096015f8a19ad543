"""The whole table of a score on the terminal: a line a row, what is missed, all rows together."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from filmgauge_sim.score.bounds import COVERED, Check
from filmgauge_sim.score.table import FamilyScore
from filmgauge_sim.score.whole import WholeScore

_ERRORS = (
    ("SoC RMSE", "soc_rmse_pct"),
    ("p95", "soc_p95_pct"),
    ("worst", "soc_max_pct"),
    ("avail.", "available_rmse_pct"),
    ("capacity", "capacity_error_pct"),
    ("to empty", "tte_error_pct"),
)
_WHAT = {"soc": "SoC", "available": "avail.", "capacity": "cap.", "tte": "empty"}


def print_rows(console: Console, scored: Sequence[FamilyScore], whole: WholeScore) -> None:
    """Print errors in per cent, the samples within two sigma and the cells that are covered, and
    the best baseline that knows at the start what the gauge knows."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("row", no_wrap=True)
    for title in (*(title for title, _ in _ERRORS), *(f"in 2s {_WHAT[what]}" for what in COVERED)):
        table.add_column(title, justify="right")
    table.add_column("best plain", justify="right")
    table.add_column("times", justify="right")
    for each in scored:
        table.add_row(each.family.title, *row_cells(each), style=None if each.is_met else "yellow")
    console.print(table)
    console.print(
        "All in %. In 2s: samples within two sigma / cells with 85 % of theirs inside. Times: RMSE"
        " over that of the best plain baseline.\n"
    )
    state = "met" if whole.check.is_met else "missed"
    console.print(
        f"all rows: {whole.rows_met} of {whole.rows} meet their bounds; RMSE"
        f" {_number(whole.times_best_plain)} times the best plain baselines' over all, bound"
        f" {whole.check.high:g} {state}; {_number(whole.worst_times_best_plain)} in the worst row",
        highlight=False,
    )


def row_cells(scored: FamilyScore) -> list[str]:
    """The figures of one row."""
    gauge, best = scored.gauge, scored.best_plain
    covered = [_covered(gauge["covered"][what]) for what in COVERED]
    times: Check | None = next((c for c in scored.checks if c.name == "times_best_plain"), None)
    return [
        *(_number(gauge[key]) for _, key in _ERRORS),
        *covered,
        "-" if best is None else f"{best[1]:.2f} {best[0].removesuffix('-counter')}",
        _number(None if times is None else times.value),
    ]


def _covered(covered: dict[str, Any]) -> str:
    if covered["samples_pct"] is None:
        return "-"
    return f"{covered['samples_pct']:.0f}/{covered['cells_pct']:.0f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
