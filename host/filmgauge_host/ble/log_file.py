"""The log of a node in a file: JSON lines, or Battery Data Format by the suffix .bdf.csv.

A file is only ever added to. What a power cut has torn off its last line is taken away when it
is opened again, and `last` tells from where to go on.
"""

import csv
import io
import json
from pathlib import Path
from types import TracebackType
from typing import Self

from filmgauge.record.record import Record
from filmgauge_host.errors import InputError

# The first four are the format's own names and units; the others are ours.
_COLUMNS = (
    "Test Time / s",
    "Voltage / V",
    "Current / A",
    "Ambient Temperature / degC",
    "Boot / 1",
    "Sequence / 1",
    "State of Charge / %",
)


_FIELDS = ("up_s", "voltage_uv", "current_pa", "temperature_cdeg", "boot", "seq", "soc_ppm")


class LogFile:
    """Use as a context. last: (boot, seq) of its last record, (0, 0) for none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        self._is_table = path.name.endswith(".bdf.csv")
        if not self._is_table and path.suffix not in (".jsonl", ".json", ".ndjson"):
            raise InputError(f"--out {path} must end in .jsonl or .bdf.csv")
        try:
            self._file = path.open("a+", newline="", encoding="utf-8")
            self.last = self._recover()
        except OSError as error:
            raise InputError(f"{path} cannot be opened: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, record: Record) -> None:
        """Write a record and let it reach the system."""
        self._file.write(self._row(record) if self._is_table else record.to_json() + "\n")
        self._file.flush()
        self.written += 1

    def _recover(self) -> tuple[int, int]:
        """Drop a torn last line; return the key of the last record."""
        self._file.seek(0)
        text = self._file.read()
        end = text.rfind("\n") + 1
        if end < len(text):
            self._file.truncate(len(text[:end].encode()))
        lines = text[:end].splitlines()
        if self._is_table and not lines:
            self._file.write(_line(_COLUMNS))
        if len(lines) < 1 + self._is_table:
            return 0, 0
        try:
            return _table_key(lines[-1]) if self._is_table else _json_key(lines[-1])
        except (ValueError, KeyError, IndexError, TypeError):
            raise InputError(f"{self.path} holds something else than the log of a node") from None

    def _row(self, record: Record) -> str:
        value = {name: getattr(record, name) for name in _FIELDS}
        return _line(
            (
                str(value["up_s"]),
                _decimal(value["voltage_uv"], 6),
                _decimal(value["current_pa"], 12),
                _decimal(value["temperature_cdeg"], 2),
                str(value["boot"]),
                str(value["seq"]),
                _decimal(value["soc_ppm"], 4),
            )
        )


def _decimal(value: int | None, digits: int) -> str:
    return "" if value is None else f"{value / 10**digits:.{digits}f}"


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _table_key(line: str) -> tuple[int, int]:
    (cells,) = csv.reader([line])
    return int(cells[4]), int(cells[5])


def _json_key(line: str) -> tuple[int, int]:
    table = json.loads(line)
    return int(table["boot"]), int(table["seq"])
