"""A recording beside what was simulated, as a picture: voltage above, state of charge below."""

from collections.abc import Callable, Iterator
from math import nan
from typing import Any

from filmgauge_sim.lab.figures import COLOURS, VOLTAGE, Picture
from filmgauge_sim.score.replay import ReplayPoint, ReplayResult


def replay_picture(result: ReplayResult) -> Picture:
    """Return the picture; no line is drawn over a gap."""

    def draw(axes: Any) -> None:
        hours = list(_column(result, lambda p: p.time_s / 3600.0))
        begin_h = hours[0] if hours else 0.0
        hours = [each - begin_h for each in hours]
        voltage, charge = axes
        _plot(voltage, hours, result, "measured", lambda p: p.measured_v)
        _plot(voltage, hours, result, "simulated", lambda p: p.simulated_v)
        voltage.set(ylabel=VOLTAGE)
        _plot(charge, hours, result, "recorded", lambda p: _percent(p.recorded_soc))
        _plot(charge, hours, result, "simulated", lambda p: _percent(p.simulated_soc))
        _plot(charge, hours, result, "gauge", lambda p: _percent(p.gauge_soc))
        low, high = (
            list(_column(result, lambda p, k=k: _percent(p.gauge_soc + k * p.gauge_sigma)))
            for k in (-2, 2)
        )
        charge.fill_between(hours, low, high, color=COLOURS[2], alpha=0.15, linewidth=0)
        charge.set(xlabel="time / h", ylabel="state of charge / %", ylim=(-2, 102))
        for each in axes:
            each.legend(fontsize=8)

    return Picture(draw, panels=2)


def _plot(
    axes: Any,
    hours: list[float],
    result: ReplayResult,
    label: str,
    value: Callable[[ReplayPoint], float | None],
) -> None:
    colour = COLOURS[len(axes.lines) % len(COLOURS)]
    axes.plot(hours, list(_column(result, value)), label=label, color=colour, linewidth=1)


def _column(result: ReplayResult, value: Callable[[ReplayPoint], float | None]) -> Iterator[float]:
    """Yield a value of each point, and nothing at a gap, at which a line ends."""
    for point in result.points:
        found = value(point)
        yield nan if found is None or (point.begins and point is not result.points[0]) else found


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share
