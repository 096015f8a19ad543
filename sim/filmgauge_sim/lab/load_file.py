"""A load over time from a file: current or power, written by whatever program."""

from collections.abc import Sequence
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import overload

from filmgauge_sim.lab.cyclers.layout import LOAD
from filmgauge_sim.lab.cyclers.options import AS_IT_SAYS, ReadingOptions
from filmgauge_sim.lab.cyclers.reader import read_recording
from filmgauge_sim.lab.cyclers.recording import CellRecording
from filmgauge_sim.lab.load_replay import Load
from filmgauge_sim.lab.recorded_interval import Interval

_LEAST_ROWS = 2


class Loads(Sequence[Load]):
    """The loads of a recording, made when they are asked for: a file may have a million rows."""

    def __init__(self, recording: CellRecording) -> None:
        values = recording.power_w if recording.current_a is None else recording.current_a
        assert values is not None
        self._is_power = recording.current_a is None
        self._time_s, self._values = recording.time_s, values
        self._temperature_c = recording.temperature_c
        self._voltage_v = None if self._is_power else recording.voltage_v

    def __len__(self) -> int:
        return len(self._time_s) - 1

    @overload
    def __getitem__(self, index: int) -> Load: ...
    @overload
    def __getitem__(self, index: slice) -> list[Load]: ...
    def __getitem__(self, index: int | slice) -> Load | list[Load]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        k = range(len(self))[index]
        degc = None if self._temperature_c is None else self._temperature_c[k]
        duration_s = self._time_s[k + 1] - self._time_s[k]
        recorded = None if self._voltage_v is None else self._interval(k, self._voltage_v)
        return Load(duration_s, 1e6 * self._values[k], self._is_power, degc, recorded)

    def _interval(self, k: int, voltage_v: Sequence[float]) -> Interval:
        first_v, last_v = (None if isnan(v) else v for v in voltage_v[k : k + 2])
        first_ua, last_ua = (1e6 * a for a in self._values[k : k + 2])
        duration_s = self._time_s[k + 1] - self._time_s[k]
        return Interval(duration_s, first_ua, last_ua, first_v, last_v)


def read_loads(
    path: Path, options: ReadingOptions = AS_IT_SAYS, area_cm2: float | None = None
) -> Sequence[Load]:
    """Read a load, whatever wrote the file; where it has current and power, the current.

    ``area_cm2``: of the film, for currents per cm2.

    Raises ValueError with the file's name and what to give for what cannot be used, OSError.
    """
    recording = read_recording(path, LOAD, options, area_cm2)
    if len(recording) < _LEAST_ROWS:
        raise ValueError(f"{path.name} must have two rows of data or more.")
    if recording.voltage_v is not None:  # it was measured, and so can be checked
        from filmgauge_sim.lab.cyclers.plausibility import check_plausible

        try:
            check_plausible(recording)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
    for k, (before, now) in enumerate(pairwise(recording.time_s), 1):
        if now < before:
            raise ValueError(f"{path.name}: the time must not fall, as it does in row {k + 1}.")
    return Loads(recording)
