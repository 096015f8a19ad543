"""A picture of a sizing: which designs live, and the smallest of them."""

from collections.abc import Sequence
from pathlib import Path

from filmgauge_sim.sizing.bands import Bands
from filmgauge_sim.sizing.design import Outcome

_LIVES, _DIES = "#1f5fa8", "#c8502b"
_COLUMNS = 3


def save_sizing(
    title: str, outcomes: Sequence[Outcome], front: Sequence[Bands], least_share_pct: float,
    path: Path, unit: str = "harvester / cm2",
) -> None:  # fmt: skip
    """Write PNG or SVG, by the name's ending: a panel for each interval of reports and capacitor.

    unit: what stands at the axis of harvesters. Raises OSError, ModuleNotFoundError.
    """
    from matplotlib.figure import Figure

    panels = sorted({(each.design.report_s, each.design.capacitance_uf) for each in outcomes})
    rows = -(-len(panels) // _COLUMNS)
    columns = min(len(panels), _COLUMNS)
    figure = Figure(figsize=(1.5 + 4.2 * columns, 0.9 + 3.7 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axis, panel in zip(axes.flat, panels, strict=False):
        _draw(axis, panel, outcomes, front, least_share_pct)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("film / cm2")
    for axis in axes[:, 0]:
        axis.set_ylabel(unit)
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    figure.savefig(path, dpi=130)


def _draw(axis, panel, outcomes, front, least_share_pct) -> None:
    report_s, capacitance_uf = panel
    here = [
        each
        for each in outcomes
        if (each.design.report_s, each.design.capacitance_uf) == (report_s, capacitance_uf)
    ]
    dead = [each for each in here if not each.meets(least_share_pct)]
    alive = [each for each in here if each.meets(least_share_pct)]
    axis.scatter(
        [each.design.cell_cm2 for each in dead],
        [each.design.harvester_cm2 for each in dead],
        s=14, color=_DIES, marker="x", lw=0.8, label="runs empty",
    )  # fmt: skip
    shown = axis.scatter(
        [each.design.cell_cm2 for each in alive],
        [each.design.harvester_cm2 for each in alive],
        s=22, c=[each.lowest_soc_pct for each in alive], cmap="viridis", vmin=0, vmax=100,
        label="lives; colour: lowest charge / %",
    )  # fmt: skip
    smallest = [each for each in front if each.nominal in here]
    axis.plot(
        [each.nominal.design.cell_cm2 for each in smallest],
        [each.nominal.design.harvester_cm2 for each in smallest],
        "o", ms=9, mfc="none", mec=_LIVES, mew=1.5, label="smallest",
    )  # fmt: skip
    for each in smallest:
        axis.annotate(
            f"{each.nodes_that_meet_pct:.0f} %",
            (each.nominal.design.cell_cm2, each.nominal.design.harvester_cm2),
            textcoords="offset points", xytext=(6, 6), fontsize=7, color=_LIVES,
        )  # fmt: skip
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_title(f"a report in {_time(report_s)}, {capacitance_uf:g} uF", fontsize=9, loc="left")
    axis.grid(True, which="both", alpha=0.2)
    if len(alive):
        axis.figure.colorbar(shown, ax=axis, label="lowest charge / %")
    axis.legend(loc="lower left", fontsize=7)


def _time(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
