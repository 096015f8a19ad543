"""The records of a store as files for other programs: CSV, Battery Data Format, Parquet.

    with written(Path("records.csv")) as file:
        FORMATS["csv"]().write(file, Selection(store, ["bench"], from_unix_ms, to_unix_ms))

Whatever the length, a few thousand records are in memory at a time. The columns: docs/store.md.
"""

import datetime
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any, BinaryIO, ClassVar

from filmgauge.record.record_text import decimal
from filmgauge_host import bdf
from filmgauge_host.errors import InputError, needs
from filmgauge_host.telemetry.measurement_time import Quality, quality
from filmgauge_host.telemetry.record_columns import COLUMNS, Column
from filmgauge_host.telemetry.store_reader import StoreReader

_GROUP = 10_000  # rows of Parquet that are written together
_UTC = datetime.UTC

# Which record it is; the other quantities of a record follow as they stand in its JSON.
_KEYS = ("life", "boot", "seq")
QUANTITIES: Sequence[Column] = [c for name, c in COLUMNS.items() if name not in _KEYS]
CSV_COLUMNS = (
    *("node", "time", "time_quality", *_KEYS),
    *(column.name for column in QUANTITIES),
    *("received", "history"),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Records of some nodes, measured from from_unix_ms on and before to_unix_ms."""

    store: StoreReader
    nodes: Sequence[str]
    from_unix_ms: int
    to_unix_ms: int

    def rows(self, fields: Sequence[str]) -> Iterator[tuple[str, tuple]]:
        """Yield (node, (unix_ms, life, boot, seq, field, ...)), node after node, in the order of
        time."""
        with self.store.snapshot():
            for node in self.nodes:
                for row in self.store.readings(node, fields, self.from_unix_ms, self.to_unix_ms):
                    yield node, row


class Format(ABC):
    """One form of a file. is_text: it may go to a terminal or a pipe."""

    is_text: ClassVar[bool] = True

    @abstractmethod
    def write(self, file: BinaryIO, selection: Selection) -> int:
        """Write the selection; return the number of records. Raises InputError for a selection
        that the form has no room for."""


class CsvFormat(Format):
    """A line a record, all quantities; what is not known is empty."""

    def write(self, file: BinaryIO, selection: Selection) -> int:
        """See Format."""
        fields = [column.field for column in QUANTITIES]
        file.write(f"{','.join(CSV_COLUMNS)}\n".encode())
        count, qualities = 0, _Qualities(selection.store)
        for node, row in selection.rows((*fields, "received_unix_ms", "history")):
            unix_ms, life, boot, seq, *values, received_unix_ms, history = row
            cells = [c.text(value) for c, value in zip(QUANTITIES, values, strict=True)]
            at, received = iso_time(unix_ms), iso_time(received_unix_ms)
            known = qualities.of(node, row)
            key = (str(life), str(boot), str(seq))
            line = (node, at, known, *key, *cells, received, str(history))
            file.write(f"{','.join(line)}\n".encode())  # none of them has a comma or a quote
            count += 1
        return count


class BdfFormat(Format):
    """Battery Data Format: of one node the records that have a voltage and a current."""

    _FIELDS = ("up_s", "voltage_uv", "current_pa", "temperature_cdeg", "soc_ppm")

    def write(self, file: BinaryIO, selection: Selection) -> int:
        """See Format."""
        if len(selection.nodes) != 1:
            raise InputError(
                f"a file in Battery Data Format has one node: choose of {listed(selection.nodes)}"
            )
        clock, count = _TestTime(), 0
        file.write(bdf.line(bdf.DATED_COLUMNS).encode())
        for _, (unix_ms, life, boot, seq, *values) in selection.rows(self._FIELDS):
            up_s, voltage_uv, current_pa, temperature_cdeg, soc_ppm = values
            test_ms = clock.at_ms(unix_ms, (life, boot), up_s)
            if voltage_uv is None or current_pa is None:
                continue
            cells = (
                decimal(test_ms, 3),
                decimal(voltage_uv, 6),
                decimal(current_pa, 12),
                COLUMNS["temperature_c"].text(temperature_cdeg),
                *(boot, seq, COLUMNS["soc_pct"].text(soc_ppm), life),
                decimal(unix_ms, 3),
            )
            file.write(bdf.line(cells).encode())
            count += 1
        return count


class _Qualities:
    """How the times of records are known, node after node."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self._node = ""
        self._anchored: set[tuple[int, int]] = set()

    def of(self, node: str, row: tuple) -> Quality:
        """Return the quality of a row (unix_ms, life, boot, ..., received_unix_ms, history)."""
        if node != self._node:
            self._node, self._anchored = node, self._store.anchored_boots(node)
        is_anchored = (row[1], row[2]) in self._anchored
        return quality(row[0], row[-2], not row[-1], is_anchored)


class _TestTime:
    """Time since the first record: within a boot by the node's own clock, which knows how long
    things took, from boot to boot by the host's, which knows how long the node was off."""

    def __init__(self) -> None:
        self._boot = -1, -1
        self._first_unix_ms: int | None = None
        self._base_ms = self._last_ms = 0

    def at_ms(self, unix_ms: int, boot: tuple[int, int], up_s: int) -> int:
        if self._first_unix_ms is None:
            self._first_unix_ms = unix_ms
        if boot != self._boot:
            self._boot = boot
            since_ms = max(unix_ms - self._first_unix_ms, self._last_ms)
            self._base_ms = since_ms - 1000 * up_s
        self._last_ms = max(self._last_ms, self._base_ms + 1000 * up_s)
        return self._last_ms


class ParquetFormat(Format):
    """Apache Parquet: typed columns of the same names, times in UTC."""

    is_text = False

    @needs("parquet")
    def __init__(self) -> None:
        """Raises MissingPackageError without pyarrow."""
        import pyarrow.parquet

        self._pyarrow: Any = pyarrow

    def write(self, file: BinaryIO, selection: Selection) -> int:
        """See Format."""
        pyarrow = self._pyarrow
        time = pyarrow.timestamp("ms", tz="UTC")
        types = [pyarrow.string(), time, pyarrow.string(), *[pyarrow.int64()] * len(_KEYS)]
        types += [_parquet_type(pyarrow, column) for column in QUANTITIES]
        types += [time, pyarrow.bool_()]
        schema = pyarrow.schema(list(zip(CSV_COLUMNS, types, strict=True)))
        fields = [column.field for column in QUANTITIES]
        rows = selection.rows((*fields, "received_unix_ms", "history"))
        count, qualities = 0, _Qualities(selection.store)
        with pyarrow.parquet.ParquetWriter(file, schema) as writer:
            while group := list(islice(rows, _GROUP)):
                cells = zip(
                    *(_parquet_cells(n, row, qualities.of(n, row)) for n, row in group),
                    strict=True,
                )
                arrays = [pyarrow.array(c, t) for c, t in zip(cells, types, strict=True)]
                writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
                count += len(group)
        return count


def _parquet_type(pyarrow: Any, column: Column) -> Any:
    if column.is_words:
        return pyarrow.string()
    return pyarrow.float64() if column.decimals else pyarrow.int64()


def _parquet_cells(node: str, row: tuple, known: Quality) -> list[object]:
    unix_ms, *key, received_unix_ms, history = row
    key, values = key[:3], key[3:]
    cells: list[object] = [node, unix_ms, known, *key]
    for column, value in zip(QUANTITIES, values, strict=True):
        in_words = column.is_words and value is not None
        cells.append(column.text(value) if in_words else column.number(value))
    return [*cells, received_unix_ms, bool(history)]


FORMATS: Mapping[str, type[Format]] = MappingProxyType(
    {"bdf": BdfFormat, "csv": CsvFormat, "parquet": ParquetFormat}
)


def iso_time(unix_ms: int) -> str:
    """Return a time as ISO 8601 in UTC with its offset, to the millisecond."""
    at = datetime.datetime.fromtimestamp(unix_ms // 1000, _UTC)
    return at.replace(microsecond=unix_ms % 1000 * 1000).isoformat(timespec="milliseconds")


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return names as people read them, the first of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
