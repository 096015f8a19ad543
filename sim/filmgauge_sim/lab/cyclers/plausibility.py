"""Whether a recording can be one of a cell: its sign and its units by physics.

A charge raises the voltage, a test ends within years, a cell has some volts and, where its
capacity is known about, passes about that much. Each that does not hold is said with what to give.
"""

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab.cyclers.quantities import Quantity, unit_of
from filmgauge_sim.lab.cyclers.recording import REST_SHARE, CellRecording

Numbers = NDArray[np.float64]

_YEAR_S = 365.25 * 86400.0
_LONGEST_S = 10.0 * _YEAR_S
# After 1970; of seconds, no experiment began later.
_LATEST_S = 200.0 * _YEAR_S
# Of a cell, in its middle: a lithium cell, or the electrode of one.
_LOWEST_V, _HIGHEST_V = 0.02, 10.0
# Units that a wrong one may have been meant for.
_TIMES, _CURRENTS = ("us", "ms", "s", "min", "h"), ("nA", "uA", "mA", "A")
# Of voltages that move by so much in all, so much moves against the current.
_LEAST_MOVED_V = 0.1
_AGAINST = 0.6
# Passed in one direction, as a share of the capacity.
_MOST_CAPACITIES, _LEAST_CAPACITIES = 50.0, 0.003


def check_plausible(recording: CellRecording, capacity_ah: float | None = None) -> None:
    """Raise ValueError, one sentence with what to give, for what no cell can do.

    ``capacity_ah``: of a cell such as this, where it is known about; then it must be used, too.
    """
    time = np.frombuffer(recording.time_s)
    _check_time(recording, time)
    if recording.voltage_v is not None:
        _check_voltage(recording, np.frombuffer(recording.voltage_v))
    if recording.current_a is None:
        return
    current = np.frombuffer(recording.current_a)
    if not current.any():
        if capacity_ah is None:  # a rest can be looked at, and nothing told of the cell by it
            return
        raise ValueError(f"has no current but zero in column {_name(recording, 'current')}.")
    if recording.voltage_v is not None:
        _check_sign(recording, current, np.frombuffer(recording.voltage_v))
    if capacity_ah is not None:
        _check_capacity(recording, time, current, capacity_ah)


def _name(recording: CellRecording, key: str) -> str:
    column = recording.columns.get(Quantity(key))
    return repr(column.name) if column else key


def _time_column(recording: CellRecording) -> tuple[str, str]:
    """The quantity that the time was read from, and its name."""
    for key in (Quantity.TIME, Quantity.UNIX_TIME, Quantity.STEP_TIME, Quantity.DATE):
        if key in recording.columns:
            return str(key), recording.columns[key].name
    return "time", "time"


def _check_time(recording: CellRecording, time: Numbers) -> None:
    key, name = _time_column(recording)
    falls = np.flatnonzero(np.diff(time) < 0.0)
    if falls.size:
        hint = ""
        if key == Quantity.TIME and falls.size > 1:
            hint = f"; if it is that of the step, give --columns step_time='{name}'"
        row = int(falls[0]) + 2
        raise ValueError(f"the time must not fall, as {name!r} does in row {row}{hint}.")
    if key == Quantity.UNIX_TIME and time[0] > _LATEST_S:
        fitting = "ms" if time[0] / 1000.0 <= _LATEST_S else "us"
        raise ValueError(
            f"begins {time[0] / _YEAR_S:.3g} years after 1970 by column {name!r}: give its unit,"
            f" such as --columns {key}='{name}:{fitting}'."
        )
    span = float(time[-1] - time[0])
    if span <= 0.0:
        raise ValueError(f"the time must pass, which column {name!r} does not show.")
    if span > _LONGEST_S:
        fitting = "ms" if span / 1000.0 <= _LONGEST_S else "us"
        raise ValueError(
            f"lasts {span / _YEAR_S:.3g} years by column {name!r}: give its unit, such as"
            f" --columns {key}='{name}:{fitting}'."
        )


def _check_voltage(recording: CellRecording, voltage: Numbers) -> None:
    middle = float(np.median(np.abs(voltage)))
    if _LOWEST_V <= middle <= _HIGHEST_V:
        return
    column = recording.columns.get(Quantity.VOLTAGE)
    name = column.name if column else "voltage"
    unit = "mV" if middle > _HIGHEST_V else "V"
    raise ValueError(
        f"has voltages around {middle:.4g} V in column {name!r}, which no cell has: give its"
        f" unit, such as --columns voltage='{name}:{unit}'."
    )


def _check_sign(recording: CellRecording, current: Numbers, voltage: Numbers) -> None:
    """The voltage of each stretch of one way of current must move that way, for the most part."""
    way = np.sign(np.where(np.abs(current) > REST_SHARE * np.abs(current).max(), current, 0.0))
    starts = np.flatnonzero(np.diff(way) != 0.0) + 1
    step = recording.step
    if step is not None:
        starts = np.union1d(starts, np.flatnonzero(np.diff(np.frombuffer(step)) != 0.0) + 1)
    bounds = np.concatenate(([0], starts, [len(way)]))
    moved = voltage[bounds[1:] - 1] - voltage[bounds[:-1]]
    ways = way[bounds[:-1]]
    flows = ways != 0.0
    total = float(np.abs(moved[flows]).sum())
    if total < _LEAST_MOVED_V:
        return
    against = -np.where(moved * ways < 0.0, moved * ways, 0.0)[flows]
    share = float(against.sum()) / total
    name = _name(recording, "current")
    falls = -float(moved[flows & (ways > 0.0)].min(initial=0.0))
    one_way = not (ways < 0.0).any()
    rises = float(moved[flows].max(initial=0.0))
    if one_way and falls > _LEAST_MOVED_V and rises > _LEAST_MOVED_V:
        raise ValueError(
            f"has no discharge by column {name}, although the voltage falls by {falls:.2f} V in a"
            f" step: name the column that says charge or discharge, --columns state=NAME, or give"
            f" --sign by-voltage."
        )
    if share > _AGAINST:
        raise ValueError(
            f"has a voltage that falls while column {name} charges: if a positive current"
            f" discharges there, give --sign positive-discharges."
        )


def _check_capacity(
    recording: CellRecording, time: Numbers, current: Numbers, capacity_ah: float
) -> None:
    passed = np.concatenate(([0.0], np.cumsum(current[1:] * np.diff(time)))) / 3600.0
    largest = _largest_swing(passed)
    if _LEAST_CAPACITIES <= largest / capacity_ah <= _MOST_CAPACITIES:
        return
    key, name = _time_column(recording)
    ratio = largest / capacity_ah
    current_unit = _unit_of_size(recording, Quantity.CURRENT, _CURRENTS, ratio)
    by_current = f"current='{_plain_name(recording, Quantity.CURRENT)}:{current_unit}'"
    given = f"give the unit of the current, --columns {by_current}"
    if recording.charge_ah is not None:
        counted = _largest_swing(np.frombuffer(recording.charge_ah))
        if _LEAST_CAPACITIES <= counted / capacity_ah <= _MOST_CAPACITIES:
            time_unit = _unit_of_size(recording, Quantity(key), _TIMES, ratio)
            given = (
                f"the cycler counted {1e6 * counted:.4g} uAh: give the unit of the time or of the"
                f" current, --columns {key}='{name}:{time_unit}' or {by_current}"
            )
    raise ValueError(
        f"passes {1e6 * largest:.4g} uAh in one direction by its currents, {ratio:.3g} times the"
        f" {1e6 * capacity_ah:.4g} uAh of such a cell; {given}, or the --area of its film."
    )


def _plain_name(recording: CellRecording, quantity: Quantity) -> str:
    column = recording.columns.get(quantity)
    return column.name if column else str(quantity)


def _unit_of_size(
    recording: CellRecording, quantity: Quantity, units: tuple[str, ...], ratio: float
) -> str:
    """The unit in which numbers would be smaller by about a ratio, or UNIT."""
    column = recording.columns.get(quantity)
    if column is None or column.unit is None:
        return "UNIT"
    for name in units:
        unit = unit_of(quantity, name)
        if unit is not None and 0.3 < column.unit.factor / unit.factor / ratio < 3.0:
            return name
    return "UNIT"


def _largest_swing(charge: Numbers) -> float:
    """The most by which a charge ever differed from what it was before."""
    moves = np.diff(charge)
    return max(_swing(moves), _swing(-moves))


def _swing(moves: Numbers) -> float:
    """The largest sum of neighbouring moves."""
    summed = np.concatenate(([0.0], np.cumsum(moves)))
    return float((summed - np.minimum.accumulate(summed)).max())
