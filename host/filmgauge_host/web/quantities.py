"""A record's values as the page and its interface give them: decimal, in the units of the names.

The names are those of the JSON that a node publishes (docs/telemetry.md).
"""

from typing import TypeAlias

from filmgauge.record.limit_text import limit_text
from filmgauge.record.record import fields
from filmgauge.record.record_text import fault_text
from filmgauge_host.telemetry.received_record import ReceivedRecord

Value: TypeAlias = float | int | None

_WORDS = ("faults", "limits")
# name in the record, name here, what one unit here is in units there
QUANTITIES: tuple[tuple[str, str, int], ...] = tuple(
    (name, key, 10**digits) for name, key, digits, *_ in fields()
)
# What has a course over time; the others name the record, or are words.
COLUMNS: tuple[str, ...] = tuple(
    key for _, key, _ in QUANTITIES if key not in (*_WORDS, "life", "boot", "seq")
)
_OF_COLUMN = tuple((name, key, scale) for name, key, scale in QUANTITIES if key in COLUMNS)


def column_values(received: ReceivedRecord) -> dict[str, Value]:
    """Return the values of COLUMNS, None for what is not known."""
    record = received.record
    return {
        key: value if (value := getattr(record, name)) is None or scale == 1 else value / scale
        for name, key, scale in _OF_COLUMN
    }


def faults(received: ReceivedRecord) -> str:
    """Return the names of its faults joined by +, "none" for none."""
    return fault_text(received.value("faults") or 0)


def limits(received: ReceivedRecord) -> str | None:
    """Return the limits that are reached, as `limit_text` writes them, None without a profile."""
    word = received.value("limits")
    return None if word is None else limit_text(word)
