"""Times and dates as cyclers write them, in seconds."""

import datetime
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

# What a cell of a file is: text, or what a workbook makes of it.
Cell: TypeAlias = object

_DAYS = re.compile(r"^\s*(\d+)\s*(?:d(?:ays?)?[\s,:]*|-)\s*")
# Of four groups the last has milliseconds if it has three digits; else the first has days.
_DIGITS_OF_MS = 3
_DATE = re.compile(r"^\s*\d{1,4}[-/.](?:\d{1,2}|[A-Za-z]{3})[-/.]\d{2,4}")
_SLASHES = re.compile(r"^\s*(\d{1,2})/(\d{1,2})/\d{4}")
_MONTHS = 12
_FORMATS = (
    "%m/%d/%Y %H:%M:%S.%f",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S.%f",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y/%m/%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %I:%M:%S %p",
    "%d-%b-%y %I:%M:%S %p",
    "%d-%b-%y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
)
_EPOCH = datetime.datetime(1970, 1, 1)
_EXCEL_DAY_ZERO = datetime.datetime(1899, 12, 30)


def clock_seconds(cell: Cell) -> float:
    """Seconds of `12:34:56.7`, `12:34:56:700`, `1-02:03:04`, `0d 00:01:00.00`.

    Raises ValueError.
    """
    if isinstance(cell, str):
        found = _DAYS.match(cell)
        days = int(found[1]) if found else 0
        parts = (cell[found.end() :] if found else cell).split(":")
        if len(parts) == 4 and len(parts[3]) == _DIGITS_OF_MS:
            parts = [*parts[:2], f"{parts[2]}.{parts[3]}"]
        elif len(parts) == 4:
            days, parts = int(parts[0]), parts[1:]
        if len(parts) != 3:
            raise ValueError(f"{cell!r} is not a time")
        hours, minutes, seconds = int(parts[0]), int(parts[1]), float(parts[2].replace(",", "."))
        # A second may have been rounded to the next minute.
        if not (0 <= minutes <= 60 and 0.0 <= seconds <= 60.0):
            raise ValueError(f"{cell!r} is not a time")
        return 86400.0 * days + 3600.0 * hours + 60.0 * minutes + seconds
    if isinstance(cell, datetime.timedelta):
        return cell.total_seconds()
    if isinstance(cell, datetime.datetime):  # a workbook's time of more than a day
        return (cell - _EXCEL_DAY_ZERO).total_seconds()
    if isinstance(cell, datetime.time):
        return 3600.0 * cell.hour + 60.0 * cell.minute + cell.second + 1e-6 * cell.microsecond
    raise ValueError(f"{cell!r} is not a time")


def is_date(cell: Cell) -> bool:
    """Whether a cell begins with a date."""
    if isinstance(cell, str):
        return bool(_DATE.match(cell))
    return isinstance(cell, datetime.datetime)


def date_seconds(cell: Cell, *, day_first: bool = False) -> float:
    """Seconds from 1970 to a date; with slashes the month stands first, unless ``day_first``, and
    with dots the day. Raises ValueError."""
    if isinstance(cell, datetime.datetime):
        return _since_epoch(cell)
    text = str(cell).strip()
    for read in (_iso, *(_READERS_BY_DAY if day_first else _READERS)):
        try:
            return _since_epoch(read(text))
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"{text!r} is not a date")


def has_slashes(cell: Cell) -> bool:
    """Whether a cell is a date that leaves open which of day and month stands first."""
    return isinstance(cell, str) and _SLASHES.match(cell) is not None


def longest_s(first: Cell, last: Cell) -> float:
    """Seconds from one date to another, in the order of day and month by which they are more;
    below zero where neither is a date."""
    return max(_span_s(first, last, day_first=by) for by in (False, True))


def is_day_first(cells: Iterable[Cell]) -> bool:
    """Whether the day stands first in dates with slashes: as one of them says, or else if that
    makes the time from the first to the last the shorter one."""
    first = last = None
    for cell in cells:
        found = _SLASHES.match(cell) if isinstance(cell, str) else None
        if found is None:
            continue
        one, other = int(found[1]), int(found[2])
        if max(one, other) > _MONTHS:
            return one > _MONTHS
        first, last = first or cell, cell
    if first is None:
        return False
    by_month, by_day = (_span_s(first, last, day_first=by) for by in (False, True))
    return 0.0 <= by_day < by_month or by_month < 0.0 <= by_day


def _span_s(first: Cell, last: Cell, *, day_first: bool) -> float:
    try:
        return date_seconds(last, day_first=day_first) - date_seconds(first, day_first=day_first)
    except ValueError:
        return -1.0


def _iso(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _with(form: str) -> Callable[[str], datetime.datetime]:
    return lambda text: datetime.datetime.strptime(text, form)


_READERS = [_with(form) for form in _FORMATS]
_READERS_BY_DAY = [_with(form.replace("%m/%d/", "%d/%m/")) for form in _FORMATS]


def _since_epoch(moment: datetime.datetime) -> float:
    if moment.tzinfo is not None:
        return moment.timestamp()
    return (moment - _EPOCH).total_seconds()
