"""What a scan finds: a live table in a terminal, else a line or a JSON object a received."""

import json
import sys
from typing import Literal

from rich import box
from rich.table import Table
from rich.text import Text

from filmgauge.record.record_text import decimal
from filmgauge_host.ble.discovery import DiscoveredNode, DiscoveredNodes
from filmgauge_host.terminal import record_format as written

REFRESH_HZ = 4  # of the live table
_COLUMNS: tuple[tuple[str, Literal["left", "right"]], ...] = (
    ("name", "left"),
    ("address", "left"),
    ("dBm", "right"),
    ("SoC %", "right"),
    ("V", "right"),
    ("degC", "right"),
    ("uA", "right"),
    ("record", "right"),
    ("age", "right"),
)


def cells(node: DiscoveredNode, now_s: float) -> list[str]:
    """Return the row of a node."""
    values = node.advert.values
    identity = node.advert.identity
    sealed = "sealed" if node.advert.is_sealed and not values else written.UNKNOWN

    def amount(name: str, digits: int) -> str:
        value = values.get(name)
        return sealed if value is None else decimal(value, digits)

    return [
        node.name,
        node.address,
        str(node.advert.rssi_dbm),
        amount("soc_pct", 0),
        amount("voltage_mv", 3),
        amount("temperature_cdeg", 2),
        amount("current_na", 3),
        written.UNKNOWN if identity is None else f"{identity.boot}/{identity.seq}",
        written.span(now_s - node.at_s),
    ]


def as_json(node: DiscoveredNode) -> str:
    """Return one JSON object for an advertisement; values in the units of their names."""
    advert = node.advert
    shown: dict[str, object] = {
        "name": node.name,
        "address": node.address,
        "rssi_dbm": advert.rssi_dbm,
        "encrypted": advert.is_sealed,
    }
    if advert.identity is not None:
        shown |= {
            "life": advert.identity.life,
            "boot": advert.identity.boot,
            "seq": advert.identity.seq,
            "up_s": advert.identity.up_s,
        }
    return json.dumps(shown | advert.values)


class ScanLines:
    """Prints a line for each record that is announced, once."""

    def __init__(self, machine: bool) -> None:
        self._machine = machine
        self._printed: dict[str, object] = {}

    def add(self, node: DiscoveredNode) -> None:
        """Print an advertisement unless its record was printed before."""
        advert = node.advert
        mark = advert.identity or tuple(advert.values.items())
        if self._printed.get(node.address) == mark:
            return
        self._printed[node.address] = mark
        if self._machine:
            line = as_json(node)
        else:
            names = [name for name, _ in _COLUMNS[:-1]]
            pairs = zip(names, cells(node, node.at_s), strict=False)
            line = "  ".join(
                f"{cell} {name}" if name in "dBm SoC % V degC uA" else cell for name, cell in pairs
            )
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def table(nodes: DiscoveredNodes, now_s: float) -> Table:
    """Return the table of all nodes, by name."""
    made = Table(
        box=box.SIMPLE_HEAD, header_style="bold", border_style="dim", caption_justify="left"
    )
    for name, justify in _COLUMNS:
        made.add_column(name, justify=justify, no_wrap=True)
    for node in sorted(nodes, key=lambda each: each.name):
        made.add_row(*[Text(cell) for cell in cells(node, now_s)])  # names may have brackets
    refused = sum(nodes.refused.values())
    made.caption = Text(f"{nodes.accepted} advertisements, {refused} refused.  Ctrl-C ends.")
    return made
