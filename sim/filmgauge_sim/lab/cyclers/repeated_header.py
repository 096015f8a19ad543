"""The names of columns once more among the rows: alike, or the rows below are read wrongly."""

from collections.abc import Sequence

from filmgauge_sim.lab.cyclers.clock import Cell
from filmgauge_sim.lab.cyclers.column_names import readings
from filmgauge_sim.lab.cyclers.formats import Format
from filmgauge_sim.lab.cyclers.matching import Column
from filmgauge_sim.lab.cyclers.quantities import TIMES, Quantity, unit_of
from filmgauge_sim.lab.cyclers.text_source import HeaderLine

_NAMED = (*TIMES, Quantity.CURRENT, Quantity.VOLTAGE, Quantity.POWER)
# One cell may be a word of a remark.
_LEAST_NAMES = 2


class RepeatedHeader:
    """Finds lines that name columns, or units, otherwise than the header."""

    def __init__(self, header: HeaderLine, form: Format, columns: Sequence[Column]) -> None:
        self._number = header.number
        self._columns = [column for column in columns if column.quantity in _NAMED]
        self._all = columns
        self._names = {next(readings(column.name))[0] for column in self._columns}
        for quantity in _NAMED:
            self._names.update(form.columns.get(quantity, ()))

    def check(self, row: Sequence[Cell], line: int) -> None:
        """Raise ValueError for a row without numbers that contradicts the header."""
        cells = ["" if cell is None else str(cell).strip() for cell in row]
        if self._has_other_units(cells) or (self._has_names(cells) and not self._is_alike(cells)):
            shown = ", ".join(filter(None, cells))
            raise ValueError(
                f"line {line}: must name the columns as line {self._number} does, by which the"
                f" rows are read, not {shown!r}: part the file there."
            )

    def _has_other_units(self, cells: Sequence[str]) -> bool:
        units = [
            (column.unit, unit_of(column.quantity, _at(cells, column.index).strip("[]()")))
            for column in self._columns
        ]
        if any(own is None or found is None for own, found in units):
            return False
        return any(own.factor != found.factor for own, found in units if own and found)

    def _has_names(self, cells: Sequence[str]) -> bool:
        named = [cell for cell in cells if any(name in self._names for name, _ in readings(cell))]
        return len(named) >= _LEAST_NAMES

    def _is_alike(self, cells: Sequence[str]) -> bool:
        return all(_plain(_at(cells, column.index)) == _plain(column.name) for column in self._all)


def _at(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def _plain(name: str) -> str:
    """A name as rows have it whose decimal commas became points."""
    return name.strip().replace(",", ".").casefold()
