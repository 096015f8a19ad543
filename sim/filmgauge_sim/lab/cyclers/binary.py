"""Binary files, each by a package: Neware by fastnda, BioLogic by galvani, others by bdf."""

import warnings
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from filmgauge_sim.lab.cyclers.assembly import ReadTable
from filmgauge_sim.lab.cyclers.column_reader import ReadColumn, ReadRows
from filmgauge_sim.lab.cyclers.formats import Format, formats
from filmgauge_sim.lab.cyclers.matching import (
    Column,
    Columns,
    check_unit,
    matched,
    named,
    with_named,
)
from filmgauge_sim.lab.cyclers.options import ReadingOptions
from filmgauge_sim.lab.cyclers.quantities import Quantity, Unit, Values

# What fastnda calls its columns.
_NEWARE = {
    Quantity.TIME: ("total_time_s", Unit("s")),
    Quantity.CURRENT: ("current_mA", Unit("mA", 1e-3)),
    Quantity.VOLTAGE: ("voltage_V", Unit("V")),
    Quantity.COUNT: ("capacity_mAh", Unit("mAh", 1e-3)),
    Quantity.STEP: ("step_count", Unit("")),
    Quantity.CYCLE: ("cycle_count", Unit("")),
}
_NOT_READ = (Quantity.STATE, Quantity.DATE, Quantity.STEP_TIME, Quantity.CHANNEL)
_BDF = "Battery Data Format"
_KNOWN = "a file that the Battery Data Format knows"
_NEWARE_DEGC = "_temperature_degC"


def _neware(path: Path, options: ReadingOptions) -> ReadTable:
    import fastnda

    with _one_sentence("a file of Neware"):
        frame: Any = fastnda.read(path)
    names = dict(_NEWARE)
    degc = next((name for name in frame.columns if name.endswith(_NEWARE_DEGC)), None)
    if degc is not None:
        names[Quantity.TEMPERATURE] = degc, Unit("degC")
    columns = {
        quantity: [Column(quantity, frame.columns.index(name), name, unit)]
        for quantity, (name, unit) in names.items()
        if name in frame.columns
    }
    columns = _with_named(columns, frame.columns, options)
    return _table("Neware", columns, lambda name: frame[name].cast(float).to_numpy())


def _biologic(path: Path, options: ReadingOptions) -> ReadTable:
    from galvani import BioLogic

    with _one_sentence("a file of BioLogic"):
        read: Any = BioLogic.MPRfile(str(path))
    names = list(read.data.dtype.names)
    columns = _with_named(matched(_format("BioLogic"), names), names, options)
    return _table("BioLogic", columns, lambda name: read.data[name])


def _arrow(path: Path, options: ReadingOptions) -> ReadTable:
    """Battery Data Format in columns; its own package takes seconds to be imported."""
    import pyarrow.feather
    import pyarrow.parquet

    arrow: Any = pyarrow
    package = arrow.parquet if path.suffix.lower() == ".parquet" else arrow.feather
    with _one_sentence(_KNOWN):
        table: Any = package.read_table(path)
    return _named_table(table.column_names, options, lambda name: table[name].to_numpy())


def _json_lines(path: Path, options: ReadingOptions) -> ReadTable:
    import bdf.io

    return _by_library(path, options, bdf.io.load)


def _matlab(path: Path, options: ReadingOptions) -> ReadTable:
    """Variables of MATLAB, which a file beside it says the meaning of."""
    base = path.name.partition(".")[0]
    beside = f"{base}.map.json", f"{base}.mapping.json", "bdf.mapping.json", "bdf.map.json"
    if not any(path.with_name(name).exists() for name in beside):
        raise ValueError(
            f"does not say what its variables are: write {beside[0]} beside it, with"
            f' {{"fields": {{"test_time_second": {{"source": "t", "source_unit": "h"}}}}}} and the'
            f" same for voltage_volt and current_ampere."
        )
    import bdf

    return _by_library(path, options, lambda each: bdf.read(each, plugin="matlab-mat"))


def _by_library(path: Path, options: ReadingOptions, load: Callable[[Path], Any]) -> ReadTable:
    with _one_sentence(_KNOWN), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that were the format's once
        frame: Any = load(path)
    names = [str(name) for name in frame.columns]
    return _named_table(names, options, lambda name: frame[name].to_numpy(float))


def _named_table(
    names: Sequence[str], options: ReadingOptions, values: Callable[[str], Any]
) -> ReadTable:
    columns = _with_named(matched(_format(_BDF), names), names, options)
    return _table(_BDF, columns, values)


READERS: Mapping[str, Callable[[Path, ReadingOptions], ReadTable]] = {
    ".nda": _neware,
    ".ndax": _neware,
    ".mpr": _biologic,
    ".parquet": _arrow,
    ".feather": _arrow,
    ".json": _json_lines,
    ".mat": _matlab,
}


def _format(name: str) -> Format:
    return next(form for form in formats() if form.name == name)


def _with_named(columns: Columns, names: Sequence[str], options: ReadingOptions) -> Columns:
    """Raises ValueError where the user names a column that the file lacks."""
    own = named(options.columns, names)
    if own is None:
        wanted = ", ".join(repr(column.name) for column in options.columns.values())
        raise ValueError(
            f"does not have all the columns {wanted} that --columns names; it has"
            f" {', '.join(names)}."
        )
    return with_named(columns, own)


def _table(source: str, columns: Columns, values: Callable[[str], Any]) -> ReadTable:
    needed = Quantity.TIME, Quantity.CURRENT, Quantity.VOLTAGE
    lacking = [quantity for quantity in needed if quantity not in columns]
    if lacking:
        raise ValueError(f"has no {' and no '.join(lacking)}.")
    found: list[ReadColumn] = []
    for quantity, each in columns.items():
        if quantity in _NOT_READ:
            continue
        for column in each if quantity in needed else each[:1]:
            check_unit(column)
            numbers = array("d", values(column.name).astype(float).tobytes())
            if quantity in needed and not isfinite(sum(numbers)):
                raise ValueError(f"has a {quantity} that is no number in {column.name!r}.")
            found.append(ReadColumn(column, _scaled(numbers, column.unit)))
    return ReadTable(source, ReadRows(found))


def _scaled(numbers: Values, unit: Unit | None) -> Values:
    if unit is None or (unit.factor == 1.0 and not unit.offset):
        return numbers
    return array("d", [unit.factor * number + unit.offset for number in numbers])


@contextmanager
def _one_sentence(kind: str) -> Iterator[None]:
    """What a broken file makes of a reader of binary records cannot be listed."""
    try:
        yield
    except ModuleNotFoundError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ValueError(f"is not {kind}: {reason}.") from None
