"""Hourly courses that somebody has measured: CSV files, and those that PVGIS gives.

A CSV file has a header. Its time is `time_s` (seconds from the start), or the first column with
dates in it. A value holds until the next row, as in a scenario, and the last one to the end of its
hour; an hour has the mean over its time. A file of PVGIS has lines above and below its table:
`time` as 20200101:0010, `G(i)` W/m2 on the plane or `G(h)`, and `T2m` degC. The months of its
typical year, whose column is `time(UTC)`, come from several years and follow each other.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.cell.isothermal import HIGHEST_C, LOWEST_C
from filmgauge_sim.sizing.world import WorldError

Numbers = NDArray[np.float64]

_COLUMNS = {
    "lux": ("lux", "illuminance", "illuminance_lux"),
    "w_m2": ("w_m2", "G(i)", "G(h)", "ghi", "poa"),
    "power_uw": ("power_uw",),
    "temperature_c": ("temperature_c", "T2m", "temp_air", "temperature"),
}
_BOUNDS = {
    "lux": (0.0, 200_000.0),
    "w_m2": (0.0, 2000.0),
    "power_uw": (0.0, 1e9),
    "temperature_c": (LOWEST_C, HIGHEST_C),
}
_PVGIS_TIME = "%Y%m%d:%H%M"
_TYPICAL_YEAR = "time(UTC)"
_ONE_YEAR = 2001  # without a leap day, as the typical year
_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_LONGEST_GAP_S = 7 * _DAY_S
_LONGEST_H = 50 * 8760


def read_trace(path: Path, quantity: str) -> Numbers:
    """Return a value for each hour from the first row on. Raises WorldError, one sentence."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise WorldError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise WorldError(f"{path} is not text in UTF-8") from None
    try:
        rows = [row for row in csv.reader(lines) if row]
    except csv.Error as error:
        raise WorldError(f"{path} is no CSV: {error}") from None
    names = _COLUMNS[quantity]
    for at, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        column = next((cells.index(name) for name in names if name in cells), None)
        if column is not None:
            return _hours(path, quantity, rows[at + 1 :], _TimeColumn(cells), column, len(cells))
    raise WorldError(f"{path} has no column {' or '.join(names)}")


class _TimeColumn:
    """Where a header has its time, and whether that is in seconds or a date."""

    def __init__(self, header: Sequence[str]) -> None:
        found = (header.index(name) for name in ("time_s", "time") if name in header)
        self._at = next(found, 0)
        self._is_date = header[self._at] != "time_s"
        self.is_typical_year = header[self._at] == _TYPICAL_YEAR

    def text(self, row: Sequence[str]) -> str:
        """Return what a row has there, empty for nothing."""
        return row[self._at].strip() if self._at < len(row) else ""

    def seconds(self, row: Sequence[str]) -> float | None:
        """Return the time of a row, None where it has none."""
        text = self.text(row)
        try:
            seconds = _date_s(text) if self._is_date else float(text)
        except ValueError:
            return None
        return seconds if isfinite(seconds) else None


def _hours(
    path: Path, quantity: str, rows: list[list[str]], time: _TimeColumn, column: int, width: int
) -> Numbers:
    table = rows[: len(rows) - _footnotes(rows, time, column)]
    times_s, values = [], []
    for row in table or rows[:1]:
        time_s, value = time.seconds(row), _number(row, column)
        if time_s is None or value is None:
            raise WorldError(f"{path}: {_shown(row)} has no time and number")
        if any(cell.strip() for cell in row[width:]):
            raise WorldError(f"{path}: {_shown(row)} has more cells than the header")
        low, high = _BOUNDS[quantity]
        if not low <= value <= high:
            raise WorldError(f"{path}: {_shown(row)}: {quantity} must be from {low:g} to {high:g}")
        times_s.append(time_s)
        values.append(value)
    if len(values) < 2:
        raise WorldError(f"{path} must have two rows at least")
    steps_s = np.diff(times_s)
    if time.is_typical_year and (np.abs(steps_s) > _LONGEST_GAP_S).any():
        times_s = _in_one_year(times_s)
        steps_s = np.diff(times_s)
    if (steps_s <= 0.0).any():
        raise WorldError(f"{path}: times must rise from row to row")
    widest = int(np.argmax(steps_s))
    if steps_s[widest] > _LONGEST_GAP_S:
        raise WorldError(
            f"{path}: {_shown(table[widest + 1])} must come at most"
            f" {_LONGEST_GAP_S / _DAY_S:.0f} days after the row before, not"
            f" {steps_s[widest] / _DAY_S:.0f}"
        )
    return _averaged(path, np.array(times_s) - times_s[0], np.array(values))


def _footnotes(rows: list[list[str]], time: _TimeColumn, column: int) -> int:
    """Return how many rows at the end are text: no time, nothing that begins like one, and no
    number."""
    count = 0
    for row in reversed(rows):
        has_time = time.text(row)[:1].isdigit() or time.seconds(row) is not None
        if has_time or _number(row, column) is not None:
            break
        count += 1
    return count


def _number(row: Sequence[str], column: int) -> float | None:
    try:
        return float(row[column])
    except (IndexError, ValueError):
        return None


def _shown(row: Sequence[str]) -> str:
    return repr(",".join(row)[:60])


def _in_one_year(times_s: list[float]) -> list[float]:
    """Return dates of several years as if they were of one; as they are with a leap day."""
    moments = [datetime.fromtimestamp(each, UTC) for each in times_s]
    try:
        return [each.replace(year=_ONE_YEAR).timestamp() for each in moments]
    except ValueError:
        return times_s


def _averaged(path: Path, times_s: Numbers, values: Numbers) -> Numbers:
    """Return the mean of each hour of values that hold until the next."""
    count = int(times_s[-1] // _HOUR_S) + 1
    if count > _LONGEST_H:
        raise WorldError(f"{path} must not be longer than 50 years")
    edges_s = _HOUR_S * np.arange(count + 1)
    until_s = np.append(times_s, edges_s[-1])
    passed = np.append(0.0, np.cumsum(values * np.diff(until_s)))
    return np.diff(np.interp(edges_s, until_s, passed)) / _HOUR_S


def _date_s(text: str) -> float:
    """Return a date in seconds. Raises ValueError."""
    try:
        moment = datetime.strptime(text, _PVGIS_TIME)
    except ValueError:
        moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
