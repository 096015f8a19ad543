"""What an experiment recorded, and how it is written as Battery Data Format."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from filmgauge_sim.lab.replaced import replaced

BDF_COLUMNS = (
    "Test Time / s",
    "Voltage / V",
    "Current / A",
    "Cycle Count / 1",
    "Step Count / 1",
    "Ambient Temperature / degC",
    "Net Capacity / Ah",
)


class Sample(NamedTuple):
    """One instant; current density in uA/cm2, positive charges."""

    time_s: float
    voltage_v: float
    current_ua_cm2: float
    cycle: int
    step: int
    temperature_c: float
    # Charge passed since the trace began, uAh/cm2.
    charge_uah_cm2: float


@dataclass(slots=True)
class Trace:
    """Samples in the order of time; ``points`` of them at least in every step."""

    points: int = 60
    samples: list[Sample] = field(default_factory=list)
    time_s: float = 0.0
    charge_uah_cm2: float = 0.0
    cycle: int = 1
    step: int = 0

    def add(self, voltage_v: float, current_ua_cm2: float, temperature_c: float) -> None:
        """Record the present instant."""
        self.samples.append(
            Sample(
                self.time_s,
                voltage_v,
                current_ua_cm2,
                self.cycle,
                self.step,
                temperature_c,
                self.charge_uah_cm2,
            )
        )

    def pass_time(self, duration_s: float, current_ua_cm2: float) -> None:
        """Move the clock and the charge on."""
        self.time_s += duration_s
        self.charge_uah_cm2 += current_ua_cm2 * duration_s / 3600.0

    def write_bdf(self, path: Path, area_cm2: float) -> None:
        """Write the samples as Battery Data Format (CSV). Raises OSError."""
        with replaced(path) as scratch, scratch.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(BDF_COLUMNS)
            for s in self.samples:
                ampere = s.current_ua_cm2 * area_cm2 * 1e-6
                writer.writerow(
                    [
                        f"{s.time_s:.6f}",
                        f"{s.voltage_v:.6f}",
                        f"{ampere:.9g}",
                        s.cycle,
                        s.step,
                        f"{s.temperature_c:g}",
                        f"{s.charge_uah_cm2 * area_cm2 * 1e-6:.9g}",
                    ]
                )
