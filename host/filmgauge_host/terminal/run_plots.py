"""Curves of a run: gauge against truth over the time of the scenario, in characters."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import plotext
from rich.text import Text

GAUGE, TRUTH = "cyan", "red"
LEAST_WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 26, 9, 21
_FRAME = 4  # rows of a plot that are not curves: title, frame, times
_FIRST_H = 2.0  # of the time axis, which grows with the run
_ERRORS_PCT = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)

_Range: TypeAlias = tuple[float, float]


class Point(NamedTuple):
    """What a record adds to the curves of its node; hours since the scenario began."""

    hours: float
    true_pct: float
    soc_pct: float
    two_sigma_pct: float
    voltage_v: float


class _Curve(NamedTuple):
    values: Sequence[float]
    color: str
    label: str = ""


class Plot(NamedTuple):
    """One plot: what it shows in which unit, and its curves, the last of them on top."""

    title: str
    hours: Sequence[float]
    levels: _Range
    curves: tuple[_Curve, ...]

    def lines(self, end_h: float, width: int, height: int) -> list[Text]:
        """Return it as lines of `width` characters; end_h: how far the run has come."""
        rows = [self._heading(width)]
        if len(self.hours) < 2:
            rows += [Text(" " * width) for _ in range(height - 1)]
            rows[height // 2] = _centred(Text("no records yet", style="dim"), width)
            return rows
        figure = plotext.figure
        figure.clear()
        figure.plot_size(width, height - 1)
        figure.theme("colorless")
        _draw_times(end_h)
        _draw_levels(self.levels, 5 if (height - _FRAME) % 4 == 1 else 3)
        for curve in self.curves:
            marker = plotext.marker("braille", curve.color)
            figure.draw(figure.signal(self.hours, curve.values, marker=marker).lines())
        drawn = str(figure.build()).splitlines()
        return rows + [Text.from_ansi(line) for line in drawn[: height - 1]]

    def _heading(self, width: int) -> Text:
        """Return the title, with the name of each curve in its colour where there is room."""
        names = [Text(curve.label, style=curve.color) for curve in self.curves if curve.label]
        full = Text.assemble(self.title, ": ", Text(", ").join(reversed(names)))
        return _centred(full if names and len(full) < width else Text(self.title), width)


def soc_plot(name: str, points: Iterable[Point]) -> Plot:
    """Return the state of charge of a node beside the truth."""
    hours, true_pct, soc_pct, *_ = _columns(points)
    curves = _Curve(true_pct, TRUTH, "truth"), _Curve(soc_pct, GAUGE, "gauge")
    return Plot(f"{name} SoC %".strip(), hours, (0.0, 100.0), curves)


def plots_of_one(points: Iterable[Point]) -> list[Plot]:
    """Return what there is room for with a single node: charge, its error, and voltage."""
    points = tuple(points)
    hours, true_pct, soc_pct, two_sigma_pct, voltage_v = _columns(points)
    error_pct = [soc - true for soc, true in zip(soc_pct, true_pct, strict=True)]
    minus_pct = [-value for value in two_sigma_pct]
    worst_pct = max(map(abs, (*error_pct, *two_sigma_pct)), default=0.0)
    bound_pct = next((bound for bound in _ERRORS_PCT if bound >= worst_pct), _ERRORS_PCT[-1])
    errors = (
        _Curve(two_sigma_pct, "yellow", "two sigma"),
        _Curve(minus_pct, "yellow"),
        _Curve(error_pct, GAUGE, "gauge"),
    )
    low_v = math.floor(min(voltage_v, default=0.0))
    high_v = max(low_v + 1, math.ceil(max(voltage_v, default=0.0)))
    return [
        soc_plot("", points),
        Plot("error %", hours, (-bound_pct, bound_pct), errors),
        Plot("cell V", hours, (low_v, high_v), (_Curve(voltage_v, "green"),)),
    ]


def _columns(points: Iterable[Point]) -> list[list[float]]:
    rows = list(points)
    return [[row[column] for row in rows] for column in range(len(Point._fields))]


def _draw_times(hours: float) -> None:
    """Draw an axis that does not move with every record."""
    end_h = _FIRST_H
    while end_h < hours:
        end_h *= 1.5 if end_h == 8.0 else 2.0  # 2, 4, 8, 12, 24, 48 hours, then 4, 8, 16 days
    unit_h, unit = (24, "d") if end_h > 48.0 else (1, "h")
    ticks = [end_h * part / 4 for part in range(5)]
    labels = [f"{tick / unit_h:g}" for tick in ticks]
    labels[0] += f" {unit}"  # where there is always room
    plotext.figure.ruler("x").lim(0.0, end_h)
    plotext.figure.ruler("x").ticks(ticks, labels)


def _draw_levels(levels: _Range, count: int) -> None:
    low, high = levels
    ticks = [low + (high - low) * part / (count - 1) for part in range(count)]
    plotext.figure.ruler("y").lim(low, high)
    plotext.figure.ruler("y").ticks(ticks, [f"{tick:g}" for tick in ticks])


def _centred(text: Text, width: int) -> Text:
    text.align("center", width)
    return text
