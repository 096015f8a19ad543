"""All that is known of one node, in blocks that fill a screen of any width and wrap.

text = detail(node, alerts, now_s, width)
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.text import Text

from filmgauge.record.record_text import decimal
from filmgauge_host.telemetry.alerts.alert import Alert
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal import record_format as written
from filmgauge_host.terminal.monitor_table import GREY, SEVERITY_STYLES, age_s

_LABEL = 12
_COLUMN_GAP = 3
_INFO = ("firmware", "board", "cell", "area_cm2", "full_uah", "sample_s", "report_s")


class Line(NamedTuple):
    """A label, empty for none, and its value."""

    label: str
    value: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under a title."""

    title: str
    lines: list[Line] = field(default_factory=list)


def detail(
    node: NodeSnapshot,
    alerts: Sequence[Alert],
    now_s: float,
    now_unix_s: float,
    width: int,
) -> Text:
    """Return everything about a node in lines of at most `width` characters.

    alerts: of the node, not over. now_s: of the monotonic clock.
    """
    count = 1 if width < 100 else 2 if width < 160 else 3
    wide = (width - (count - 1) * _COLUMN_GAP) // count
    stacks: list[list[Text]] = [[] for _ in range(count)]
    for block in _blocks(node, alerts, now_s, now_unix_s):
        min(stacks, key=len).extend(_block_lines(block, wide))
    return Text("\n").join(_beside(stacks, wide))


def _blocks(
    node: NodeSnapshot,
    alerts: Sequence[Alert],
    now_s: float,
    now_unix_s: float,
) -> Iterator[Block]:
    latest = node.latest
    if alerts:
        yield Block("alerts", [_alert_line(alert, now_unix_s) for alert in alerts])
    yield Block("node", list(_node(node, now_s)))
    if latest is not None:
        yield Block("charge", list(_charge(latest)))
        yield Block("cell", list(_cell(latest)))
        yield Block("health", list(_health(latest, node)))
        yield Block("ledger, uAh", list(_ledger(latest)))
    yield Block("records", list(_records(node)))
    if node.info:
        more = sorted(set(node.info) - set(_INFO))
        names = [name for name in (*_INFO, *more) if name in node.info]
        yield Block("description", [Line(name, str(node.info[name])) for name in names])


def _alert_line(alert: Alert, now_unix_s: float) -> Line:
    subject = f" {alert.subject}" if alert.subject else ""
    since = written.span(now_unix_s - alert.raised_unix_ms / 1000)
    known = ", acknowledged" if alert.state == "acknowledged" else ""
    style = GREY if known else SEVERITY_STYLES[alert.severity]
    value = f"{alert.severity}{subject}, since {since}{known}: {alert.text}"
    return Line(alert.rule, value, style)


def _node(node: NodeSnapshot, now_s: float) -> Iterator[Line]:
    state = node.state(now_s)
    bad = {"offline": "red", "late": "yellow"}.get(state, "")
    yield Line("state", state, bad)
    age = age_s(node, now_s)
    yield Line("last report", "none yet" if age is None else f"{written.span(age)} ago")
    announced = node.status.next_report_s if node.status else None
    if announced is not None:
        yield Line("announced", f"the next after {written.span(announced)}")
    if node.latest is not None:
        life, boot, seq = node.latest.key
        yield Line("record", f"life {life:08x} boot {boot} seq {seq}")
        yield Line("up", written.span(node.latest.value("up_s")))
        for name in ("resets", "restarts", "refused"):
            count = node.latest.value(name)
            yield Line(name, written.UNKNOWN if count is None else str(count))


def _charge(latest: ReceivedRecord) -> Iterator[Line]:
    yield Line("SoC", f"{written.state_of_charge(latest)} %, shown {written.displayed(latest)} %")
    yield Line("stored", f"{written.charge(latest)} uAh")
    yield Line("available", f"{written.available(latest)} uAh")
    yield Line("lasts", written.lasts(latest))


def _cell(latest: ReceivedRecord) -> Iterator[Line]:
    yield Line("voltage", f"{written.voltage(latest)} V")
    yield Line("current", f"{written.current(latest)} uA")
    yield Line("temperature", f"{written.temperature(latest)} degC")
    yield Line("limits", _listed(written.limits(latest)), "red" if latest.value("limits") else "")
    yield Line("faults", _listed(written.faults(latest)), "red" if latest.value("faults") else "")


def _health(latest: ReceivedRecord, node: NodeSnapshot) -> Iterator[Line]:
    """Return what the cell has gone through, each with the age of what it rests on."""
    capacity, resistance, efficiency = (
        written.observed(latest, f"{name}_age_h")
        for name in ("capacity", "resistance", "efficiency")
    )
    full, design = latest.value("full_nah"), node.info.get("full_uah")
    share = ""
    if full is not None and isinstance(design, int | float) and design > 0:
        share = f", {full / design / 10:.0f} % of design"
    yield Line("capacity", f"{written.capacity(latest)} uAh{share}, {capacity}")
    yield Line("resistance", f"{written.resistance(latest)} ohm, {resistance}")
    yield Line("efficiency", f"{written.efficiency(latest)} %, {efficiency}")
    yield Line("cycles", f"{written.cycles(latest)} so far")
    yield Line("trend", f"{written.trend(latest)} % a cycle")
    yield Line("projection", f"{written.cycles_left(latest)} cycles to 80 %")


def _ledger(latest: ReceivedRecord) -> Iterator[Line]:
    names = ("measured", "booked", "corrected")
    parts = [latest.value(f"{name}_nah") for name in names]
    stored = latest.value("stored_nah")
    known = [part for part in parts if part is not None]
    if stored is not None and len(known) == len(parts):
        yield Line("at first", decimal(stored - sum(known), 3))
    for name, part in zip(names, parts, strict=True):
        yield Line(name, written.UNKNOWN if part is None else decimal(part, 3))
    yield Line("stored", written.UNKNOWN if stored is None else decimal(stored, 3))


def _records(node: NodeSnapshot) -> Iterator[Line]:
    counts = node.statistics
    yield Line("received", f"{counts.received}, {counts.duplicated} twice")
    missing = f"{counts.lost}, {counts.lost_earlier} of them from earlier" if counts.lost else "0"
    yield Line("missing", missing, "yellow" if counts.lost else "")
    backlog = written.UNKNOWN if node.latest is None else written.backlog(node.latest)
    yield Line("on the node", backlog)
    lives = "1" if node.lives == 1 else f"{node.lives}: it began without memory {node.lives - 1}x"
    yield Line("lives", lives, "yellow" if node.lives > 1 else "")
    if counts.malformed or counts.conflicting:
        wrong = f"{counts.malformed} malformed, {counts.conflicting} conflicting"
        yield Line("wrong", wrong, "yellow")
    if node.refusal is not None:
        yield Line("refused", node.refusal.reason, "yellow")


def _listed(words: str) -> str:
    return words.replace("+", ", ").replace(":", " ")


def _block_lines(block: Block, width: int) -> list[Text]:
    lines = [Text(block.title, "bold")]
    for line in block.lines:
        parts = textwrap.wrap(line.value, width - _LABEL - 1) or [""]
        for at, part in enumerate(parts):
            text = Text(f"{line.label if not at else '':<{_LABEL}} ", GREY)
            lines.append(text.append(part, line.style or "default"))
    return [*lines, Text()]


def _beside(stacks: Sequence[Sequence[Text]], width: int) -> Iterator[Text]:
    for at in range(max(map(len, stacks))):
        row = Text()
        for stack in stacks:
            text = stack[at].copy() if at < len(stack) else Text()
            text.pad_right(width - len(text) + _COLUMN_GAP)
            row.append_text(text)
        row.rstrip()
        yield row
