"""The sensors and switches of a node, for somebody who looks and leaves everything as it was.

A current sensor that counts is only read. One that does not count converts once and stops: if it
were started here, the node would take what it has counted for its own.
"""

import time

from filmgauge.board import this_board
from filmgauge.diagnosis.bus_lines import pulled_levels, scan_parts
from filmgauge.diagnosis.output import attempt, emit, read_config
from filmgauge.sensors.ina228 import ONCE_MS
from filmgauge.sensors.ina228_accumulator import CYCLE_MS, CountingIna228
from filmgauge.sensors.tmp117 import WAIT_MS, Tmp117

_START_UP_MS = 5
_TWO_CYCLES_MS = 2 * CYCLE_MS + 4
_CONVERSIONS = 8  # of the current, where the sensor does not average itself


class SensorProbe:
    """Parts at the pins of `config`; the sensors have their supply until `off`."""

    def __init__(self, board, config):
        self._board = board
        self._config = config
        self._supply = None
        if config.pin_sensors >= 0:
            self._supply = board.output(config.pin_sensors)
            self._supply.value(1)
            time.sleep_ms(_START_UP_MS)
        self._gate = board.output(config.pin_gate)
        self.current: CountingIna228
        self.running = False

    def off(self) -> None:
        """Leave the pins as a node that sleeps has them."""
        self._gate.value(0)
        if self._config.pin_disconnect >= 0:
            self._board.latch(self._config.pin_disconnect, 0)
        if self._supply is not None:
            self._supply.value(0)

    def levels(self, pin: int) -> list:
        """Return the levels of a wire of the bus: pulled down, and pulled up."""
        return pulled_levels(self._board.output(pin))

    def scan(self) -> list:
        """Return [address, words by which to know it] of every part that answers."""
        config = self._config
        self.i2c = self._board.i2c(config.pin_scl, config.pin_sda, config.i2c_hz)
        return scan_parts(self.i2c)

    def use(self, address: int) -> None:
        """Take the current sensor at an address."""
        self.current = CountingIna228(self.i2c, address, self._config.shunt_mohm)
        self.current.check()
        self.running = self.current.running()

    def current_pa(self, is_open: bool = False) -> int:
        """Return the current with the disconnect switch open or closed."""
        if self._config.pin_disconnect >= 0:
            self._board.latch(self._config.pin_disconnect, 1 if is_open else 0)
        if self.running:
            time.sleep_ms(_TWO_CYCLES_MS)
            return self.current.current_pa()
        total_pa = 0
        for _ in range(_CONVERSIONS):
            self.current.once_current()
            time.sleep_ms(ONCE_MS + 1)
            total_pa += self.current.current_pa()
        return total_pa // _CONVERSIONS

    def bus_uv(self, gate: int) -> int:
        """Return the voltage at the bus input with the gate closed (1) or open (0)."""
        self._gate.value(gate)
        if not self.running:
            self.current.once_voltage()
        time.sleep_ms(_TWO_CYCLES_MS)
        voltage_uv = self.current.bus_uv()
        self._gate.value(0)
        return voltage_uv

    def temperature_cdeg(self, address: int) -> "int | None":
        """Return the temperature, None when the sensor has none."""
        sensor = Tmp117(self.i2c, address)
        sensor.check()
        sensor.begin()
        time.sleep_ms(WAIT_MS + 2)
        return sensor.finish()


def readings() -> None:
    """Emit what the sensors of the node read now, one thing a line; nothing without a
    configuration."""
    config, _ = attempt(read_config)
    if config is None:
        return
    probe = SensorProbe(this_board(), config)
    try:
        emit({"parts": probe.scan()})
        current_pa = voltage_uv = None
        _, wrong = attempt(probe.use, config.ina228_address)
        if wrong is None:
            current_pa, wrong = attempt(probe.current_pa)
        if wrong is None:
            voltage_uv, wrong = attempt(probe.bus_uv, 1)
        emit({"current_pa": current_pa, "voltage_uv": voltage_uv, "running": probe.running})
        emit({"current_wrong": wrong})
        cdeg, wrong = attempt(probe.temperature_cdeg, config.tmp117_address)
        emit({"temperature_cdeg": cdeg, "temperature_wrong": wrong})
    finally:
        probe.off()
