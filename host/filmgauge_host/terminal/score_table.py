"""The score as a person reads it: a table of figures, and the bounds that are missed."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from filmgauge_sim.score.bounds import Check
from filmgauge_sim.score.table import FamilyScore

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
_NARROWEST = 120  # a table that goes into a file has no terminal to ask


def print_scores(scores: Sequence[FamilyScore]) -> None:
    """Print figures in per cent, then what every family misses."""
    console = Console()
    console.width = max(console.width, _NARROWEST)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("family")
    table.add_column("gauge")
    for title, _ in _COLUMNS:
        table.add_column(title, justify="right")
    for each in scores:
        rows = {"ours": each.gauge, **each.baselines}
        for at, (name, figures) in enumerate(rows.items()):
            style = "bold" if name == "ours" else "dim"
            table.add_row("" if at else each.family.name, name, *_cells(figures), style=style)
        before = each.gauge["before"]
        table.add_row("", "ours before", *_cells({**before}), style="dim")
    console.print(table)
    console.print("All in %; counted from each family's own beginning on.\n")
    for each in scores:
        missed = [check for check in each.checks if not check.is_met]
        state = "[red]missed[/]" if missed else "[green]met[/]"
        why = "; ".join(missed_text(check) for check in missed)
        console.print(f"{each.family.name:12} bounds {state} {why}", highlight=False)


def _cells(figures: dict[str, Any]) -> list[str]:
    values = [figures.get(key) for _, key in _COLUMNS]
    return ["-" if value is None else f"{value:.2f}" for value in values]


def missed_text(check: Check) -> str:
    """Say what a bound that is missed asks for."""
    value = "unknown" if check.value is None else f"{check.value:.2f}"
    if check.low is None:
        return f"{check.name} {value} > {check.high:g}"
    if check.high is None:
        return f"{check.name} {value} < {check.low:g}"
    return f"{check.name} {value} not in {check.low:g}..{check.high:g}"
