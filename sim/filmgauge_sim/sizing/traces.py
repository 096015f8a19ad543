"""Hourly courses that somebody has measured: CSV files, and those that PVGIS gives.

A CSV file has a header. Its time is `time_s` (seconds from the start), or the first column with
dates in it; rows are averaged over hours, and an hour without one holds the value before. A file
of PVGIS has lines above and below its table: `time` as 20200101:0010, `G(i)` W/m2 on the plane or
`G(h)`, and `T2m` degC.
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
_HOUR_S = 3600.0
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
            return _hours(path, quantity, rows[at + 1 :], _TimeColumn(cells), column)
    raise WorldError(f"{path} has no column {' or '.join(names)}")


class _TimeColumn:
    """Where a header has its time, and whether that is in seconds or a date."""

    def __init__(self, header: Sequence[str]) -> None:
        found = (header.index(name) for name in ("time_s", "time") if name in header)
        self._at = next(found, 0)
        self._is_date = header[self._at] != "time_s"

    def seconds(self, row: Sequence[str]) -> float:
        """Return the time of a row. Raises IndexError and ValueError."""
        text = row[self._at].strip()
        seconds = _date_s(text) if self._is_date else float(text)
        if not isfinite(seconds):
            raise ValueError(text)
        return seconds


def _hours(
    path: Path, quantity: str, rows: list[list[str]], time: _TimeColumn, column: int
) -> Numbers:
    times_s, values = [], []
    end = None  # what stands below the table, or a row within it that is spoilt
    for row in rows:
        try:
            time_s, value = time.seconds(row), float(row[column])
        except (IndexError, ValueError):
            end = end or row
            continue
        if end is not None:
            break
        times_s.append(time_s)
        values.append(value)
    else:
        end = None if times_s else end
    if end is not None:
        raise WorldError(f"{path}: {','.join(end)[:60]!r} has no time and number")
    if len(values) < 2:
        raise WorldError(f"{path} must have two rows at least")
    low, high = _BOUNDS[quantity]
    numbers = np.array(values)
    if not ((numbers >= low) & (numbers <= high)).all():
        raise WorldError(f"{path}: {quantity} must be from {low:g} to {high:g}")
    return _averaged(path, np.array(times_s) - times_s[0], numbers)


def _averaged(path: Path, times_s: Numbers, values: Numbers) -> Numbers:
    if (np.diff(times_s) <= 0.0).any():
        raise WorldError(f"{path}: times must rise from row to row")
    hours = (times_s // _HOUR_S).astype(np.int64)
    count = int(hours[-1]) + 1
    if count > _LONGEST_H:
        raise WorldError(f"{path} must not be longer than 50 years")
    sums = np.bincount(hours, weights=values, minlength=count)
    rows = np.bincount(hours, minlength=count)
    last = np.maximum.accumulate(np.where(rows > 0, np.arange(count), 0))
    means = sums / np.maximum(rows, 1)
    return means[last]


def _date_s(text: str) -> float:
    """Return a date in seconds. Raises ValueError."""
    try:
        moment = datetime.strptime(text, _PVGIS_TIME)
    except ValueError:
        moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
