"""Columns that say the same must agree, or the user names one of them."""

from collections.abc import Sequence

from filmgauge_sim.lab.cyclers.column_reader import ReadColumn
from filmgauge_sim.lab.cyclers.quantities import Quantity

# Compared at so many rows, evenly; so many of them may differ, where a value was just changing.
_ROWS = 2000
_SHARE_OF_ROWS = 0.02
# Differences that are none: of a mean and an instant, of two clocks.
_SHARE = 0.02
_LEAST = {Quantity.VOLTAGE: 0.01, Quantity.CURRENT: 0.0, Quantity.POWER: 0.0}
_CLOCKS_S = 2.0
_FACTORS = {1000.0: "ms", 1.0 / 60.0: "min", 1.0 / 3600.0: "h", 1e6: "us"}


def check_alike(first: ReadColumn, other: ReadColumn) -> None:
    """Raise ValueError where two columns of one quantity differ."""
    a, b = _rows(first.values), _rows(other.values)
    size = max(max(map(abs, a)), max(map(abs, b)))
    limit = _SHARE * size + _LEAST[first.column.quantity]
    _refuse_if(first, other, [abs(x - y) > limit for x, y in zip(a, b, strict=True)])


def check_times(first: ReadColumn, other: ReadColumn) -> None:
    """Raise ValueError where two times, from any beginning each, differ."""
    a, b = _rows(first.values), _rows(other.values)
    limit = _SHARE * max(a[-1] - a[0], b[-1] - b[0]) + _CLOCKS_S
    moved = [abs((x - a[0]) - (y - b[0])) for x, y in zip(a, b, strict=True)]
    _refuse_if(first, other, [each > limit for each in moved])


def check_against_dates(time: ReadColumn, passed_s: float, date: str) -> None:
    """Raise ValueError where a test took longer than the dates of its rows allow.

    It may take less: a cycler that was paused counts on where it stopped.
    """
    span_s = time.values[-1] - time.values[0]
    if passed_s <= 0.0 or span_s <= (1.0 + _SHARE) * passed_s + _CLOCKS_S + 3600.0:
        return
    name, key = time.column.name, time.column.quantity
    says = f"{span_s / 3600.0:.4g} h by column {name!r} and {passed_s / 3600.0:.4g} h by {date!r}"
    for factor, unit in _FACTORS.items():
        if abs(span_s / factor - passed_s) < 0.1 * passed_s:
            raise ValueError(f"lasts {says}: give --columns {key}='{name}:{unit}'.")
    raise ValueError(
        f"lasts {says}: name the one that is right with --columns {key}='{name}' or date='{date}'."
    )


def check_power(power: ReadColumn, current: ReadColumn, voltage: ReadColumn | None) -> None:
    """Raise ValueError where power is not current times voltage, or that cannot be seen."""
    if voltage is None:
        raise ValueError(
            f"has a current in column {current.column.name!r} and a power in"
            f" {power.column.name!r}, and no voltage to compare them by: name one with --columns"
            f" {Quantity.CURRENT}='{current.column.name}' or"
            f" {Quantity.POWER}='{power.column.name}'."
        )
    p = _rows(power.values)
    product = [i * v for i, v in zip(_rows(current.values), _rows(voltage.values), strict=True)]
    # A power is often written with few digits.
    resolution = min((abs(x) for x in p if x), default=float("inf"))
    limit = 0.05 * max(map(abs, product)) + resolution
    # Some write a power without the sign of the current.
    wrong = [abs(abs(x) - abs(y)) > limit for x, y in zip(p, product, strict=True)]
    _refuse_if(current, power, wrong)


def _refuse_if(first: ReadColumn, other: ReadColumn, wrong: Sequence[bool]) -> None:
    if sum(wrong) <= _SHARE_OF_ROWS * len(wrong):
        return
    at = wrong.index(True) * max(1, len(first.values) // _ROWS)
    a, b = first.column, other.column
    raise ValueError(
        f"has columns {a.name!r} and {b.name!r} that say the same and differ, first in row"
        f" {at + 1} of the data: name the one that is right with --columns"
        f" {a.quantity}='{_given(a.name, a.index, b.name)}' or"
        f" {b.quantity}='{_given(b.name, b.index, a.name)}'."
    )


def _given(name: str, index: int, other: str) -> str:
    return str(index + 1) if name == other else name


def _rows(values: Sequence[float]) -> Sequence[float]:
    return values[:: max(1, len(values) // _ROWS)]
