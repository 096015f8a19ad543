"""What an experiment recorded, and the same as Battery Data Format."""

import csv
import io
from dataclasses import dataclass, field
from typing import NamedTuple

from filmgauge_sim.lab import bdf


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

    def columns(self, area_cm2: float) -> dict[str, list[float]]:
        """The samples of a whole cell by the names of Battery Data Format: s, V, A, degC, Ah."""
        whole = 1e-6 * area_cm2
        return {
            bdf.TIME: [s.time_s for s in self.samples],
            bdf.VOLTAGE: [s.voltage_v for s in self.samples],
            bdf.CURRENT: [s.current_ua_cm2 * whole for s in self.samples],
            bdf.CYCLE: [s.cycle for s in self.samples],
            bdf.STEP: [s.step for s in self.samples],
            bdf.TEMPERATURE: [s.temperature_c for s in self.samples],
            bdf.NET_CHARGE: [s.charge_uah_cm2 * whole for s in self.samples],
        }

    def to_bdf(self, area_cm2: float) -> str:
        """The text of a file in Battery Data Format (CSV)."""
        text = io.StringIO()
        columns = self.columns(area_cm2)
        writer = csv.writer(text)
        writer.writerow(columns)
        formats = ("{:.6f}", "{:.6f}", "{:.9g}", "{}", "{}", "{:g}", "{:.9g}")
        for values in zip(*columns.values(), strict=True):
            writer.writerow([f.format(value) for f, value in zip(formats, values, strict=True)])
        return text.getvalue()
