"""The monitor's table: which columns fit, and the cells of a node's row.

Colour says one thing each: red is a fault or a node that is gone, yellow a node that is late or
records that are missing, grey a value that is no longer live.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rich.text import Text

from filmgauge_host.telemetry.nodes import NodeSnapshot, NodeState
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal import record_format as written

BAR_CELLS = 6
_GAP = 2  # a blank on either side of a cell
_SCROLLBAR = 2
_NAME_LONGEST = 16

SortOrder: TypeAlias = Literal["node", "state", "charge", "gaps"]
SORT_ORDERS: tuple[SortOrder, ...] = ("node", "state", "charge", "gaps")
_STATE_RANK: dict[NodeState, int] = {
    "offline": 0,
    "late": 1,
    "unknown": 2,
    "online": 3,
    "sleeping": 3,
}
_STATE_STYLE: dict[NodeState, str] = {"offline": "red", "late": "yellow"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `value` writes its cell. rank: the higher, the earlier it gives way."""

    title: str
    width: int
    rank: int
    value: Callable[[NodeSnapshot], str]
    style: Callable[[NodeSnapshot], str] = lambda node: ""
    right: bool = True
    live: bool = True


@dataclass(frozen=True, slots=True)
class Moment:
    """What a row depends on besides its node: the monotonic time, and if the broker is there."""

    now_s: float
    connected: bool

    def fresh(self, node: NodeSnapshot) -> bool:
        """Return whether the node's values may be shown as live."""
        return self.connected and node.state(self.now_s) in ("online", "sleeping")


def columns(width: int, names: Sequence[str]) -> list[Column]:
    """Return the columns that fit into `width` characters; the node comes first."""
    longest = max((len(name) for name in names), default=0)
    first = Column(
        "node", min(max(longest, 6), _NAME_LONGEST), 0, lambda node: node.name, right=False
    )
    room = width - _SCROLLBAR - first.width - _GAP
    chosen: set[str] = set()
    for column in sorted(_COLUMNS, key=lambda column: column.rank):
        if column.width + _GAP <= room:
            room -= column.width + _GAP
            chosen.add(column.title)
    return [first, *(column for column in _COLUMNS if column.title in chosen)]


def row(node: NodeSnapshot, shown: Sequence[Column], moment: Moment) -> list[Text]:
    """Return the cells of a node."""
    fresh = moment.fresh(node)
    return [_cell(node, column, moment, fresh) for column in shown]


def sort_key(node: NodeSnapshot, order: SortOrder, now_s: float) -> tuple[float, str]:
    """Return what puts the nodes that need attention first; `node` sorts by name."""
    if order == "state":
        return _STATE_RANK[node.state(now_s)], node.name
    if order == "charge":
        soc_ppm = node.latest.value("soc_ppm") if node.latest else None
        return (2_000_000 if soc_ppm is None else soc_ppm), node.name
    if order == "gaps":
        return -node.statistics.lost, node.name
    return 0, node.name


def _cell(node: NodeSnapshot, column: Column, moment: Moment, fresh: bool) -> Text:
    if column.title == _STATE.title:
        state = node.state(moment.now_s)
        return Text(state, _STATE_STYLE.get(state, ""))
    if column.title == _AGE.title:
        return Text(written.span(age_s(node, moment.now_s)), justify="right")
    style = column.style(node)
    if column.live and not fresh:
        style = "bright_black"
    justify = "right" if column.right else "left"
    return Text(column.value(node), style, justify=justify, no_wrap=True, overflow="ellipsis")


def age_s(node: NodeSnapshot, now_s: float) -> float | None:
    """Return the seconds since the node's last live report, None without any."""
    if node.latest is None or node.last_seen_s is None:
        return None
    return now_s - node.last_seen_s


def _latest(write: Callable[[ReceivedRecord], str]) -> Callable[[NodeSnapshot], str]:
    return lambda node: written.UNKNOWN if node.latest is None else write(node.latest)


def _bar(received: ReceivedRecord) -> str:
    return written.bar(received.value("soc_ppm"), BAR_CELLS)


def _shortened(write: Callable[[ReceivedRecord], str]) -> Callable[[ReceivedRecord], str]:
    """Of names that are joined by + leave the first, and how many more there are."""

    def shortened(received: ReceivedRecord) -> str:
        first, _, rest = write(received).partition("+")
        return f"{first} +{rest.count('+') + 1}" if rest else first

    return shortened


def _red_with(field: str) -> Callable[[NodeSnapshot], str]:
    return lambda node: "red" if node.latest and node.latest.value(field) else ""


_STATE = Column("state", 8, 0, lambda node: "", right=False, live=False)
_AGE = Column("age", 6, 2, lambda node: "", live=False)
_COLUMNS = (
    _STATE,
    Column("SoC %", 12, 1, _latest(written.state_of_charge)),
    Column("", BAR_CELLS, 11, _latest(_bar), right=False),
    Column("uAh / full", 13, 10, _latest(written.charge)),
    Column("V", 6, 3, _latest(written.voltage)),
    Column("uA", 9, 4, _latest(written.current)),
    Column("degC", 5, 9, _latest(written.temperature)),
    _AGE,
    Column("received", 8, 8, lambda node: str(node.statistics.received), live=False),
    Column(
        "gaps",
        4,
        6,
        lambda node: str(node.statistics.lost),
        lambda node: "yellow" if node.statistics.lost else "",
        live=False,
    ),
    Column("dup", 4, 12, lambda node: str(node.statistics.duplicated), live=False),
    Column("backlog", 7, 7, _latest(written.backlog)),
    Column(
        "faults",
        11,
        5,
        _latest(_shortened(written.faults)),
        _red_with("faults"),
        right=False,
    ),
    Column("lasts", 15, 13, _latest(written.lasts)),
    Column("available uAh", 20, 14, _latest(written.available)),
    Column(
        "limits",
        22,
        15,
        _latest(_shortened(written.limits)),
        _red_with("limits"),
        right=False,
    ),
)
