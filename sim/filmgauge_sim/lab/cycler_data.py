"""Measured data: Battery Data Format, CSV and Neware files, read into areal arrays."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab.profile import CURRENTS, TEMPERATURES, TIMES, column, number

Numbers = NDArray[np.float64]

_VOLTAGES = {"Voltage / V": 1.0, "voltage_volt": 1.0, "voltage_v": 1.0, "voltage_mv": 1e-3}
_STEPS = ("Step Count / 1", "step_count")
_CHARGES = {"Net Capacity / Ah": 1e6, "net_capacity_ah": 1e6, "charge_uah": 1.0}
_NEWARE = (".ndax", ".nda")
_NEWARE_DEGC = "_temperature_degC"


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: arrays of one length; currents in uA/cm2, positive charges."""

    name: str
    time_h: Numbers
    current_ua_cm2: Numbers
    voltage_v: Numbers
    # degC, or None where the file has none.
    temperature_c: Numbers | None
    # What the cycler itself counted, uAh/cm2 from any zero that stays within a step, or None.
    charge_uah_cm2: Numbers | None
    # The cycler's own count of steps, or zeros.
    step: Numbers


def read_measured(path: Path, area_cm2: float) -> Measured:
    """Read one file of a cell of area_cm2. Raises ValueError (with the file's name), OSError."""
    neware = path.suffix.lower() in _NEWARE
    found = _neware(path) if neware else _table(path)
    for name in ("current_ua_cm2", "charge_uah_cm2"):
        if found[name] is not None:
            found[name] = found[name] / area_cm2
    if len(found["time_h"]) < 3:
        raise ValueError(f"{path.name} must have three rows of data or more.")
    falls = np.flatnonzero(np.diff(found["time_h"]) < 0.0)
    if falls.size:
        raise ValueError(f"{path.name}: the time must not fall, as it does in row {falls[0] + 2}.")
    return Measured(path.name, **found)


def _table(path: Path) -> dict[str, Any]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} is not a CSV file in UTF-8: {error}.") from None
    columns = list(rows[0]) if rows else []

    def read(known: Mapping[str, float], what: str) -> Numbers:
        name = column(path, columns, dict(known), what)
        return _column(path, rows, name) * known[name]

    degc = next((name for name in TEMPERATURES if name in columns), None)
    step = next((name for name in _STEPS if name in columns), None)
    counted = any(name in columns for name in _CHARGES)
    return {
        "time_h": read(TIMES, "a time") / 3600.0,
        "current_ua_cm2": read(CURRENTS, "a current"),
        "voltage_v": read(_VOLTAGES, "a voltage"),
        "temperature_c": None if degc is None else _column(path, rows, degc),
        "charge_uah_cm2": read(_CHARGES, "a charge") if counted else None,
        "step": np.zeros(len(rows)) if step is None else _column(path, rows, step),
    }


def _column(path: Path, rows: list[dict[str, str]], name: str) -> Numbers:
    return np.array([number(path, k, row, name) for k, row in enumerate(rows, 2)])


def _neware(path: Path) -> dict[str, Any]:
    try:
        import fastnda
    except ModuleNotFoundError:
        raise ValueError(
            f"{path.name}: Neware files need fastnda, which is not installed: pip install fastnda."
        ) from None
    try:
        frame = fastnda.read(path)
    except OSError:
        raise
    # What a broken file makes of a reader of binary records cannot be listed.
    except Exception as error:
        reason = str(error).split("\n")[0].rstrip(".")
        raise ValueError(f"{path.name} is not a file of Neware: {reason}.") from None

    def read(name: str) -> Numbers:
        return frame[name].cast(float).to_numpy().astype(float)

    warmth = next((name for name in frame.columns if name.endswith(_NEWARE_DEGC)), None)
    return {
        "time_h": read("total_time_s") / 3600.0,
        "current_ua_cm2": read("current_mA") * 1e3,
        "voltage_v": read("voltage_V"),
        "temperature_c": None if warmth is None else read(warmth),
        "charge_uah_cm2": read("capacity_mAh") * 1e3,
        "step": read("step_count"),
    }
