"""The records that a node keeps on its flash: read over the serial port, and exported."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from filmgauge.record.record import Record, fields
from filmgauge_host import bdf
from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.errors import InputError
from filmgauge_host.serial.board_link import BoardLink
from filmgauge_host.serial.board_script import run_script

_AT_ONCE = 32  # records a request: the board's watchdog is fed in between


def read_backlog(link: BoardLink) -> tuple[list[Record], list[str]]:
    """Return the records that wait on a board, oldest first, and a sentence for each bad one."""
    records: list[Record] = []
    bad: list[str] = []
    begin = 0
    while True:
        head, *rows = run_script(link, "backlog", begin, _AT_ONCE)
        for name, text in rows:
            try:
                records.append(Record.from_bytes(bytes.fromhex(text)))
            except ValueError as error:
                bad.append(f"record {name}: {error}")
        begin += len(rows)
        if not rows or begin >= head["waiting"]:
            return records, bad


def check_format(path: Path) -> None:
    """Raise InputError unless the name of a file says how to write it."""
    if not path.name.endswith(tuple(_FORMATS)):
        raise InputError(f"--out must end in {', '.join(_FORMATS)}, not {path.name}")


def export(records: list[Record], path: Path) -> None:
    """Write records as Battery Data Format (name.bdf.csv), CSV (.csv) or JSON lines (.jsonl).

    Raises InputError for another name, FilmgaugeError where it cannot be written.
    """
    check_format(path)
    write = next(write for end, write in _FORMATS.items() if path.name.endswith(end))
    write_all({path: Content(write(records).encode())})


def _csv(records: list[Record]) -> str:
    keys = [key for _, key, *_ in fields()]
    file = io.StringIO()
    writer = csv.DictWriter(file, keys, extrasaction="ignore")
    writer.writeheader()
    for record in records:
        writer.writerow(json.loads(record.to_json()))
    return file.getvalue()


def _bdf(records: list[Record]) -> str:
    rows = bdf.LogRows()
    return bdf.line(bdf.LOG_COLUMNS) + "".join(rows.add(record) for record in records)


def _lines(records: list[Record]) -> str:
    return "".join(record.to_json() + "\n" for record in records)


_FORMATS: dict[str, Callable[[list[Record]], str]] = {  # the longer end first
    bdf.SUFFIX: _bdf,
    ".csv": _csv,
    ".jsonl": _lines,
}
