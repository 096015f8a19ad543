"""A picture of a sizing: which designs live, and the smallest of them."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from filmgauge_sim.sizing.bands import Bands, Sureness
from filmgauge_sim.sizing.design import Outcome

_LIVES, _DIES = "#1f5fa8", "#c8502b"
_COLUMNS = 3
# Labels at the axes, times powers of ten: of a range up to ten, and of a wider one.
_NARROW, _WIDE = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0), (1.0, 2.0, 5.0)


def draw_sizing(
    figure: Any,
    harvester_unit: str,
    title: str,
    outcomes: Sequence[Outcome],
    front: Sequence[Bands],
    sureness: Sureness,
) -> None:
    """Draw on a figure of matplotlib: a panel for each interval of reports and capacitor.
    harvester_unit: of what `harvester_cm2` stands for."""
    panels = sorted({_panel(each) for each in outcomes})
    rows = -(-len(panels) // _COLUMNS)
    columns = min(len(panels), _COLUMNS)
    figure.set_size_inches(1.6 + 4.2 * columns, 1.2 + 3.7 * rows)
    figure.set_layout_engine("constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    shown = None
    for axis, panel in zip(axes.flat, panels, strict=False):
        own = [each for each in outcomes if _panel(each) == panel]
        shown = _draw(axis, own, sureness.least_share_pct)
        _mark(axis, [each for each in front if _panel(each.nominal) == panel])
        report_s, capacitance_uf = panel
        axis.set_title(f"a report in {_time(report_s)}, {capacitance_uf:g} uF", fontsize=9)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("film / cm2")
    for axis in axes[:, 0]:
        axis.set_ylabel(f"harvester / {harvester_unit}")
    figure.colorbar(shown, ax=axes, label="lowest charge / %", fraction=0.05 / columns)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)


def _panel(outcome: Outcome) -> tuple[int, float]:
    return outcome.design.report_s, outcome.design.capacitance_uf


def _draw(axis: Any, outcomes: Sequence[Outcome], least_share_pct: float) -> Any:
    """Draw the designs of one panel; return those that live, for the scale of their colours."""
    dead = [each for each in outcomes if not each.meets(least_share_pct)]
    alive = [each for each in outcomes if each.meets(least_share_pct)]
    axis.scatter(*_places(dead), s=14, color=_DIES, marker="x", lw=0.8, label="runs empty")
    lowest = [each.lowest_soc_pct for each in alive]
    shown = axis.scatter(
        *_places(alive), s=22, c=lowest, cmap="viridis", vmin=0, vmax=100, label="lives"
    )
    axis.set(xscale="log", yscale="log")
    axis.grid(True, alpha=0.2)
    places = _places(outcomes)
    for values, scale in zip(places, (axis.xaxis, axis.yaxis), strict=True):
        scale.set_ticks(_ticks(values), minor=False)
        scale.set_ticks([], minor=True)
        scale.set_major_formatter("{x:g}")
    return shown


def _mark(axis: Any, front: Sequence[Bands]) -> None:
    label = "smallest, and how many of the drawn nodes live"
    places = _places([each.nominal for each in front])
    axis.plot(*places, "o", ms=9, mfc="none", mec=_LIVES, mew=1.5, label=label)
    for each, *place in zip(front, *places, strict=True):
        axis.annotate(
            f"{each.nodes_that_meet_pct:.0f} %", place,
            textcoords="offset points", xytext=(6, 6), fontsize=8, color=_LIVES,
        )  # fmt: skip


def _places(outcomes: Sequence[Outcome]) -> tuple[list[float], list[float]]:
    designs = [each.design for each in outcomes]
    return [each.cell_cm2 for each in designs], [each.harvester_cm2 for each in designs]


def _ticks(values: Sequence[float]) -> list[float]:
    """Round numbers between the least and the most, or these where there are too few."""
    low, high = min(values), max(values)
    steps = _NARROW if high <= 10.0 * low else _WIDE
    decades = [[step * 10.0**power for step in steps] for power in range(-6, 7)]
    found = [each for each in chain(*decades) if low <= each <= high]
    return found if len(found) > 1 else [low, high]


def _time(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
