"""One sample of the cell: connects the voltage input, waits for the sensors, reads them.

    sampler = CountingSampler(board, config, profile)   # or SwitchedSampler
    sampler.sample(elapsed_ms)
    sampler.voltage_uv, sampler.current_pa, sampler.temperature_cdeg, sampler.faults

The bus input of the INA228 would drain a film cell, so a switch connects it for the few
milliseconds of a sample. What it took is told in `drained_pc`, and `drain_pa` is the current
that it took while the voltage was read: for a small cell it is as large as the load.
"""

import time

from filmgauge.charge.reading_check import ReadingCheck
from filmgauge.compat import const
from filmgauge.record import FAULT_READING, FAULT_SENSOR, FAULT_TEMPERATURE
from filmgauge.sensors.ina228 import EBADMSG, Ina228
from filmgauge.sensors.tmp117 import Tmp117

_EIO = const(5)
_HIGHEST_UV = const(6000000)  # no film cell, and not the supply of the board either


class Sampler(ReadingCheck):
    """Two sensors. Values are None when a sensor gave none; what is read is judged."""

    def __init__(self, board, config, profile=None, part=Ina228):
        super().__init__(profile)
        i2c = board.i2c(config.pin_scl, config.pin_sda, config.i2c_hz)
        self._gate = board.output(config.pin_gate)
        self._nap = board.nap
        self._divider_ohm = config.divider_ohm
        self._temperature = Tmp117(i2c, config.tmp117_address)
        self.current = part(i2c, config.ina228_address, config.shunt_mohm)

    def sample(self, elapsed_ms: "int | None" = None) -> None:
        """Take one sample, `elapsed_ms` after the last one, None where nobody knows; sensors that
        do not answer are told in `faults`."""
        self._clear()
        self._sense()
        self._judge(elapsed_ms)

    def _sense(self):
        """Read both sensors."""
        raise NotImplementedError

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
            self._add_fault(error)
            self.current_pa = self.voltage_uv = None

    def _add_fault(self, error):
        """Tell of a part that answers, and each time something else."""
        if error.args[0] == EBADMSG:
            self.faults |= FAULT_READING

    def _read_idle(self):
        self._idle_uv = self.current.bus_uv()

    def _read_current(self):
        self.current_pa = self.current.current_pa()
        self._die_cdeg = self.current.die_cdeg()

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
            self._add_fault(error)
        if self.temperature_cdeg is None:
            self.faults |= FAULT_TEMPERATURE
