"""Rows of cells read into arrays, a column at a time and many rows at once.

A million rows as a dictionary each take a minute and 600 MB; as arrays of numbers, which they
become here in portions, some seconds and 8 MB a column.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite, nan
from operator import itemgetter
from zlib import crc32

from filmgauge_sim.lab.cyclers.clock import Cell, clock_seconds, date_seconds
from filmgauge_sim.lab.cyclers.matching import Column
from filmgauge_sim.lab.cyclers.quantities import Quantity, Values
from filmgauge_sim.lab.cyclers.repeated_header import RepeatedHeader

Convert = Callable[[Cell], float]

# No time, current or charge of an experiment is larger, whatever its unit.
_LARGEST = 1e15
_THOUSANDS = re.compile(r"^\s*-?[1-9]\d{0,2}(,\d{3})+(\.\d*)?\s*$")
_DISCHARGES = re.compile(r"dis|dch|entlad|放电|^d[_ ]|[_ ]d$")
_CHARGES = re.compile(r"cha|chg|laden|充电|^c[_ ]|[_ ]c$")
_NEEDED = (
    *(Quantity.TIME, Quantity.STEP_TIME, Quantity.UNIX_TIME, Quantity.DATE),
    *(Quantity.CURRENT, Quantity.VOLTAGE, Quantity.POWER),
)


@dataclass(slots=True)
class ReadColumn:
    """A column with its numbers in s, A, V, W, Ah, degC; NaN where a cell says nothing."""

    column: Column
    values: Values


@dataclass(slots=True)
class ReadRows:
    """What a reader made of the rows."""

    columns: list[ReadColumn]
    # Lines that hold no numbers, such as remarks between the rows.
    left_out: int = 0
    # Count of the level above (a report in layers writes a line for each step), or empty.
    levels: Values = field(default_factory=lambda: array("d"))
    # What is wrong with the last line, where it is shorter than the others: it was being written.
    cut_off: ValueError | None = None
    # The first and the last row with numbers, whole.
    first_row: Sequence[Cell] = ()
    last_row: Sequence[Cell] = ()

    def mark(self, first: Sequence[Cell], last: Sequence[Cell]) -> None:
        """Remember the rows that a portion begins and ends with."""
        self.first_row = self.first_row or first
        self.last_row = last


class ColumnReader:
    """Reads chosen columns. `states`: words of a state -> 1 charges, -1 discharges.

    `day_first`: in dates with slashes. `repeated`: checks the lines without numbers.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        header: Sequence[str],
        sample: Sequence[Sequence[Cell]],
        states: Mapping[str, int],
        decimal_comma: bool,
        day_first: bool = False,
        *,
        repeated: RepeatedHeader | None = None,
    ) -> None:
        self._columns = columns
        self._width = len(header)
        self._repeated = repeated
        # A report in layers leaves the first columns to the layers above.
        self._blank = next((k for k, cell in enumerate(header) if cell.strip()), 0)
        self._states = dict(states)
        self._comma = decimal_comma
        self._date_seconds = partial(date_seconds, day_first=day_first)
        self._converts = [self._convert(column) for column in columns]
        self._plain = all(isinstance(cell, str) for row in sample for cell in row)
        self._pick = itemgetter(*(column.index for column in columns))
        self._one = len(columns) == 1

    def read(self, portions: Iterator[list[Sequence[Cell]]], first_line: int) -> ReadRows:
        """Read every row. Raises ValueError with line and column for what is no number."""
        found = ReadRows([ReadColumn(column, array("d")) for column in self._columns])
        line, level = first_line, 0
        for chunk in portions:
            if found.cut_off is not None:  # that was not the last line
                raise found.cut_off
            try:
                portion = self._portion(chunk)
            except (ValueError, TypeError, IndexError, AttributeError):
                portion = None
            if portion is None or self._blank:
                level = self._row_by_row(found, chunk, line, level)
            else:
                for read, values in zip(found.columns, portion, strict=True):
                    read.values.extend(values)
                found.mark(chunk[0], chunk[-1])
            line += len(chunk)
        return found

    def _portion(self, chunk: Sequence[Sequence[Cell]]) -> list[Values]:
        picked = [self._pick(row) for row in chunk]
        by_column: Iterable[Sequence[Cell]] = [picked] if self._one else zip(*picked, strict=True)
        portion: list[Values] = []
        for column, convert, cells in zip(self._columns, self._converts, by_column, strict=True):
            values = self._values(convert, cells)
            if column.quantity in _NEEDED:
                if not isfinite(sum(values)):
                    raise ValueError
                if not -_LARGEST < min(values) <= max(values) < _LARGEST:
                    raise ValueError
            unit = column.unit
            if unit is not None and (unit.factor != 1.0 or unit.offset):
                factor, offset = unit.factor, unit.offset
                values = array("d", [factor * value + offset for value in values])
            portion.append(values)
        return portion

    def _values(self, convert: Convert, cells: Sequence[Cell]) -> Values:
        if self._plain and convert in _PLAIN:
            try:  # several times as fast
                return array("d", map(_float, cells))
            except ValueError:
                pass
        return array("d", map(convert, cells))

    def _row_by_row(
        self, found: ReadRows, chunk: Sequence[Sequence[Cell]], line: int, level: int
    ) -> int:
        for k, row in enumerate(chunk):
            if self._blank and _is_full(row, self._blank):
                level += not _is_full(row, self._blank - 1)
                found.left_out += not any(map(_says, row))
                continue
            try:
                values = self._row(row, line + k)
            except ValueError as error:
                if k < len(chunk) - 1 or len(row) >= self._width:
                    raise
                found.cut_off = error
                continue
            if values is None:
                if any(map(_says, row)):
                    found.left_out += 1
                    self._check_left_out(row, line + k)
                continue
            for read, value in zip(found.columns, values, strict=True):
                read.values.append(value)
            found.mark(row, row)
            if self._blank:
                found.levels.append(level)
        return level

    def _check_left_out(self, row: Sequence[Cell], line: int) -> None:
        if self._repeated is not None:
            self._repeated.check(row, line)

    def _row(self, row: Sequence[Cell], line: int) -> list[float] | None:
        """The numbers of a row, None where it has none. Raises ValueError."""
        values: list[float] = []
        wrong: list[tuple[Column, Cell]] = []
        right = 0
        for column, convert in zip(self._columns, self._converts, strict=True):
            cell = row[column.index] if column.index < len(row) else None
            value = self._value(column, convert, cell)
            if column.quantity in _NEEDED:
                right += value == value
                if value != value:
                    wrong.append((column, cell))
            values.append(value)
        if not wrong:
            return values
        if not right:
            return None
        column, cell = wrong[0]
        kind = "a date" if column.quantity is Quantity.DATE else "a number"
        raise ValueError(f"line {line}: {column.name} must be {kind}, not {cell!r}.")

    def _value(self, column: Column, convert: Convert, cell: Cell) -> float:
        for each in (convert,) if self._comma else (convert, _number_with_thousands):
            try:
                value = each(cell)
            except (ValueError, TypeError, AttributeError, OverflowError):
                continue
            unit = column.unit
            if unit is not None:
                value = unit.factor * value + unit.offset
            return value if abs(value) < _LARGEST else nan
        return nan

    def _convert(self, column: Column) -> Convert:
        if column.quantity is Quantity.STATE:
            return self._state
        if column.quantity is Quantity.CHANNEL:
            return _channel
        if column.quantity is Quantity.DATE:
            return self._date_seconds
        if column.unit is not None and column.unit.is_clock:
            return clock_seconds
        if column.quantity in _NEEDED:
            return _number_with_comma if self._comma else _number
        return _optional_with_comma if self._comma else _optional

    def _state(self, cell: Cell) -> float:
        word = str(cell).strip().lower()
        if word not in self._states:
            self._states[word] = _way(word)
        return self._states[word]


def _way(state: str) -> int:
    """What a state that is in no table says: 1 charges, -1 discharges."""
    if _DISCHARGES.search(state):
        return -1
    return 1 if _CHARGES.search(state) else 0


def _channel(cell: Cell) -> float:
    """A number that is alike for equal names of a channel alone."""
    return float(crc32(str(cell).strip().encode())) if _says(cell) else nan


def _number(cell: Cell) -> float:
    if isinstance(cell, bool):
        raise ValueError
    return float(cell)  # type: ignore[arg-type]


def _number_with_comma(cell: Cell) -> float:
    return float(cell.replace(",", ".")) if isinstance(cell, str) else _number(cell)


def _optional(cell: Cell) -> float:
    return float(cell) if _says(cell) else nan  # type: ignore[arg-type]


def _optional_with_comma(cell: Cell) -> float:
    return _number_with_comma(cell) if _says(cell) else nan


def _number_with_thousands(cell: Cell) -> float:
    """`1,234` and `1,234.5`: only where a comma is not the decimal sign."""
    if not isinstance(cell, str) or not _THOUSANDS.match(cell):
        raise ValueError
    return float(cell.replace(",", ""))


def _says(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _is_full(row: Sequence[Cell], columns: int) -> bool:
    return any(map(_says, row[:columns]))


_float: Convert = float  # type: ignore[assignment]  # of text
_PLAIN = (_number, _optional)
