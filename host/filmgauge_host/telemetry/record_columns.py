"""The quantities of a record under the names and in the units that people get to see.

    column = COLUMNS["voltage_v"]
    column.number(2_104_000)    # 2.104, of what the store holds: voltage_uv
    column.text(2_104_000)      # '2.104000', exact

Names and units are those of a record's JSON (docs/telemetry.md); what a store holds is the
record's own integer, and None is what is not known. Positive current charges the cell.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from filmgauge.record.limit_text import limit_text
from filmgauge.record.record import fields
from filmgauge.record.record_text import decimal, fault_text
from filmgauge_host.errors import InputError

_WORDS: Mapping[str, Callable[[int], str]] = {"faults": fault_text, "limits": limit_text}


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity. name: with its unit. field: of Record, also the column of a store's table.
    decimals: between the two units."""

    name: str
    field: str
    decimals: int

    @property
    def is_words(self) -> bool:
        """Whether people read it as words joined by +, such as `gap+clock`."""
        return self.field in _WORDS

    def number(self, value: float | None) -> float | None:
        """Return a stored value, or a mean of such, in the unit of the name; bits as they are."""
        if value is None:
            return None
        return value / 10**self.decimals if self.decimals else value

    def text(self, value: int | None) -> str:
        """Return a stored value in the unit of the name, exactly; nothing for None."""
        if value is None:
            return ""
        return _WORDS[self.field](value) if self.is_words else decimal(value, self.decimals)


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {key: Column(key, name, decimals) for name, key, decimals, *_ in fields()}
)


def columns(names: Sequence[str]) -> list[Column]:
    """Return the columns of some names; raise InputError for one that no record has."""
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise InputError(f"{unknown[0]!r} is no quantity of a record: see docs/telemetry.md")
    return [COLUMNS[name] for name in names]
