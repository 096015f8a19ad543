"""A record's values as the page and its interface give them: decimal, in the units of the names.

The names are those of the JSON that a node publishes (docs/telemetry.md).
"""

from filmgauge.record.limit_text import limit_text
from filmgauge.record.record_text import fault_text
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.record_columns import COLUMNS, Column

# What has a course over time; the others name the record, or are words.
COURSES: tuple[Column, ...] = tuple(
    column
    for column in COLUMNS.values()
    if not column.is_words and column.name not in ("life", "boot", "seq")
)


def course_values(received: ReceivedRecord) -> dict[str, float | None]:
    """Return the values of COURSES, None for what is not known."""
    return {each.name: each.number(received.value(each.field)) for each in COURSES}


def faults(word: int | None) -> str:
    """Return the names of the faults of a record joined by +, "none" for none."""
    return fault_text(word or 0)


def limits(word: int | None) -> str | None:
    """Return the limits that are reached, as `limit_text` writes them, None without a profile."""
    return None if word is None else limit_text(word)
