"""Text of any cycler: its encoding, its separator, its decimal sign, its rows."""

import codecs
import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, cast

from filmgauge_sim.lab.cyclers.clock import Cell

# The header is looked for in so many lines: a protocol may stand above it.
_HEAD_LINES = 5000
# So many rows are taken apart at once.
ROWS_AT_ONCE = 1024
_HEAD_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20
_SEPARATORS = ("\t", ";", ",")
BLANKS = " "
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Words of Chinese exports: voltage, current, time.
_CHINESE = ("电压", "电流", "时间")
# A date and a time of day with one blank between them are one cell.
_DATE_AND_TIME = re.compile(r"(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}) (\d{1,2}:\d{2})")


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """A line of a file taken apart; `number` counts from 1."""

    number: int
    separator: str
    cells: Sequence[str]


class TextSource:
    """One text file, also compressed by gzip. Raises ValueError for what is no text, OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._encoding = self._find_encoding()
            self._head = self._read_head()
        except ValueError:
            raise
        # Another package may have put a faster reader in place of the usual one, with errors of
        # its own.
        except Exception as error:
            if not self._is_packed() or (isinstance(error, OSError) and error.errno is not None):
                raise
            raise ValueError(f"is not a whole file of gzip: {error}.") from None

    def _is_packed(self) -> bool:
        return self._path.suffix.lower() == ".gz"

    def _read_head(self) -> list[str]:
        with self._open() as file:
            return [line for line, _ in zip(file, range(_HEAD_LINES), strict=False)]

    @property
    def head(self) -> Sequence[str]:
        """The lines among which a header is looked for."""
        return self._head

    def lines(self) -> Iterator[str]:
        """Every line, with its end."""
        with self._open() as file:
            yield from file

    def sheets(self) -> Iterator[str]:
        """Yield the one that a text is."""
        yield ""

    def headers(self, sheet: str) -> Iterator[HeaderLine]:
        """Every line of the head, in every way to take it apart, blanks last."""
        del sheet
        for number, line in enumerate(self._head, 1):
            for separator in _SEPARATORS:
                if separator in line:
                    for cells in self._cells([line], separator):
                        yield HeaderLine(number, separator, list(map(str, cells)))
        for number, line in enumerate(self._head, 1):
            if not any(separator in line for separator in _SEPARATORS):
                yield HeaderLine(number, BLANKS, line.split())

    def text_until(self, header: HeaderLine) -> str:
        """The lines above a header, and itself."""
        return "".join(self._head[: header.number])

    def sample(self, header: HeaderLine, rows: int) -> list[Sequence[Cell]]:
        """The first rows below a header."""
        below = self._head[header.number : header.number + rows]
        return [row for row in self._cells(below, header.separator) if any(row)]

    def rows(
        self, sheet: str, header: HeaderLine, *, decimal_comma: bool
    ) -> Iterator[list[Sequence[Cell]]]:
        """Every row below a header, empty ones too, many at once. Raises ValueError."""
        del sheet
        with self._open() as file:
            lines: Iterable[str] = file
            for _, _ in zip(range(header.number), file, strict=False):
                pass
            if decimal_comma and header.separator != ",":
                lines = (line.replace(",", ".") for line in file)
            rows = _rows(lines, header.separator)
            while portion := _portion(rows, ROWS_AT_ONCE):
                yield portion

    def _cells(self, lines: Sequence[str], separator: str) -> list[Sequence[Cell]]:
        return _portion(_rows(lines, separator), len(lines))

    def _open(self) -> IO[str]:
        if self._is_packed():
            return cast(IO[str], gzip.open(self._path, "rt", encoding=self._encoding, newline=""))
        return self._path.open(encoding=self._encoding, newline="")

    def _find_encoding(self) -> str:
        with self._open_bytes() as file:
            head = file.read(_HEAD_BYTES)
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                return self._checked_encoding(encoding)
        nulls = head.count(0)
        if nulls:
            return self._checked_encoding(_utf16_without_mark(head, nulls))
        if self._decodes("utf-8"):
            return "utf-8"
        if self._decodes("gb18030"):
            text = head.decode("gb18030", errors="ignore")
            if any(word in text for word in _CHINESE):
                return "gb18030"
        return "latin-1"

    def _checked_encoding(self, encoding: str) -> str:
        if not self._decodes(encoding):
            raise ValueError(f"is not text in {encoding.upper()}, as its beginning says")
        return encoding

    def _decodes(self, encoding: str) -> bool:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with self._open_bytes() as file:
                while chunk := file.read(_CHUNK_BYTES):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True

    def _open_bytes(self) -> IO[bytes]:
        if self._is_packed():
            return cast(IO[bytes], gzip.open(self._path, "rb"))
        return self._path.open("rb")


def _rows(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    if separator == BLANKS:
        return (_DATE_AND_TIME.sub(r"\1T\2", line).split() for line in lines)
    return csv.reader(lines, delimiter=separator)


def _portion(rows: Iterator[list[str]], size: int) -> list[Sequence[Cell]]:
    try:
        return list(islice(rows, size))
    except csv.Error as error:
        raise ValueError(f"is not a CSV file: {error}.") from None


def _utf16_without_mark(head: bytes, nulls: int) -> str:
    """Raises ValueError where the zeros are not those of UTF-16 with mostly Latin text."""
    for odd, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        own = head[odd::2].count(0)
        if own > 0.8 * nulls and own > 0.3 * len(head[odd::2]):
            return encoding
    raise ValueError("is not a text file")
