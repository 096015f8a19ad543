"""Rows of measured data that are not what they seem: odd values, pauses, a count that lies.

A cycler may log a voltage of 0.0 once, may stop logging for a night while nothing flows, and may
count a charge twice. None of these must become a property of a cell.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab.cycler_data import CyclerData, Numbers
from filmgauge_sim.lab.cyclers.count_check import check_count
from filmgauge_sim.lab.cyclers.gaps import find_gaps

Rows = NDArray[np.intp]

# LiPON is stable from 0 to 5.5 V; a lithium film that is shorted shows some millivolts.
_LOWEST_V, _HIGHEST_V = 0.05, 5.5
# So many rows of a file may be beyond; if there are more, they are what was measured.
_FEW, _FEW_SHARE = 3, 0.005
# A row is odd where it departs by so much from both its neighbours, which are alike.
_ODD_V, _ALIKE_V = 0.3, 0.1
_ODD_CURRENT, _ALIKE_CURRENT, _SAME_V = 0.1, 0.03, 5e-3
# A pause is an interval so many times as long as those beside it.
_TIMES_LONGER = 4.0
_NEIGHBOURS = 3


@dataclass(frozen=True, slots=True)
class CheckedData:
    """Measured data without odd rows, and what is known of every row.

    pause_h: of the time before each row, in which nothing flowed although it lies in a step.
    remarks: what was found, a sentence each.
    """

    data: CyclerData
    pause_h: Numbers
    remarks: tuple[str, ...]


def checked(data: CyclerData, *, ignore_count: bool = False) -> CheckedData:
    """Look through the rows of a file.

    ignore_count: the charge is that of the currents, whatever the cycler counted. Raises
    ValueError where count and current differ.
    """
    remarks = [f"{data.name}: {remark}" for remark in data.remarks]
    if ignore_count:
        data = replace(data, charge_uah_cm2=None)
    data, odd = _without_odd_rows(data)
    remarks += odd
    step = data.step if data.step.any() else None
    found = find_gaps(data.time_h, data.current_ua_cm2, step, _TIMES_LONGER)
    gaps = np.union1d(found, data.gaps)
    charge = data.charge_uah_cm2
    if charge is not None:
        try:
            check_count(data.time_h, data.current_ua_cm2, charge, step, gaps, data.columns)
        except ValueError as error:
            raise ValueError(f"{data.name}: {error}") from None
    pause_h = _pauses_h(data, gaps)
    longest = float(pause_h.max())
    if longest > 0.0:
        count = int((pause_h > 0.0).sum())
        by = "current and time" if data.charge_uah_cm2 is None else "its count of charge"
        remarks.append(
            f"{data.name}: {count} pause{'s' if count > 1 else ''} of the logger within a step, of"
            f" {longest:.3g} h at most, in which by {by} nothing flowed"
        )
    return CheckedData(data, pause_h, tuple(remarks))


def _without_odd_rows(data: CyclerData) -> tuple[CyclerData, list[str]]:
    """The data without single rows of odd voltage or current, and a sentence that says which."""
    odd = _odd_voltages(data.voltage_v, data.current_ua_cm2)
    odd |= _odd_currents(data.voltage_v, data.current_ua_cm2)
    rows = np.flatnonzero(odd)
    if not rows.size:
        return data, []
    first = int(rows[0])
    said = (
        f"{data.name}: {rows.size} row{'s' if rows.size > 1 else ''} left out, whose voltage or"
        f" current fits neither neighbour: {data.voltage_v[first]:.4g} V and"
        f" {data.current_ua_cm2[first]:.4g} uA/cm2 in row {first + 1} of the data"
    )
    return _selected(data, ~odd), [said]


def _odd_voltages(volts: Numbers, current: Numbers) -> NDArray[np.bool_]:
    odd = (volts <= _LOWEST_V) | (volts > _HIGHEST_V)
    if odd.sum() > max(_FEW, _FEW_SHARE * len(volts)):
        odd[:] = False
    before, own, after = volts[:-2], volts[1:-1], volts[2:]
    low, high = np.minimum(before, after), np.maximum(before, after)
    departs = (own < low - _ODD_V) | (own > high + _ODD_V)
    odd[1:-1] |= departs & (high - low < _ALIKE_V) & _alike(current, own_too=True)
    return odd


def _odd_currents(volts: Numbers, current: Numbers) -> NDArray[np.bool_]:
    """A current that does not show in the voltage did not flow."""
    odd = np.zeros(len(volts), dtype=np.bool_)
    departs = np.abs(current[1:-1] - current[:-2]) > _ODD_CURRENT * np.abs(current).max()
    still = np.abs(volts[1:-1] - 0.5 * (volts[:-2] + volts[2:])) < _SAME_V
    odd[1:-1] = departs & still & _alike(current, own_too=False)
    return odd


def _alike(current: Numbers, *, own_too: bool) -> NDArray[np.bool_]:
    """Whether the currents beside a row are alike, and its own."""
    before, own, after = current[:-2], current[1:-1], current[2:]
    size = _ALIKE_CURRENT * np.maximum(np.abs(before), np.abs(after)) + 1e-12
    alike = np.abs(before - after) <= size
    return alike & (np.abs(own - before) <= size) if own_too else alike


def _selected(data: CyclerData, keep: NDArray[np.bool_]) -> CyclerData:
    def own(values: Numbers | None) -> Numbers | None:
        return None if values is None else values[keep]

    moved = np.cumsum(keep) - 1
    return replace(
        data,
        time_h=data.time_h[keep],
        current_ua_cm2=data.current_ua_cm2[keep],
        voltage_v=data.voltage_v[keep],
        step=data.step[keep],
        temperature_c=own(data.temperature_c),
        charge_uah_cm2=own(data.charge_uah_cm2),
        cycle=own(data.cycle),
        gaps=moved[data.gaps[keep[data.gaps]]],
    )


def _pauses_h(data: CyclerData, gaps: Rows) -> Numbers:
    pause = np.zeros(len(data.time_h))
    for row, usual_h in _usual_intervals(data, gaps):
        interval = float(data.time_h[row] - data.time_h[row - 1])
        flowed = _flowed_h(data, row)
        pause_h = interval - (usual_h if flowed is None else min(flowed, interval))
        # A count that goes on through the pause says that the current did.
        if pause_h > usual_h:
            pause[row] = pause_h
    return pause


def _usual_intervals(data: CyclerData, rows: Rows) -> Iterator[tuple[int, float]]:
    """Each row with the longest of the other intervals beside it."""
    intervals = np.diff(data.time_h, prepend=data.time_h[0])
    paused = set(rows.tolist())
    for row in rows.tolist():
        beside = range(max(1, row - _NEIGHBOURS), min(len(intervals), row + _NEIGHBOURS + 1))
        usual = [float(intervals[k]) for k in beside if k not in paused]
        yield row, min(max(usual, default=0.0), float(intervals[row]))


def _flowed_h(data: CyclerData, row: int) -> float | None:
    """How long the current flowed before a row by the cycler's count, if it has one."""
    if data.charge_uah_cm2 is None:
        return None
    counted = float(data.charge_uah_cm2[row] - data.charge_uah_cm2[row - 1])
    current = float(data.current_ua_cm2[row - 1])
    if not current:  # the row before it was an odd one and is left out
        return None
    hours = counted / current
    return hours if hours >= 0.0 else None  # it began anew
