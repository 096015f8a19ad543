"""One sample of the cell: connects the voltage input, waits for the sensors, reads them.

    sampler = Sampler(board, config)
    sampler.sample()
    sampler.voltage_uv, sampler.current_pa, sampler.temperature_cdeg, sampler.faults

The bus input of the INA228 would drain a film cell, so a switch connects it for the few
milliseconds of a sample. What it took is told in `drained_pc`, and `drain_pa` is the current
that it took while the voltage was read: for a small cell it is as large as the load. What is read
is not judged here (reading_check.py); `idle_uv` is the voltage before the switch has closed,
`die_cdeg` the temperature of the current sensor itself.
"""

import time

from filmgauge.compat import const
from filmgauge.record import FAULT_READING, FAULT_SENSOR, FAULT_TEMPERATURE
from filmgauge.sensors.ina228 import CYCLE_MS, EBADMSG, Ina228
from filmgauge.sensors.tmp117 import Tmp117

# A whole conversion cycle must begin after the switch has closed: one cycle may be under way.
_TWO_CYCLES_MS = 2 * CYCLE_MS + 4
_EIO = const(5)
_HIGHEST_UV = const(6000000)  # no film cell, and not the supply of the board either


class Sampler:
    """Two sensors that always have their supply. Values are None when a sensor gave none."""

    def __init__(self, board, config):
        i2c = board.i2c(config.pin_scl, config.pin_sda, config.i2c_hz)
        self._gate = board.output(config.pin_gate)
        self._nap = board.nap
        self._divider_ohm = config.divider_ohm
        self._temperature = Tmp117(i2c, config.tmp117_address)
        self.current = Ina228(i2c, config.ina228_address, config.shunt_mohm)
        self.restarted = False
        self._clear()

    def sample(self) -> None:
        """Take one sample; sensors that do not answer are told in `faults`."""
        self._clear()
        self._try(self._ready_current)
        if not self.restarted:
            self._try(self._read_idle)
        self._begin_temperature(self.restarted)  # it has just got its supply
        self._connect(None, _TWO_CYCLES_MS, self._read_all)  # it never stops
        self._finish_temperature()

    def _clear(self):
        self.faults = 0
        self.voltage_uv = self.current_pa = self.temperature_cdeg = None
        self.idle_uv = self.die_cdeg = self.model_cdeg = None
        self.is_usable = False
        self.drain_pa = self.drained_pc = 0

    def _connect(self, begin, wait_ms, read):
        """Connect the voltage input for `begin`, a wait and `read`; note what it took."""
        begun_us = time.ticks_us()
        self._gate.value(1)
        if begin is not None:
            self._try(begin)
        connected_us = wait_ms * 1000 + time.ticks_diff(time.ticks_us(), begun_us)
        self._nap(wait_ms)  # ticks may stand still in it
        begun_us = time.ticks_us()
        self._try(read)
        self._gate.value(0)
        connected_us += time.ticks_diff(time.ticks_us(), begun_us)
        if self.voltage_uv is not None:
            self.drain_pa = self.voltage_uv * 1000000 // self._divider_ohm
            self.drained_pc = self.voltage_uv * connected_us // self._divider_ohm

    def _try(self, action):
        """Do something with the current sensor, unless it has failed before."""
        if self.faults & FAULT_SENSOR:
            return
        try:
            action()
        except OSError as error:
            self.faults |= FAULT_SENSOR
            if error.errno == EBADMSG:
                self.faults |= FAULT_READING
            self.current_pa = self.voltage_uv = None

    def _ready_current(self):
        self.restarted = False
        if not self.current.running():
            self.current.check()
            self.current.start()
            self.restarted = True

    def _read_idle(self):
        self.idle_uv = self.current.bus_uv()

    def _read_all(self):
        self.current.read_charge()
        self.current_pa = self.current.current_pa()
        self.die_cdeg = self.current.die_cdeg()
        self._read_voltage()

    def _read_voltage(self):
        self.voltage_uv = self.current.bus_uv()
        if self.voltage_uv > _HIGHEST_UV:
            raise OSError(_EIO)  # a bus line that stays high reads as all ones

    def _begin_temperature(self, check):
        try:
            if check:
                self._temperature.check()
            self._temperature.begin()
        except OSError:
            self.faults |= FAULT_TEMPERATURE

    def _finish_temperature(self):
        if self.faults & FAULT_TEMPERATURE:
            return
        try:
            self.temperature_cdeg = self._temperature.finish()
        except OSError as error:
            if error.errno == EBADMSG:
                self.faults |= FAULT_READING
        if self.temperature_cdeg is None:
            self.faults |= FAULT_TEMPERATURE
