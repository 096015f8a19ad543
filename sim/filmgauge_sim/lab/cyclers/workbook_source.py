"""Workbooks (.xlsx): every sheet is a table, as the exports of Arbin, Neware and Landt have it."""

import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from filmgauge_sim.lab.cyclers.clock import Cell
from filmgauge_sim.lab.cyclers.text_source import ROWS_AT_ONCE, HeaderLine

_HEAD_ROWS = 200


class WorkbookSource:
    """One workbook. Raises ValueError for what is none, OSError; needs openpyxl."""

    def __init__(self, path: Path) -> None:
        from openpyxl import load_workbook

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles that it does not know
            try:
                self._book: Any = load_workbook(path, read_only=True, data_only=True)
            # What a broken archive of XML makes of its readers cannot be listed.
            except Exception as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                reason = " ".join(str(error).split()).rstrip(".")
                raise ValueError(f"is not a workbook: {reason}.") from None
        self._heads: dict[str, list[tuple[Cell, ...]]] = {}

    def sheets(self) -> Iterator[str]:
        """Yield the names of the sheets that hold rows."""
        for sheet in self._book.worksheets:
            yield sheet.title

    def headers(self, sheet: str) -> Iterator[HeaderLine]:
        """Every row of the head of a sheet."""
        for number, row in enumerate(self._head(sheet), 1):
            cells = ["" if cell is None else str(cell) for cell in row]
            if sum(map(bool, cells)) > 1:
                yield HeaderLine(number, sheet, cells)

    def text_until(self, header: HeaderLine) -> str:
        """The names of the sheets, the rows above a header, and itself."""
        rows = self._head(header.separator)[: header.number]
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
        return "\n".join([*self.sheets(), *lines])

    def sample(self, header: HeaderLine, rows: int) -> list[Sequence[Cell]]:
        """The first rows below a header."""
        below = self._head(header.separator)[header.number : header.number + rows]
        return [row for row in below if any(cell is not None for cell in row)]

    def rows(
        self, sheet: str, header: HeaderLine, *, decimal_comma: bool
    ) -> Iterator[list[Sequence[Cell]]]:
        """Every row of a sheet below a header, many at once."""
        del decimal_comma  # numbers are numbers here
        rows = self._book[sheet].iter_rows(min_row=header.number + 1, values_only=True)
        while portion := list(islice(rows, ROWS_AT_ONCE)):
            yield portion

    def _head(self, sheet: str) -> list[tuple[Cell, ...]]:
        if sheet not in self._heads:
            rows = self._book[sheet].iter_rows(max_row=_HEAD_ROWS, values_only=True)
            self._heads[sheet] = list(rows)
        return self._heads[sheet]
