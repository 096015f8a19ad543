"""A node's history as curves of characters: charge with its band, voltage, current.

Records that are missing are gaps in a curve; a dotted line stands where the node began anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import plotext
from rich.text import Text

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal.monitor_table import GREY

HISTORY = 500  # records in a curve
HEIGHT = 12
_BAND, _CURVE, _RESTART = "yellow", "cyan", "gray"
_SECONDS = ("seconds", 1)
_TIME_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), _SECONDS)
_SMALLEST = (12, 5)
_LEVELS = 3


@dataclass(frozen=True, slots=True)
class _Axis:
    """What a curve shows. scale: from the field's unit; least: smallest height of the axis;
    band: a field of which twice is shown on both sides."""

    field: str
    scale: float
    title: str
    decimals: int
    least: float
    band: str = ""


_AXES = (
    _Axis("soc_ppm", 1e-4, "state of charge ± 2 sigma, %", 1, 1.0, "soc_sigma_ppm"),
    _Axis("voltage_uv", 1e-6, "voltage, V", 3, 0.01),
    _Axis("current_pa", 1e-6, "current, uA", 3, 0.01),
)


def curves(history: Sequence[ReceivedRecord], width: int) -> Text:
    """Return the curves side by side, as many as there is room for, in lines of `width`."""
    beside = 1 if width < 100 else 2 if width < 160 else 3
    seconds = node_time(history)
    lines: list[Text] = []
    for first in range(0, len(_AXES), beside):
        axes = _AXES[first : first + beside]
        drawn = [_curve(history, seconds, axis, width // beside, HEIGHT) for axis in axes]
        lines += [Text.assemble(*row) for row in zip(*drawn, strict=True)]
    return Text("\n", no_wrap=True).join(lines)


def node_time(history: Sequence[ReceivedRecord]) -> list[int]:
    """Return each report's seconds before the last one, negative, by the node's own clock.

    The clock stands still while the node has no power: boots follow each other directly.
    """
    total = 0
    times: list[int] = []
    before: ReceivedRecord | None = None
    for received in history:
        up_s = received.value("up_s") or 0
        same_boot = before is not None and before.key[:2] == received.key[:2]
        total += up_s - (before.value("up_s") or 0) if same_boot and before else up_s
        times.append(total)
        before = received
    return [moment - total for moment in times]


def stretches(history: Sequence[ReceivedRecord]) -> list[slice]:
    """Return the parts of a history in which no record is missing and no boot begins."""
    ends = [
        at + 1
        for at, (one, other) in enumerate(pairwise(history))
        if other.key != (*one.key[:2], one.key[2] + 1)
    ]
    return [slice(*pair) for pair in pairwise([0, *ends, len(history)])]


def _curve(
    history: Sequence[ReceivedRecord], seconds: Sequence[int], axis: _Axis, width: int, height: int
) -> list[Text]:
    """Return a plot of exactly `height` lines of `width` characters."""
    values = [received.value(axis.field) for received in history]
    known = [value * axis.scale for value in values if value is not None]
    if len(known) < 2 or width < _SMALLEST[0] or height < _SMALLEST[1]:
        return _blank(f"{axis.title}: no history yet", width, height)
    unit, size = next((unit for unit in _TIME_UNITS if seconds[0] <= -2 * unit[1]), _SECONDS)
    times = [moment / size for moment in seconds]
    bands = [_band(received, axis) for received in history]
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height - 1)
    figure.theme("colorless")
    bottom, top = _range([*known, *(edge for band in bands if band for edge in band)], axis)
    _draw_axes(times[0], bottom, top, axis.decimals)
    for part in stretches(history):
        _draw(times[part], [band and band[0] for band in bands[part]], _BAND)
        _draw(times[part], [band and band[1] for band in bands[part]], _BAND)
        scaled = [None if value is None else value * axis.scale for value in values[part]]
        _draw(times[part], scaled, _CURVE)
    for at, (one, other) in enumerate(pairwise(history)):
        if one.key[:2] != other.key[:2]:
            _draw([times[at + 1]] * 2, [bottom, top], _RESTART)
    title = Text(f"{axis.title} ({unit})", no_wrap=True)
    title.align("center", width)
    rows = [Text.from_ansi(line) for line in str(figure.build()).splitlines()]
    return [title, *(_padded(line, width) for line in rows[: height - 1])]


def _band(received: ReceivedRecord, axis: _Axis) -> tuple[float, float] | None:
    value, sigma = received.value(axis.field), received.value(axis.band) if axis.band else None
    if value is None or sigma is None:
        return None
    return (value - 2 * sigma) * axis.scale, (value + 2 * sigma) * axis.scale


def _draw(times: Sequence[float], values: Sequence[float | None], color: str) -> None:
    """Draw a line through what is known."""
    points = [(at, value) for at, value in zip(times, values, strict=True) if value is not None]
    if not points:
        return
    figure = plotext.figure
    marker = plotext.marker("braille", color)
    figure.draw(figure.signal(*map(list, zip(*points, strict=True)), marker=marker).lines())


def _draw_axes(oldest: float, bottom: float, top: float, decimals: int) -> None:
    figure = plotext.figure
    figure.ruler("x").lim(oldest, 0)
    figure.ruler("x").ticks([oldest, oldest / 2, 0], [f"{oldest:.3g}", f"{oldest / 2:.3g}", "0"])
    levels = [bottom + (top - bottom) * part / (_LEVELS - 1) for part in range(_LEVELS)]
    figure.ruler("y").lim(bottom, top)
    figure.ruler("y").ticks(levels, [f"{level:.{decimals}f}" for level in levels])


def _range(values: Sequence[float], axis: _Axis) -> tuple[float, float]:
    """Return the ends of the axis: a constant value must not fill it with noise."""
    middle = (min(values) + max(values)) / 2
    half = max((max(values) - min(values)) * 0.55, axis.least / 2)
    return middle - half, middle + half


def _padded(line: Text, width: int) -> Text:
    line.truncate(width, pad=True)
    return line


def _blank(sentence: str, width: int, height: int) -> list[Text]:
    lines = [Text(" " * width) for _ in range(height)]
    if height:
        lines[height // 2] = Text(sentence[:width].center(width), GREY)
    return lines
