"""Columns of measured data: Battery Data Format and plain CSV.

Battery Data Format names a column `quantity / unit` for people and `quantity_unit` for machines;
time, voltage and current are what every file must have. The format:
github.com/battery-data-alliance/battery-data-format. Positive current charges.
"""

import csv
from collections.abc import Collection
from pathlib import Path

# The names for people, which is what is written.
TIME = "Test Time / s"
VOLTAGE = "Voltage / V"
CURRENT = "Current / A"
CYCLE = "Cycle Count / 1"
STEP = "Step Count / 1"
TEMPERATURE = "Ambient Temperature / degC"
NET_CHARGE = "Net Capacity / Ah"

# What is read: column of the file -> factor to s, uA, uW, V and uAh.
TIMES = {TIME: 1.0, "test_time_second": 1.0, "time_s": 1.0, "time_ms": 1e-3, "time_h": 3600.0}
CURRENTS = {
    CURRENT: 1e6,
    "current_ampere": 1e6,
    "current_a": 1e6,
    "current_ma": 1e3,
    "current_ua": 1.0,
}
POWERS = {"Power / W": 1e6, "power_watt": 1e6, "power_w": 1e6, "power_mw": 1e3, "power_uw": 1.0}
VOLTAGES = {VOLTAGE: 1.0, "voltage_volt": 1.0, "voltage_v": 1.0, "voltage_mv": 1e-3}
NET_CHARGES = {NET_CHARGE: 1e6, "net_capacity_ah": 1e6, "charge_uah": 1.0}
TEMPERATURES = (TEMPERATURE, "ambient_temperature_celsius", "temperature_c")
STEPS = (STEP, "step_count")


class Table:
    """The rows of one CSV file. Raises ValueError (with the file's name), OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                self._rows = list(csv.DictReader(file))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path.name} is not a CSV file in UTF-8: {error}.") from None
        self._names = list(self._rows[0]) if self._rows else []

    def __len__(self) -> int:
        return len(self._rows)

    def first_of(self, names: Collection[str]) -> str | None:
        """The first of some names that the file has as a column."""
        return next((name for name in names if name in self._names), None)

    def numbers(self, name: str, factor: float = 1.0) -> list[float]:
        """A column. Raises ValueError with file, line and column for what is no number."""
        return [factor * self._number(line, row, name) for line, row in enumerate(self._rows, 2)]

    def known_numbers(self, name: str, factor: float = 1.0) -> list[float | None]:
        """A column as `numbers`, None where a cell is empty."""
        return [
            factor * self._number(line, row, name) if row[name] else None
            for line, row in enumerate(self._rows, 2)
        ]

    def texts(self, name: str) -> list[str]:
        """A column as it stands."""
        return [row[name] or "" for row in self._rows]

    def needed(self, names: Collection[str], what: str) -> str:
        """The first of some names. Raises ValueError naming the ones that would do."""
        name = self.first_of(names)
        if name is None:
            raise ValueError(
                f"{self.path.name} must have {what} in a column {' or '.join(names)}."
            )
        return name

    def _number(self, line: int, row: dict[str, str], name: str) -> float:
        try:
            value = float(row[name])
        except (TypeError, ValueError):
            value = float("nan")
        if not abs(value) < 1e12:
            raise ValueError(
                f"{self.path.name} line {line}: {name} must be a number, not {row[name]!r}."
            )
        return value
