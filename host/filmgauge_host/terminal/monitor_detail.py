"""Below the table: all that is known of the selected node, and its history as two curves."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotext
from rich.text import Text

from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal import record_format as written
from filmgauge_host.terminal.monitor_table import age_s

HISTORY = 500  # records in a curve
_LABEL = 11
_SECONDS = ("seconds", 1)
_TIME_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), _SECONDS)
_SMALLEST = (12, 5)


@dataclass(frozen=True, slots=True)
class _Axis:
    """What a curve shows. scale: from the field's unit; least: smallest height of the axis."""

    field: str
    scale: float
    title: str
    decimals: int
    least: float


_CHARGE = _Axis("soc_ppm", 1e-4, "state of charge, %", 1, 1.0)
_VOLTAGE = _Axis("voltage_uv", 1e-6, "voltage, V", 3, 0.01)


def detail(node: NodeSnapshot, rejected: Sequence[Rejected], now_s: float) -> Text:
    """Return everything about a node, a line each; rejected: messages of all nodes."""
    text = Text()
    text.append(f"{node.name}\n", "bold")
    lines = _lines(node, now_s)
    for last in [message for message in rejected if message.node == node.name][-1:]:
        lines.append(("refused", last.reason))
    lines += [(key, str(value)) for key, value in sorted(node.info.items())]
    for label, value in lines:
        text.append(f"{label:<{_LABEL}} ", "bright_black").append(f"{value}\n")
    return text


def _lines(node: NodeSnapshot, now_s: float) -> list[tuple[str, str]]:
    counts = node.statistics
    lines = [("state", _state(node, now_s))]
    latest = node.latest
    if latest is not None:
        _, boot, seq = latest.key
        lines += [
            ("last report", f"boot {boot} seq {seq}, up {written.span(latest.value('up_s'))}"),
            ("charge", f"{written.charge(latest)} uAh"),
            ("SoC", f"{written.state_of_charge(latest)} %, shown {written.displayed(latest)} %"),
            ("available", f"{written.available(latest)} uAh, {written.lasts(latest)}"),
            *_health(latest),
            ("cell", f"{written.voltage(latest)} V {written.current(latest)} uA"),
            ("temperature", f"{written.temperature(latest)} degC"),
            ("limits", written.limits(latest)),
            ("faults", written.faults(latest)),
        ]
    if node.lives > 1:
        lines.append(("lives", f"{node.lives}: it began without memory {node.lives - 1} times"))
    lines.append(("received", f"{counts.received}, {counts.duplicated} twice"))
    if counts.lost:
        lines.append(("missing", f"{counts.lost}, {counts.lost_earlier} of them from earlier"))
    if counts.malformed or counts.conflicting:
        lines.append(("wrong", f"{counts.malformed} malformed, {counts.conflicting} conflicting"))
    return lines


def _health(latest: ReceivedRecord) -> list[tuple[str, str]]:
    """Return what the cell has gone through, each with the age of what it rests on."""
    capacity, resistance, efficiency = (
        written.observed(latest, f"{name}_age_h")
        for name in ("capacity", "resistance", "efficiency")
    )
    return [
        ("capacity", f"{written.capacity(latest)} uAh, {capacity}"),
        ("resistance", f"{written.resistance(latest)} ohm, {resistance}"),
        ("efficiency", f"{written.efficiency(latest)} %, {efficiency}"),
        (
            "ageing",
            f"{written.trend(latest)} % a cycle, {written.cycles(latest)} cycles so far,"
            f" {written.cycles_left(latest)} to 80 %",
        ),
    ]


def _state(node: NodeSnapshot, now_s: float) -> str:
    state = node.state(now_s)
    age = age_s(node, now_s)
    latest = "no report yet" if age is None else f"report {written.span(age)} ago"
    announced = node.status.next_report_s if node.status else None
    due = "" if announced is None else f" of {written.span(announced)}"
    return f"{state}, {latest}{due}"


def curves(history: Sequence[ReceivedRecord], width: int, height: int) -> Text:
    """Return state of charge and voltage over the node's own time, side by side."""
    half = width // 2
    seconds = node_time(history)
    left = _curve(history, seconds, _CHARGE, half, height)
    right = _curve(history, seconds, _VOLTAGE, width - half, height)
    rows = zip(left, right, strict=True)
    return Text("\n".join(a + b for a, b in rows), no_wrap=True)


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


def _curve(
    history: Sequence[ReceivedRecord], seconds: Sequence[int], axis: _Axis, width: int, height: int
) -> list[str]:
    """Return a plot of exactly `height` lines of `width` characters."""
    points = [
        (moment, value * axis.scale)
        for moment, received in zip(seconds, history, strict=True)
        if (value := received.value(axis.field)) is not None
    ]
    if len(points) < 2 or width < _SMALLEST[0] or height < _SMALLEST[1]:
        return _blank(f"{axis.title}: no history yet", width, height)
    unit, size = next((unit for unit in _TIME_UNITS if points[0][0] <= -2 * unit[1]), _SECONDS)
    times = [moment / size for moment, _ in points]
    values = [value for _, value in points]
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.theme("colorless")
    figure.title(f"{axis.title} ({unit})")
    middle = times[0] / 2
    figure.ruler("x").ticks([times[0], middle, 0], [f"{times[0]:.3g}", f"{middle:.3g}", "0"])
    bottom, top = _range(values, axis)
    levels = [bottom, (bottom + top) / 2, top]
    figure.ruler("y").lim(bottom, top)
    figure.ruler("y").ticks(levels, [f"{level:.{axis.decimals}f}" for level in levels])
    figure.draw(figure.signal(times, values, marker="braille").lines())
    lines = plotext.uncolorize(str(figure.build())).splitlines()
    return [line.ljust(width)[:width] for line in (*lines, *[""] * height)][:height]


def _range(values: Sequence[float], axis: _Axis) -> tuple[float, float]:
    """Return the ends of the axis: a constant value must not fill it with noise."""
    middle = (min(values) + max(values)) / 2
    half = max((max(values) - min(values)) * 0.55, axis.least / 2)
    return middle - half, middle + half


def _blank(sentence: str, width: int, height: int) -> list[str]:
    lines = [" " * width] * height
    if height:
        lines[height // 2] = sentence[:width].center(width)
    return lines
