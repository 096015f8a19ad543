"""A picture of one run: truth against estimate with its two-sigma band, the error below."""

from typing import Any, BinaryIO

from filmgauge_sim.score.run import GAUGE, RunLog

_TRUTH, _GAUGE, _OTHER = "#222222", "#1f5fa8", "#c8502b"
_BASELINE = "reset-counter"
_POINTS = 4000


def save_picture(log: RunLog, counted_from_s: float, file: BinaryIO) -> None:
    """Write PNG. Raises OSError, ModuleNotFoundError."""
    import numpy as np
    from matplotlib.figure import Figure

    every = slice(None, None, max(1, len(log.time_s) // _POINTS))
    days = np.array(log.time_s)[every] / 86400.0
    true, said, band, other = (
        100.0 * np.array(values)[every]
        for values in (
            log.soc,
            log.tracks[GAUGE].soc,
            log.tracks[GAUGE].sigma,
            log.tracks[_BASELINE].soc,
        )
    )
    band = 2.0 * band

    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    low, high = np.maximum(0.0, said - band), np.minimum(100.0, said + band)
    upper.fill_between(days, low, high, color=_GAUGE, alpha=0.22, lw=0, label="gauge, two sigma")
    upper.plot(days, true, color=_TRUTH, lw=1.0, label="truth")
    upper.plot(days, said, color=_GAUGE, lw=1.0, ls="--", label="gauge")
    upper.set(ylabel="state of charge / %", ylim=(-3, 103))
    upper.set_title(f"{log.family}, seed {log.seed}", loc="left")
    upper.legend(**_above(3))

    errors = said - true
    lower.fill_between(days, -band, band, color=_GAUGE, alpha=0.22, lw=0)
    lower.plot(days, other - true, color=_OTHER, lw=0.8, alpha=0.7, label="counter with resets")
    lower.plot(days, errors, color=_GAUGE, lw=1.0, label="gauge")
    lower.axhline(0.0, color=_TRUTH, lw=0.6)
    lower.set(xlabel="time / days (counted from the dotted line on)", ylabel="error / %")
    # Errors and band of the counted part fill the picture, not what was unknown before.
    shown = np.maximum(np.abs(errors), band)[days * 86400.0 >= counted_from_s]
    reach = 1.3 * shown.max(initial=0.0) if shown.size else 65.0
    lower.set_ylim(-reach, reach)
    lower.legend(**_above(2))
    for axes in (upper, lower):
        if counted_from_s <= log.time_s[-1]:
            axes.axvline(counted_from_s / 86400.0, color="grey", lw=0.8, ls=":")
        axes.grid(True, alpha=0.25)
        axes.set_xlim(days[0], days[-1])
    figure.savefig(file, format="png", dpi=130)


def _above(columns: int) -> dict[str, Any]:
    """Place of a legend above its axes, where no curve runs."""
    return {
        "loc": "lower right",
        "bbox_to_anchor": (1.0, 1.0),
        "ncols": columns,
        "fontsize": "small",
        "frameon": False,
    }
