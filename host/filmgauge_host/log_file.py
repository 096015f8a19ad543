"""The records of a node in a file, Battery Data Format, CSV or JSON lines by the file's name.

`LogFile` is only ever added to. What a power cut has torn off its last line is taken away when
it is opened again, and `last` says from where to go on. `export` writes a file whole.
"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Self

from filmgauge.record.record import Record, fields
from filmgauge_host import bdf
from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.received_record import RecordKey


class LogFile:
    """Use as a context. last: key of its last record, zeros for none. written: lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        self._rows = bdf.LogRows() if path.name.endswith(bdf.SUFFIX) else None
        if self._rows is None and path.suffix not in (".jsonl", ".json", ".ndjson"):
            raise InputError(f"--out {path} must end in .jsonl or .bdf.csv")
        try:
            self._file = path.open("a+", newline="", encoding="utf-8")
            self.last = self._recover()
        except OSError as error:
            raise InputError(f"{path} cannot be opened: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add(self, record: Record) -> None:
        """Write a record and let it reach the system."""
        line = record.to_json() + "\n" if self._rows is None else self._rows.add(record)
        self._file.write(line)
        self._file.flush()
        self.written += bool(line)

    def _recover(self) -> RecordKey:
        """Drop a torn last line; return the key of the last record."""
        self._file.seek(0)
        text = self._file.read()
        end = text.rfind("\n") + 1
        if end < len(text):
            self._file.truncate(len(text[:end].encode()))
        lines = text[:end].splitlines()
        try:
            if self._rows is not None:
                if not lines:
                    self._file.write(bdf.line(bdf.LOG_COLUMNS))
                return self._rows.resume(lines[1:])
            last = json.loads(lines[-1]) if lines else {"boot": 0, "seq": 0}
            return int(last.get("life", 0)), int(last["boot"]), int(last["seq"])
        except (ValueError, KeyError, IndexError, TypeError):
            raise InputError(f"{self.path} holds something else than the log of a node") from None


def check_format(path: Path) -> None:
    """Raise InputError unless the name of a file says how to export to it."""
    if not path.name.endswith(tuple(_FORMATS)):
        raise InputError(f"--out must end in {', '.join(_FORMATS)}, not {path.name}")


def export(records: list[Record], path: Path) -> None:
    """Write records as Battery Data Format (name.bdf.csv), CSV (.csv) or JSON lines (.jsonl).

    Raises InputError for another name, FilmgaugeError where it cannot be written.
    """
    check_format(path)
    write = next(write for end, write in _FORMATS.items() if path.name.endswith(end))
    write_all({path: Content(write(records).encode())})


def _bdf(records: list[Record]) -> str:
    rows = bdf.LogRows()
    return bdf.line(bdf.LOG_COLUMNS) + "".join(map(rows.add, records))


def _csv(records: list[Record]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, [key for _, key, *_ in fields()], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(json.loads(record.to_json()) for record in records)
    return file.getvalue()


def _json_lines(records: list[Record]) -> str:
    return "".join(record.to_json() + "\n" for record in records)


_FORMATS: dict[str, Callable[[list[Record]], str]] = {  # the longer end first
    bdf.SUFFIX: _bdf,
    ".csv": _csv,
    ".jsonl": _json_lines,
}
