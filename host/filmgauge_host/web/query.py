"""What a request asks for, checked: times, a number of points, names. InputError names the key."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.record_columns import Column
from filmgauge_host.web.quantities import COURSES
from filmgauge_host.web.sampling import POINTS_MAX

POINTS_MIN = 50
_LAST_MS = 253_402_300_799_999  # the year 9999
_SHOWN = 40


def time_range(query: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return `from` and `to` in Unix ms, None where they are not given."""
    from_ms, to_ms = _time_ms(query, "from"), _time_ms(query, "to")
    if from_ms is not None and to_ms is not None and from_ms > to_ms:
        raise InputError("from must not be after to")
    return from_ms, to_ms


def last_ms(query: Mapping[str, str]) -> int | None:
    """Return `last_s` in ms, None where it is not given."""
    text = query.get("last_s")
    if text is None:
        return None
    if "from" in query or "to" in query:
        raise InputError("last_s and from or to exclude each other")
    if not _is_number(text) or not 1 <= int(text) <= _LAST_MS // 1000:
        raise InputError(f"last_s must be whole seconds from 1 on, not {text[:_SHOWN]!r}")
    return 1000 * int(text)


def points(query: Mapping[str, str]) -> int:
    """Return how many points at most are wanted."""
    text = query.get("points", str(POINTS_MAX))
    if not _is_number(text) or not POINTS_MIN <= int(text) <= POINTS_MAX:
        raise InputError(f"points must be {POINTS_MIN} to {POINTS_MAX}, not {text[:_SHOWN]!r}")
    return int(text)


def columns(query: Mapping[str, str]) -> Sequence[Column]:
    """Return the names of the columns wanted, all where none are named."""
    text = query.get("columns")
    if text is None:
        return COURSES
    there = {column.name: column for column in COURSES}
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in there:
            raise InputError(f"columns has no {name[:_SHOWN]!r}: there are {', '.join(there)}")
    return [there[name] for name in names]


def _time_ms(query: Mapping[str, str], key: str) -> int | None:
    text = query.get(key)
    if text is None:
        return None
    if _is_number(text):
        time_ms = int(text)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise InputError(
                f"{key} must be Unix milliseconds or a time such as 2026-11-29T08:00Z,"
                f" not {text[:_SHOWN]!r}"
            ) from None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        time_ms = round(aware.timestamp() * 1000)
    if not 0 <= time_ms <= _LAST_MS:
        raise InputError(f"{key} must be from 1970 to 9999, not {text[:_SHOWN]!r}")
    return time_ms


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
