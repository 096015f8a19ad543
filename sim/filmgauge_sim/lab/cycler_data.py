"""Measured data: files of cyclers and tables of one's own, read into areal arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab.cyclers.gaps import find_gaps
from filmgauge_sim.lab.cyclers.layout import MEASUREMENT
from filmgauge_sim.lab.cyclers.options import AS_IT_SAYS, ReadingOptions
from filmgauge_sim.lab.cyclers.plausibility import check_plausible
from filmgauge_sim.lab.cyclers.quantities import Values
from filmgauge_sim.lab.cyclers.reader import read_recording
from filmgauge_sim.lab.cyclers.recording import CellRecording

Numbers = NDArray[np.float64]

_LEAST_ROWS = 3
_NO_ROWS: NDArray[np.intp] = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class CyclerData:
    """One file: arrays of one length; currents in uA/cm2, positive charges."""

    name: str
    # From the first row of the file, never falling.
    time_h: Numbers
    current_ua_cm2: Numbers
    voltage_v: Numbers
    # degC, or None where the file has none.
    temperature_c: Numbers | None
    # What the cycler itself counted, uAh/cm2, positive charges, from any zero that stays within
    # a step (it may begin anew with a step or a cycle), or None.
    charge_uah_cm2: Numbers | None
    # The cycler's own count of steps, or zeros.
    step: Numbers
    # The cycler's own count of cycles, or None.
    cycle: Numbers | None = None
    # Rows before which the logger paused while a current flowed: what flowed between such a row
    # and the one before it is not known from the currents.
    gaps: NDArray[np.intp] = field(default_factory=lambda: _NO_ROWS)
    # Quantity ("time", "current", "voltage", "charge", ...) -> column of the file, as it names it.
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    # The format that it was read as, for sentences: "Neware", "Battery Data Format".
    source: str = ""
    # What was done to the numbers of the file, a sentence each.
    remarks: tuple[str, ...] = ()


def read_cycler_data(
    path: Path,
    area_cm2: float,
    options: ReadingOptions = AS_IT_SAYS,
    capacity_uah_cm2: float | None = None,
) -> CyclerData:
    """Read one file of a cell of area_cm2, whatever cycler wrote it.

    ``capacity_uah_cm2``: of a film such as this; a file that passes quite another charge is
    refused. Raises ValueError (with the file's name and what to give), OSError.
    """
    recording = read_recording(path, MEASUREMENT, options, area_cm2)
    capacity_ah = None if capacity_uah_cm2 is None else 1e-6 * area_cm2 * capacity_uah_cm2
    try:
        if len(recording) < _LEAST_ROWS:
            raise ValueError("must have three rows of data or more.")
        check_plausible(recording, capacity_ah)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    return _areal(recording, area_cm2)


def _areal(recording: CellRecording, area_cm2: float) -> CyclerData:
    time, current = _numbers(recording.time_s), _numbers(recording.current_a)
    voltage, step = _numbers(recording.voltage_v), _numbers(recording.step)
    assert time is not None
    assert current is not None
    assert voltage is not None
    gaps = find_gaps(time, current, step)
    time -= time[0]
    time /= 3600.0
    current *= 1e6 / area_cm2
    charge = _numbers(recording.charge_ah)
    if charge is not None:
        charge *= 1e6 / area_cm2
    return CyclerData(
        recording.name,
        time,
        current,
        voltage,
        _numbers(recording.temperature_c),
        charge,
        np.zeros(len(time)) if step is None else step,
        _numbers(recording.cycle),
        gaps,
        {str(quantity): column.name for quantity, column in recording.columns.items()},
        recording.source,
        tuple(recording.remarks),
    )


def _numbers(values: Values | None) -> Numbers | None:
    """The array itself, not a copy: a long file has a hundred megabytes of them."""
    return None if values is None else np.frombuffer(values)
