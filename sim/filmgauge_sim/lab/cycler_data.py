"""Measured data: Battery Data Format, CSV and Neware files, read into areal arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab import bdf

Numbers = NDArray[np.float64]

_NEWARE = (".ndax", ".nda")
_NEWARE_DEGC = "_temperature_degC"


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


def read_cycler_data(path: Path, area_cm2: float) -> CyclerData:
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
    return CyclerData(path.name, **found)


def _table(path: Path) -> dict[str, Any]:
    table = bdf.Table(path)

    def numbers(factors: dict[str, float], what: str) -> Numbers:
        name = table.needed(factors, what)
        return np.array(table.numbers(name, factors[name]))

    degc, step = table.first_of(bdf.TEMPERATURES), table.first_of(bdf.STEPS)
    counted = table.first_of(bdf.NET_CHARGES)
    return {
        "time_h": numbers(bdf.TIMES, "a time") / 3600.0,
        "current_ua_cm2": numbers(bdf.CURRENTS, "a current"),
        "voltage_v": numbers(bdf.VOLTAGES, "a voltage"),
        "temperature_c": None if degc is None else np.array(table.numbers(degc)),
        "charge_uah_cm2": numbers(bdf.NET_CHARGES, "a charge") if counted else None,
        "step": np.zeros(len(table)) if step is None else np.array(table.numbers(step)),
    }


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
