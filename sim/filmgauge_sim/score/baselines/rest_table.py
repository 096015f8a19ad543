"""Voltage table at rest, counting in between.

foxBMS 2 (soc_counting.c) counts, and looks the state of charge up in a table, by straight lines,
while the battery is at rest. Zephyr's composite fuel gauge does only the look-up, in the eleven
points of its ocv-capacity-table. Both tables hold one voltage for a state of charge, so the mean
of both branches stands in it.
"""

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.score.baselines.counter import Counter
from filmgauge_sim.score.baselines.mean_curve import Table
from filmgauge_sim.score.sensor_model import Reading

POINTS = 11
REST_H = 1.0  # foxBMS waits ten minutes; a slow cell is given an hour
REST_C = 1 / 100  # smaller mean currents are none: assumed, offset and leakage lie below


class RestTable(Counter):
    """A counter that is set by a voltage table when the cell has rested."""

    def __init__(
        self, parameters: CellParameters, area_cm2: float, shunt_mohm: int, told: float
    ) -> None:
        super().__init__(parameters, area_cm2, shunt_mohm, told)
        self._table = Table(parameters, POINTS)
        self._rested_h = 0.0

    def correct(self, reading: Reading, moved_uah: float) -> None:
        elapsed_h = reading.elapsed_ms / 3.6e6
        if abs(moved_uah) >= REST_C * self.full_uah() * elapsed_h:
            self._rested_h = 0.0
            return
        self._rested_h += elapsed_h
        if self._rested_h >= REST_H:
            self._soc = self._table.soc(reading.voltage_uv / 1e6)
