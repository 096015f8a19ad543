"""A picture of one run: truth against estimate with its two-sigma band, the error below."""

from pathlib import Path
from typing import Any

from filmgauge_sim.score.run import GAUGE, RunLog

_TRUTH, _GAUGE, _OTHER = "#222222", "#1f5fa8", "#c8502b"
_BASELINE = "reset-counter"
_POINTS = 4000


def save_picture(log: RunLog, counted_from_s: float, path: Path) -> None:
    """Write PNG or SVG, by the name's ending. Raises OSError, ModuleNotFoundError."""
    from matplotlib.figure import Figure

    every = max(1, len(log.time_s) // _POINTS)
    days = [time_s / 86400.0 for time_s in log.time_s[::every]]
    true = [100.0 * value for value in log.soc[::every]]
    track = log.tracks[GAUGE]
    said = [100.0 * value for value in track.soc[::every]]
    band = [200.0 * value for value in track.sigma[::every]]
    other = [100.0 * value for value in log.tracks[_BASELINE].soc[::every]]

    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    low = [max(0.0, value - width) for value, width in zip(said, band, strict=True)]
    high = [min(100.0, value + width) for value, width in zip(said, band, strict=True)]
    upper.fill_between(days, low, high, color=_GAUGE, alpha=0.22, lw=0, label="gauge, two sigma")
    upper.plot(days, true, color=_TRUTH, lw=1.0, label="truth")
    upper.plot(days, said, color=_GAUGE, lw=1.0, ls="--", label="gauge")
    upper.set(ylabel="state of charge / %", ylim=(-3, 103))
    upper.set_title(f"{log.family}, seed {log.seed}", loc="left")
    upper.legend(**_above(3))

    errors = [one - other for one, other in zip(said, true, strict=True)]
    others = [one - other for one, other in zip(other, true, strict=True)]
    lower.fill_between(days, [-b for b in band], band, color=_GAUGE, alpha=0.22, lw=0)
    lower.plot(days, others, color=_OTHER, lw=0.8, alpha=0.7, label="counter with resets")
    lower.plot(days, errors, color=_GAUGE, lw=1.0, label="gauge")
    lower.axhline(0.0, color=_TRUTH, lw=0.6)
    if counted_from_s <= log.time_s[-1]:
        for axes in (upper, lower):
            axes.axvline(counted_from_s / 86400.0, color="grey", lw=0.8, ls=":")
    lower.set(xlabel="time / days (counted from the dotted line on)", ylabel="error / %")
    lower.set_ylim(*_limits(log, errors, band, days, counted_from_s))
    lower.legend(**_above(2))
    for axes in (upper, lower):
        axes.grid(True, alpha=0.25)
        axes.set_xlim(days[0], days[-1])
    figure.savefig(path, dpi=130)


def _above(columns: int) -> dict[str, Any]:
    """Place of a legend above its axes, where no curve runs."""
    return {
        "loc": "lower right",
        "bbox_to_anchor": (1.0, 1.0),
        "ncols": columns,
        "fontsize": "small",
        "frameon": False,
    }


def _limits(
    log: RunLog, errors: list[float], band: list[float], days: list[float], counted_from_s: float
) -> tuple[float, float]:
    """Errors and band of the counted part fill the picture, not what was unknown before."""
    shown = [
        max(abs(error), width)
        for error, width, day in zip(errors, band, days, strict=True)
        if day * 86400.0 >= counted_from_s
    ]
    reach = 1.3 * max(shown, default=50.0)
    return -reach, reach
