"""Where the table of a file begins, whose it is, and which of its columns are read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from filmgauge_sim.lab.cyclers.clock import Cell, is_date
from filmgauge_sim.lab.cyclers.formats import Format, formats
from filmgauge_sim.lab.cyclers.matching import (
    Column,
    Columns,
    NamedColumn,
    matched,
    named,
    with_named,
)
from filmgauge_sim.lab.cyclers.quantities import TIMES, Quantity, Unit, unit_of
from filmgauge_sim.lab.cyclers.text_source import HeaderLine

# So many rows show how numbers are written.
_SAMPLE_ROWS = 60
_WITH_COMMA = re.compile(r"^\s*[-+]?\d+,\d+(e[-+]?\d+)?\s*$", re.IGNORECASE)
_WITH_POINT = re.compile(r"^\s*[-+]?\d*\.\d+(e[-+]?\d+)?\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"^\s*[-+]?[\d.,]+(e[-+]?\d+)?\s*$", re.IGNORECASE)
_CLOCK = re.compile(r"^\s*(\d+\s*d\w*[\s,:]*|\d+-)?\d+:\d{1,2}:\d{1,2}")
_FREQUENCY = re.compile(r"^\s*(freq(uency)?([^a-z]|$)|f\s*[/(\[]\s*hz)", re.IGNORECASE)
_NUMBERS = (Quantity.CURRENT, Quantity.VOLTAGE, Quantity.POWER)
_LEAST_COLUMNS = 3
_MOST_NAMES, _LONGEST_NAME = 12, 40


class Source(Protocol):
    """A file that has rows of cells: text or a workbook."""

    def sheets(self) -> Iterator[str]: ...
    def headers(self, sheet: str) -> Iterator[HeaderLine]: ...
    def text_until(self, header: HeaderLine) -> str: ...
    def sample(self, header: HeaderLine, rows: int) -> list[Sequence[Cell]]: ...
    def rows(
        self, sheet: str, header: HeaderLine, *, decimal_comma: bool
    ) -> Iterator[list[Sequence[Cell]]]: ...


@dataclass(frozen=True, slots=True)
class Needs:
    """What a reader wants: at least one quantity of each group, with its name for sentences."""

    groups: Sequence[tuple[str, tuple[Quantity, ...]]]

    def missing(self, columns: Columns) -> list[str]:
        """The names of the groups of which a file has no column."""
        return [what for what, group in self.groups if not any(q in columns for q in group)]


MEASUREMENT = Needs(
    (
        ("a time", TIMES),
        ("a current", (Quantity.CURRENT,)),
        ("a voltage", (Quantity.VOLTAGE,)),
    )
)
LOAD = Needs((("a time", TIMES), ("a current or a power", (Quantity.CURRENT, Quantity.POWER))))


@dataclass(frozen=True, slots=True)
class Layout:
    """A header and what its columns are."""

    header: HeaderLine
    form: Format
    columns: Columns
    sample: Sequence[Sequence[Cell]]
    decimal_comma: bool
    has_line_of_units: bool


def find_layout(
    source: Source, sheet: str, needs: Needs, wanted: Mapping[Quantity, NamedColumn]
) -> Layout:
    """The first line of a sheet that names all that is needed. Raises ValueError otherwise."""
    nearest: tuple[int, HeaderLine, Columns] | None = None
    first: HeaderLine | None = None
    is_spectrum = False
    for header in _lines(source, sheet, wanted):
        if len(header.cells) >= _LEAST_COLUMNS and first is None:
            first = header
        is_spectrum = is_spectrum or any(_FREQUENCY.match(cell) for cell in header.cells)
        found = _best(source, header, needs, wanted)
        if found is None:
            continue
        form, columns = found
        if not needs.missing(columns):
            return _layout(source, header, form, columns, wanted)
        if nearest is None or len(columns) > nearest[0]:
            nearest = len(columns), header, columns
    if is_spectrum:
        raise ValueError("is a spectrum, by its frequencies: filmgauge lab eis --fit reads it.")
    if nearest is None and first is not None and not wanted:
        nearest = 0, first, {}
    raise ValueError(_missing(needs, nearest, wanted))


def _lines(
    source: Source, sheet: str, wanted: Mapping[Quantity, NamedColumn]
) -> Iterator[HeaderLine]:
    """The lines that may be the header; for columns that are numbered, the first with so many."""
    if not wanted or not all(column.name.isdecimal() for column in wanted.values()):
        yield from source.headers(sheet)
        return
    numbers = [int(column.name) for column in wanted.values()]
    for line in source.headers(sheet):
        if not 1 <= min(numbers) <= max(numbers) <= len(line.cells):
            continue
        if all(_NUMBER.match(line.cells[number - 1]) for number in numbers):
            # It is a row already, and the columns have the names 1, 2, 3.
            cells = [str(k) for k in range(1, len(line.cells) + 1)]
            yield HeaderLine(line.number - 1, line.separator, cells)
        else:
            yield line


def _best(
    source: Source, header: HeaderLine, needs: Needs, wanted: Mapping[Quantity, NamedColumn]
) -> tuple[Format, Columns] | None:
    own = named(wanted, header.cells)
    if own is None or all(map(_NUMBER.match, header.cells)) != _is_numbered(header):
        return None
    best: tuple[tuple[bool, bool, bool, int], Format, Columns] | None = None
    for form in formats():
        columns = with_named(matched(form, header.cells, own_units=False), own)
        if not columns:
            continue
        full = not needs.missing(columns)
        marked = full and form.is_marked(source.text_until(header))
        if marked:  # and so the units are those of its program
            columns = with_named(matched(form, header.cells), own)
        rank = full, marked, Quantity.TIME in columns, len(columns)
        if best is None or rank > best[0] or (rank == best[0] and not form.marks):
            best = rank, form, columns
    return None if best is None else (best[1], best[2])


def _is_numbered(header: HeaderLine) -> bool:
    return list(header.cells) == [str(k) for k in range(1, len(header.cells) + 1)]


def _layout(
    source: Source,
    header: HeaderLine,
    form: Format,
    columns: Columns,
    wanted: Mapping[Quantity, NamedColumn],
) -> Layout:
    sample = source.sample(header, _SAMPLE_ROWS)
    _check_cells(header, sample)
    units = _line_of_units(sample, columns)
    rows = sample[1:] if units else sample
    columns = {
        quantity: [_with_unit(column, units, rows) for column in each]
        for quantity, each in columns.items()
    }
    dates = [column for column in columns.get(Quantity.TIME, ()) if _is_date(column, rows)]
    if dates and Quantity.TIME not in wanted:
        others = [column for column in columns[Quantity.TIME] if column not in dates]
        columns.pop(Quantity.TIME)
        columns = {Quantity.TIME: others, **columns} if others else columns
    if dates:
        as_dates = [replace(column, quantity=Quantity.DATE, unit=Unit("")) for column in dates]
        columns.setdefault(Quantity.DATE, as_dates)
        columns.pop(Quantity.TIME, None) if Quantity.TIME in wanted else None
    return Layout(header, form, columns, rows, _has_decimal_comma(columns, rows), bool(units))


def _check_cells(header: HeaderLine, sample: Sequence[Sequence[Cell]]) -> None:
    """Cells beyond the names: a decimal comma that separates as well. Raises ValueError."""
    names, cells = len(header.cells), min(map(len, sample), default=0)
    if header.separator == "," and cells > names + 1:
        raise ValueError(
            f"has {cells} cells in each line below the {names} names of line {header.number}: a"
            f" comma cannot separate the cells and be the decimal sign as well."
        )


def _with_unit(
    column: Column, units: Mapping[int, str], sample: Sequence[Sequence[Cell]]
) -> Column:
    if column.quantity in (Quantity.TIME, Quantity.STEP_TIME) and _is_clock(column, sample):
        return replace(column, unit=Unit("h:min:s", is_clock=True))
    if column.unit is not None and column.unit.is_clock and _are_numbers(column, sample):
        return replace(column, unit=None)
    if column.index in units and column.quantity is not Quantity.STATE:
        return replace(column, unit=unit_of(column.quantity, units[column.index]) or column.unit)
    return column


def _line_of_units(sample: Sequence[Sequence[Cell]], columns: Columns) -> dict[int, str]:
    """Column -> its unit, where the line below the names has the units."""
    if len(sample) < 2:
        return {}
    first = sample[0]
    if _has_values(first, columns):
        return {}
    found: dict[int, str] = {}
    for quantity, each in columns.items():
        for column in each:
            cell = str(first[column.index]) if column.index < len(first) else ""
            text = cell.strip().strip("[]()")
            if text and unit_of(quantity, text) is not None and not _NUMBER.match(text):
                found[column.index] = text
    return found


def _has_values(row: Sequence[Cell], columns: Columns) -> bool:
    """Whether a row says a time or a number, which units do not: a clock has colons as well."""
    cells = [
        row[column.index]
        for quantity in (*TIMES, *_NUMBERS)
        for column in columns.get(quantity, ())
        if column.index < len(row)
    ]
    return any(
        _NUMBER.match(str(cell)) or _CLOCK.match(str(cell)) or is_date(cell)
        for cell in cells
        if cell not in (None, "")
    )


def _cells(column: Column, sample: Sequence[Sequence[Cell]]) -> list[Cell]:
    cells = [row[column.index] for row in sample if column.index < len(row)]
    return [cell for cell in cells if cell not in (None, "")]


def _is_clock(column: Column, sample: Sequence[Sequence[Cell]]) -> bool:
    cells = _cells(column, sample)
    texts = [cell for cell in cells if isinstance(cell, str)]
    if cells and not texts:
        return all(type(cell).__name__ in ("time", "timedelta") for cell in cells)
    return bool(texts) and all(map(_CLOCK.match, texts)) and not _is_date(column, sample)


def _is_date(column: Column, sample: Sequence[Sequence[Cell]]) -> bool:
    cells = _cells(column, sample)
    return bool(cells) and all(map(is_date, cells))


def _are_numbers(column: Column, sample: Sequence[Sequence[Cell]]) -> bool:
    cells = _cells(column, sample)
    return bool(cells) and all(_NUMBER.match(str(cell)) for cell in cells)


def _has_decimal_comma(columns: Columns, sample: Sequence[Sequence[Cell]]) -> bool:
    """By the cells that are read: a remark or a version may have a point in any file."""
    read = [column for each in columns.values() for column in each]
    cells = [cell for column in read for cell in _cells(column, sample)]
    texts = [cell for cell in cells if isinstance(cell, str)]
    return any(map(_WITH_COMMA.match, texts)) and not any(map(_WITH_POINT.match, texts))


def _missing(
    needs: Needs,
    nearest: tuple[int, HeaderLine, Columns] | None,
    wanted: Mapping[Quantity, NamedColumn],
) -> str:
    if nearest is None and wanted:
        names = ", ".join(repr(column.name) for column in wanted.values())
        return f"has no line with the columns {names} that --columns names."
    if nearest is None:
        given = ",".join(f"{group[0]}=NAME" for _, group in needs.groups)
        whats = _joined([what for what, _ in needs.groups])
        return (
            f"must have {whats} in a column, and no line names one that is known: give"
            f" --columns {given} with the names that stand in the file, or the numbers of the"
            f" columns."
        )
    _, header, columns = nearest
    if all(map(_NUMBER.match, header.cells)):
        given = ",".join(f"{group[0]}={k}:UNIT" for k, (_, group) in enumerate(needs.groups, 1))
        return f"has numbers and no names of columns: give --columns {given}, by their numbers."
    missing = needs.missing(columns)
    keys = [group[0] for what, group in needs.groups if what in missing]
    names = [" ".join(cell.split())[:_LONGEST_NAME] for cell in header.cells if cell.strip()]
    listed = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
    given = ",".join(f"{key}=NAME" for key in keys)
    return (
        f"must have {_joined(missing)} in a column, and of the names in line {header.number}"
        f" ({listed}) none is known for it: give --columns {given}."
    )


def _joined(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
