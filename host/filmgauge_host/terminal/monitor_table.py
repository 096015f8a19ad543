"""The rows of the overview: which columns fit, the cells of a node, and the order of the nodes.

Colour says one thing each: red is a fault, a critical alert or a node that is gone, yellow a node
that is late, records that are missing or a warning, grey a value that is no longer live.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from filmgauge_host.telemetry.alerts.alert import SEVERITIES, Alert
from filmgauge_host.telemetry.nodes import NodeSnapshot, NodeState
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal import record_format as written

BAR_CELLS = 6
GAP = 2  # between two columns

SortOrder: TypeAlias = Literal["worst", "node", "charge", "gaps", "age"]
SORT_ORDERS: tuple[SortOrder, ...] = ("worst", "node", "charge", "gaps", "age")
SEVERITY_STYLES = {"critical": "red", "warning": "yellow", "info": "cyan"}
_STATE_RANK: dict[NodeState, int] = {
    "offline": 0,
    "late": 1,
    "unknown": 2,
    "online": 3,
    "sleeping": 3,
}
_STATE_STYLE: dict[NodeState, str] = {"offline": "red", "late": "yellow"}
GREY = "grey58"  # legible on black and on white


class Cell(NamedTuple):
    """What stands in a column of a row."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a row depends on besides its node: the monotonic time, if the broker is there, and
    the alerts of each node that are not over."""

    now_s: float
    connected: bool = True
    alerts: Mapping[str, Sequence[Alert]] = field(default_factory=dict)

    def fresh(self, node: NodeSnapshot) -> bool:
        """Return whether the node's values may be shown as live."""
        return self.connected and node.state(self.now_s) in ("online", "sleeping")


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `cell` writes what stands in it. rank: the higher, the earlier it gives way."""

    title: str
    rank: int
    cell: Callable[[NodeSnapshot, Moment], Cell]
    right: bool = True


def columns(width: int, needed: Mapping[str, int]) -> list[tuple[Column, int]]:
    """Return the columns that fit into `width` characters whole, each with its width.

    needed: title -> characters of the longest text that the column has to show.
    """
    chosen: dict[str, int] = {}
    room = width + GAP
    for column in sorted(_COLUMNS, key=lambda column: column.rank):
        wide = max(len(column.title), needed.get(column.title, 0))
        if wide + GAP <= room:
            room -= wide + GAP
            chosen[column.title] = wide
    return [(column, chosen[column.title]) for column in _COLUMNS if column.title in chosen]


def row(node: NodeSnapshot, moment: Moment) -> dict[str, Cell]:
    """Return the cells of a node by the titles of all columns."""
    return {column.title: column.cell(node, moment) for column in _COLUMNS}


def sort_key(node: NodeSnapshot, order: SortOrder, moment: Moment) -> tuple[float, float, str]:
    """Return what puts the nodes first that need attention; `node` sorts by name."""
    if order == "worst":
        return -worst(moment.alerts.get(node.name, ())), _rank(node, moment), node.name
    if order == "charge":
        soc_ppm = node.latest.value("soc_ppm") if node.latest else None
        return (2_000_000 if soc_ppm is None else soc_ppm), 0, node.name
    if order == "gaps":
        return -node.statistics.lost, 0, node.name
    if order == "age":
        age = age_s(node, moment.now_s)
        return (-1e12 if age is None else -age), 0, node.name
    return 0, 0, node.name


def matches(node: NodeSnapshot, moment: Moment, words: Sequence[str]) -> bool:
    """Return whether each word is part of the node's name, state, faults, limits or alerts."""
    parts = [node.name, node.state(moment.now_s)]
    parts += [alert.rule for alert in moment.alerts.get(node.name, ())]
    if node.latest is not None:
        parts += [written.faults(node.latest), written.limits(node.latest)]
    text = " ".join(parts)
    return all(word in text for word in words)


def worst(alerts: Sequence[Alert]) -> int:
    """Return how severe the worst alert is that nobody has acknowledged, 0 without any."""
    active = (SEVERITIES.index(each.severity) + 1 for each in alerts if each.state == "active")
    return max(active, default=0)


def age_s(node: NodeSnapshot, now_s: float) -> float | None:
    """Return the seconds since the node's last live report, None without any."""
    if node.latest is None or node.last_seen_s is None:
        return None
    return now_s - node.last_seen_s


def _rank(node: NodeSnapshot, moment: Moment) -> int:
    return _STATE_RANK[node.state(moment.now_s)]


def _state(node: NodeSnapshot, moment: Moment) -> Cell:
    state = node.state(moment.now_s)
    return Cell(state, _STATE_STYLE.get(state, ""))


def _alerts(node: NodeSnapshot, moment: Moment) -> Cell:
    alerts = moment.alerts.get(node.name, ())
    if not alerts:
        return Cell("")
    level = worst(alerts)
    if not level:
        return Cell(f"{len(alerts)} known", GREY)
    severity = SEVERITIES[level - 1]
    count = sum(each.severity == severity and each.state == "active" for each in alerts)
    return Cell(f"{count} {severity}", SEVERITY_STYLES[severity])


def _value(
    write: Callable[[ReceivedRecord], str], red_field: str = ""
) -> Callable[[NodeSnapshot, Moment], Cell]:
    """Return what writes a value of the latest record. red_field: one that makes it red."""

    def cell(node: NodeSnapshot, moment: Moment) -> Cell:
        if node.latest is None:
            return Cell(written.UNKNOWN, GREY)
        if not moment.fresh(node):
            return Cell(write(node.latest), GREY)
        return Cell(
            write(node.latest), "red" if red_field and node.latest.value(red_field) else ""
        )

    return cell


def _bar(received: ReceivedRecord) -> str:
    return written.bar(received.value("soc_ppm"), BAR_CELLS)


def _shortened(write: Callable[[ReceivedRecord], str]) -> Callable[[ReceivedRecord], str]:
    """Of names that are joined by + leave the first, and how many more there are."""

    def shortened(received: ReceivedRecord) -> str:
        first, _, rest = write(received).partition("+")
        return f"{first} +{rest.count('+') + 1}" if rest else first

    return shortened


def _age(node: NodeSnapshot, moment: Moment) -> Cell:
    return Cell(written.span(age_s(node, moment.now_s)))


def _gaps(node: NodeSnapshot, _moment: Moment) -> Cell:
    return Cell(str(node.statistics.lost), "yellow" if node.statistics.lost else "")


_COLUMNS = (
    Column("node", 0, lambda node, _: Cell(node.name), right=False),
    Column("state", 1, _state, right=False),
    Column("alerts", 3, _alerts, right=False),
    Column("SoC %", 2, _value(written.state_of_charge)),
    Column("", 12, _value(_bar), right=False),
    Column("uAh / full", 11, _value(written.charge)),
    Column("V", 4, _value(written.voltage)),
    Column("uA", 5, _value(written.current)),
    Column("degC", 10, _value(written.temperature)),
    Column("age", 6, _age),
    Column("received", 13, lambda node, _: Cell(str(node.statistics.received))),
    Column("gaps", 8, _gaps),
    Column("dup", 16, lambda node, _: Cell(str(node.statistics.duplicated))),
    Column("backlog", 9, _value(written.backlog)),
    Column("faults", 7, _value(_shortened(written.faults), "faults"), right=False),
    Column("lasts", 14, _value(written.lasts)),
    Column("available uAh", 15, _value(written.available)),
    Column("limits", 17, _value(_shortened(written.limits), "limits"), right=False),
)
