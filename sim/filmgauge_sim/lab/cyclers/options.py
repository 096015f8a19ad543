"""What the user says of a file: its columns, and what the sign of its current means."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from filmgauge_sim.lab.cyclers.matching import NamedColumn
from filmgauge_sim.lab.cyclers.quantities import Quantity, unit_of

_NEXT = re.compile(r",(?=\s*[a-z_ -]+=)")


class Sign(StrEnum):
    """What a positive current does."""

    AS_WRITTEN = "as-written"  # charges, or else the state says what it does
    DISCHARGES = "positive-discharges"
    BY_VOLTAGE = "by-voltage"  # every step has the sign of the change of its voltage


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How a file is to be read where it does not say so itself."""

    columns: Mapping[Quantity, NamedColumn] = field(default_factory=dict[Quantity, NamedColumn])
    sign: Sign = Sign.AS_WRITTEN
    # Counts of charge are not read.
    ignore_count: bool = False


AS_IT_SAYS = ReadingOptions()


def parse_columns(texts: Iterable[str]) -> dict[Quantity, NamedColumn]:
    """Read `time=NAME,current=NAME:mA`; a unit stands behind the last colon of a name.

    Raises ValueError naming what can be given.
    """
    found: dict[Quantity, NamedColumn] = {}
    for text in texts:
        for part in _NEXT.split(text):
            key, equals, name = part.partition("=")
            quantity = _quantity(key)
            if quantity is None or not equals or not name.strip():
                raise ValueError(
                    f"--columns must be such as time=NAME,current=NAME:mA, with"
                    f" {', '.join(Quantity)}, not {part!r}."
                )
            if quantity in found:
                raise ValueError(f"--columns names {quantity} twice.")
            found[quantity] = _column(quantity, name.strip())
    return found


def _quantity(key: str) -> Quantity | None:
    name = key.strip().lower().replace("-", "_").replace(" ", "_")
    return Quantity(name) if name in list(Quantity) else None


def _column(quantity: Quantity, name: str) -> NamedColumn:
    head, colon, tail = name.rpartition(":")
    if colon and head and unit_of(quantity, tail) is not None:
        return NamedColumn(head.strip(), tail.strip())
    return NamedColumn(name)
