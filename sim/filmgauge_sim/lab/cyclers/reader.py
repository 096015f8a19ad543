"""Reads a file of a cycler: which columns it has, what they say, whether they agree.

recording = read_recording(Path("cell.mpt"), MEASUREMENT)
recording.current_a, recording.columns
"""

from collections.abc import Iterator
from pathlib import Path

from filmgauge_sim.lab.cyclers.assembly import Assembly, ReadTable
from filmgauge_sim.lab.cyclers.binary import READERS
from filmgauge_sim.lab.cyclers.clock import has_slashes, is_day_first
from filmgauge_sim.lab.cyclers.column_reader import ColumnReader
from filmgauge_sim.lab.cyclers.layout import Layout, Needs, Source, find_layout
from filmgauge_sim.lab.cyclers.matching import Column, check_unit
from filmgauge_sim.lab.cyclers.options import AS_IT_SAYS, ReadingOptions
from filmgauge_sim.lab.cyclers.quantities import TIMES, Quantity
from filmgauge_sim.lab.cyclers.recording import CellRecording
from filmgauge_sim.lab.cyclers.repeated_header import RepeatedHeader
from filmgauge_sim.lab.cyclers.text_source import TextSource
from filmgauge_sim.lab.cyclers.workbook_source import WorkbookSource

_WORKBOOKS = (".xlsx", ".xlsm")
# What their own programs export, and nothing here reads.
_CLOSED = {
    ".xls": "save it as .xlsx or .csv",
    ".res": "export it from MITS Pro as .xlsx or .csv",
    ".ccs": "export it as .txt, .csv or .xlsx",
    ".cex": "export it as .txt, .csv or .xlsx",
    ".nip": "export it as .csv",
}
# What says the same is read to be compared.
_ALIKE = (
    *(Quantity.TIME, Quantity.UNIX_TIME),
    *(Quantity.CURRENT, Quantity.VOLTAGE, Quantity.POWER),
)


def read_recording(
    path: Path,
    needs: Needs,
    options: ReadingOptions = AS_IT_SAYS,
    area_cm2: float | None = None,
) -> CellRecording:
    """Read a file. ``area_cm2``: of the cell, for columns per cm2.

    Raises ValueError with the file's name and what to give, also where a package of the extra
    `cyclers` is missing; OSError.
    """
    try:
        suffix = path.suffix.lower()
        if suffix in _CLOSED:
            raise ValueError(f"is of a format that is not read: {_CLOSED[suffix]}.")
        if suffix in READERS:
            sheets = [READERS[suffix](path, options)]
        else:
            source = WorkbookSource(path) if suffix in _WORKBOOKS else TextSource(path)
            sheets = _tables(source, needs, options)
        return Assembly(path.name, sheets, options, area_cm2).recording()
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{path.name} needs {error.name}, which is not installed: pip install"
            f" 'filmgauge[cyclers]'."
        ) from None
    except UnicodeError as error:
        raise ValueError(f"{path.name} is not text: {error}.") from None
    except ValueError as error:
        text = str(error)
        colon = ":" if text.startswith("line ") else ""
        raise ValueError(f"{path.name}{colon} {text}") from None


def _tables(source: Source, needs: Needs, options: ReadingOptions) -> list[ReadTable]:
    """The tables of a file: of all sheets that have the columns of the first which has them."""
    found: list[ReadTable] = []
    first: Layout | None = None
    refused: ValueError | None = None
    for sheet in source.sheets():
        try:
            layout = find_layout(source, sheet, needs, options.columns)
        except ValueError as error:
            refused = refused or error
            continue
        if first is None or list(layout.header.cells) == list(first.header.cells):
            first = first or layout
            found.append(_table(source, sheet, layout, options))
    if not found:
        raise refused or ValueError("has no sheet with rows.")
    return found


def _table(source: Source, sheet: str, layout: Layout, options: ReadingOptions) -> ReadTable:
    columns = list(_wanted(layout))
    for column in columns:
        check_unit(column)
    text = isinstance(source, TextSource)
    replaced = text and layout.header.separator != ","
    day_first = _is_day_first(source, sheet, layout)
    reader = ColumnReader(
        columns,
        layout.header.cells,
        layout.sample,
        layout.form.states,
        layout.decimal_comma and not replaced,
        day_first=day_first,
        repeated=RepeatedHeader(layout.header, layout.form, columns),
    )
    rows = source.rows(sheet, layout.header, decimal_comma=layout.decimal_comma)
    read = reader.read(rows, layout.header.number + 1)
    read.left_out -= layout.has_line_of_units
    return ReadTable(layout.form.name, read, _dates(layout, options), day_first)


def _is_day_first(source: Source, sheet: str, layout: Layout) -> bool:
    """Whether the dates that the time is read from, if it is, have the day first."""
    if _time_of(layout) is not Quantity.DATE:
        return False
    at = layout.columns[Quantity.DATE][0].index
    if not any(has_slashes(row[at]) for row in layout.sample if at < len(row)):
        return False
    portions = source.rows(sheet, layout.header, decimal_comma=layout.decimal_comma)
    return is_day_first(row[at] for portion in portions for row in portion if at < len(row))


def _wanted(layout: Layout) -> Iterator[Column]:
    for quantity, columns in layout.columns.items():
        if quantity in _ALIKE:
            yield from columns
        elif quantity not in TIMES or quantity is _time_of(layout):
            yield columns[0]


def _time_of(layout: Layout) -> Quantity:
    """The quantity that the time is read from."""
    return next(quantity for quantity in TIMES if quantity in layout.columns)


def _dates(layout: Layout, options: ReadingOptions) -> Column | None:
    """A column of dates beside a time that the user has not named."""
    dates = layout.columns.get(Quantity.DATE)
    return None if not dates or set(TIMES) & set(options.columns) else dates[0]
