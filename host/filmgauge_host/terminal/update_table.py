"""How far nodes are with a new version: a live table in a terminal, else a line a change."""

from collections.abc import Iterable

from rich import box
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from filmgauge_host.upgrade.field_update import Progress

_BAR_WIDTH = 12
_STATE_WIDTH = 16


def update_table(nodes: Iterable[Progress]) -> Table:
    """Return the table."""
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("node", overflow="fold")  # the ends of names are what differs
    shown.add_column("pieces", justify="right", no_wrap=True)
    shown.add_column(width=_BAR_WIDTH)
    shown.add_column("state", min_width=_STATE_WIDTH)
    for each in nodes:
        color = "red" if each.has_failed else "green" if each.is_over else ""
        bar = ProgressBar(total=max(each.of, 1), completed=each.done, width=_BAR_WIDTH)
        pieces = f"{each.done}/{each.of}" if each.of else ""
        shown.add_row(each.node, pieces, bar, Text(_state(each), style=color))
    return shown


def update_line(each: Progress) -> str:
    """Return a line for a node."""
    pieces = f" {each.done} of {each.of}" if each.of and not each.is_over else ""
    return f"{each.node}: {_state(each)}{pieces}"


def _state(each: Progress) -> str:
    return f"{each.state}: {each.text}" if each.text else each.state
