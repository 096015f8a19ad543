"""What the sensors of a node say: all that a gauge gets to know.

A fast model of the INA228 as the firmware sets it up (40.96 mV range, 78.125 nV a count, bus
1052 us and shunt 4120 us, four averages), of the TMP117 and of the node's clock. It gives what
the register-level part of ``parts/ina228.py`` gives under the same errors; only the parts of a
conversion cycle are left out.

    sensors = SensorModel(errors, shunt_ohm, Random(seed))
    sensors.pass_time(current_ua, temperature_c, duration_s)    # as often as anything changes
    reading = sensors.read(kind, current_ua, voltage_v, temperature_c)
"""

from dataclasses import dataclass
from enum import Enum
from math import floor, sqrt
from random import Random

from filmgauge_sim.score.random_cells import SensorErrors

LSB_UV = 0.078125
BUS_LSB_UV = 195.3125
HIGHEST_CODE = 0x7FFFF
AVERAGES = 4  # as firmware/filmgauge/sensors/ina228_accumulator.py sets it up
CYCLE_S = (1052 + 4120) * 1e-6
MEASURING_S = 0.046  # how long the voltage input is connected: two results and the switch
RESULT_AFTER_S = 0.036  # the middle of the last result, which takes 20.7 ms
DIVIDER_OHM = 1_000_000  # what the firmware takes the voltage input for
_TEMPERATURES_PER_C = 128


class ReadingKind(Enum):
    """Whether the cell was connected while the charge of a reading was counted."""

    CONNECTED = "connected"
    OPEN = "open"  # disconnect switch open: the current is zero
    LOST = "lost"  # a wake without readings


class Interrupt(Enum):
    """Why the node woke: its timer, or its power manager."""

    TIMER = "timer"
    LOW = "low"  # the cell came down to the end of its discharge
    HIGH = "high"  # the cell came up to the limit of its charge
    DONE = "done"  # the current under the charge limit has faded: end of charge


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of one wake, in the units of the firmware; positive charges the cell.

    counts: what the accumulator counted since the last reading, 78.125 nVs across the shunt a
    count. elapsed_ms: since then, by the node's clock. drain_pa, drained_pc: what the voltage
    input took while it was connected, as the firmware computes it. All but kind and elapsed_ms
    are 0 for a lost reading.
    """

    kind: ReadingKind
    elapsed_ms: int
    counts: int = 0
    current_code: int = 0
    voltage_uv: int = 0
    temperature_cdeg: int = 0
    drain_pa: int = 0
    drained_pc: int = 0
    interrupt: Interrupt = Interrupt.TIMER


class SensorModel:
    """The sensors of one node from time 0 on."""

    def __init__(self, errors: SensorErrors, shunt_ohm: float, noise: Random) -> None:
        self.errors = errors
        self._noise = noise
        self._per_ua = shunt_ohm * (1.0 + errors.gain_error) / LSB_UV
        self._offset = errors.offset_uv / LSB_UV + errors.bias_current_na * 1e-3 * self._per_ua
        self._per_c = errors.offset_drift_uv_per_c / LSB_UV
        self._sigma = errors.noise_uv / LSB_UV
        # The accumulator counts nominal seconds; a slow oscillator makes fewer of them.
        self._nominal = 1.0 / (1.0 + errors.oscillator_error)
        self._charge = 0.0  # of the accumulator, counts
        self._noisy_s = 0.0
        self._now_s = 0.0
        self._read_counts = 0
        self._read_ms = 0

    def drain_ua(self, voltage_v: float) -> float:
        """What the voltage input really takes from the cell while it is connected."""
        return voltage_v / self.errors.bus_input_ohm * 1e6

    def pass_time(self, current_ua: float, temperature_c: float, duration_s: float) -> None:
        """Count a constant current through the shunt."""
        nominal_s = duration_s * self._nominal
        self._charge += self._code(current_ua, temperature_c) * nominal_s
        self._noisy_s += nominal_s
        self._now_s += duration_s

    def read(
        self,
        kind: ReadingKind,
        current_ua: float,
        voltage_v: float,
        temperature_c: float,
        interrupt: Interrupt = Interrupt.TIMER,
    ) -> Reading:
        """The reading of now, with the current and the voltage that were seen last."""
        if self._sigma and self._noisy_s > 0.0:
            cycles = self._noisy_s / CYCLE_S
            self._charge += self._noise.gauss(0.0, self._sigma) * sqrt(cycles) * CYCLE_S
            self._noisy_s = 0.0
        counts, now_ms = floor(self._charge), self._clock_ms()
        code = self._code(current_ua, temperature_c)
        code += self._noise.gauss(0.0, self._sigma) / sqrt(AVERAGES)
        voltage_uv = self._bus_uv(voltage_v)
        measuring_us = round(MEASURING_S * 1e6 * (1.0 + self.errors.clock_error))
        reading = Reading(
            kind,
            now_ms - self._read_ms,
            counts - self._read_counts,
            max(-HIGHEST_CODE - 1, min(HIGHEST_CODE, round(code))),
            voltage_uv,
            self._centidegrees(temperature_c),
            voltage_uv * 1_000_000 // DIVIDER_OHM,
            voltage_uv * measuring_us // DIVIDER_OHM,
            interrupt,
        )
        self._read_counts, self._read_ms = counts, now_ms
        return reading

    def repeat(self, last: Reading, kind: ReadingKind) -> Reading:
        """What a stuck sensor gives: the last values again; the part goes on behind it."""
        now_ms = self._clock_ms()
        elapsed_ms, self._read_ms = now_ms - self._read_ms, now_ms
        return Reading(
            kind,
            elapsed_ms,
            0,
            last.current_code,
            last.voltage_uv,
            last.temperature_cdeg,
            last.drain_pa,
            last.drained_pc,
        )

    def lose(self) -> Reading:
        """A wake at which no sensor answered; the next reading counts on from the last one."""
        return Reading(ReadingKind.LOST, self._clock_ms() - self._read_ms)

    def _clock_ms(self) -> int:
        return floor(self._now_s * 1e3 * (1.0 + self.errors.clock_error))

    def _code(self, current_ua: float, temperature_c: float) -> float:
        code = current_ua * self._per_ua + self._offset + (temperature_c - 25.0) * self._per_c
        return max(-HIGHEST_CODE - 1.0, min(float(HIGHEST_CODE), code))

    def _bus_uv(self, voltage_v: float) -> int:
        errors = self.errors
        seen_uv = voltage_v * 1e6 * (1.0 + errors.bus_gain_error) + errors.bus_offset_uv
        code = max(0, min(HIGHEST_CODE, round(seen_uv / BUS_LSB_UV)))
        return code * 3125 // 16  # as the firmware

    def _centidegrees(self, temperature_c: float) -> int:
        code = round((temperature_c + self.errors.temperature_offset_c) * _TEMPERATURES_PER_C)
        return (code * 25 + 16) // 32  # as the firmware
