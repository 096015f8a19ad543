"""The tables of formats: what the columns of each cycler are called.

A table (`formats/*.toml`) has the `name` of the format, `marks` (regular expressions of which one
in the lines above the data, or in their header, gives the format away), `[columns]` (quantity ->
names in order of preference; `name: unit` where the name says the unit), `[units]` (those of
columns that say none) and `[states]` (words for charging, discharging).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from filmgauge_sim.lab.cyclers.quantities import Quantity
from filmgauge_sim.package_data import read_toml

_PACKAGE = "filmgauge_sim.lab.cyclers"
_FOLDER = "formats"
GENERIC = "generic"
# What tells the cells of one file apart, whatever wrote it.
_CHANNELS = (
    *("channel", "chan", "channel index", "channel id", "channel number", "channel no"),
    *("cell id", "cell name", "cell number", "通道", "通道号"),
)


@dataclass(frozen=True, slots=True)
class Format:
    """One table."""

    name: str
    marks: tuple[re.Pattern[str], ...]
    # Quantity -> slug of a name -> unit that the name says, or "".
    columns: Mapping[Quantity, Mapping[str, str]]
    units: Mapping[Quantity, str]
    # Word of the state, in lower case -> 1 charges, -1 discharges.
    states: Mapping[str, int]

    def is_marked(self, text: str) -> bool:
        """Whether a text has a mark of this format."""
        return any(mark.search(text) for mark in self.marks)


@cache
def formats() -> tuple[Format, ...]:
    """All tables, the one for no format in particular last."""
    names = sorted(path.name for path in (files(_PACKAGE) / _FOLDER).iterdir())
    names = [name for name in names if name.endswith(".toml")]
    names.sort(key=lambda name: name.startswith(GENERIC))
    return tuple(_format(name) for name in names)


def _format(file: str) -> Format:
    table = read_toml(_PACKAGE, f"{_FOLDER}/{file}")
    columns: dict[Quantity, dict[str, str]] = {Quantity.CHANNEL: dict.fromkeys(_CHANNELS, "")}
    for quantity, names in table["columns"].items():
        pairs = [name.partition(":") for name in names]
        columns[Quantity(quantity)] = {name.strip(): unit.strip() for name, _, unit in pairs}
    states = table.get("states", {})
    return Format(
        table["name"],
        tuple(re.compile(mark, re.IGNORECASE) for mark in table.get("marks", ())),
        columns,
        {Quantity(quantity): unit for quantity, unit in table.get("units", {}).items()},
        {
            **{word.lower(): 1 for word in states.get("charge", ())},
            **{word.lower(): -1 for word in states.get("discharge", ())},
        },
    )
