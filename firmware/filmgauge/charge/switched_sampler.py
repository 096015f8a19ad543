"""One sample of the cell with sensors that have their supply for it only.

Loaded by a node that needs it: on a board with little memory every file counts.
"""

from filmgauge.charge.sampler import Sampler
from filmgauge.compat import const
from filmgauge.sensors.ina228 import ONCE_MS
from filmgauge.sensors.tmp117 import WAIT_MS

_QUICK_MS = const(3)  # its start-up and one conversion of temperature and shunt: 2.4 ms
_START_UP_MS = const(2)  # until both sensors answer: 1.5 ms for the TMP117


class SwitchedSampler(Sampler):
    """Two sensors that have their supply for the sample only, from the pin `pin_sensors`.

    Left on, the current sensor would take 640 uA: it would empty 12 uAh in 68 s. The current is
    read before the voltage input is connected: that lowers the voltage of the cell, and a
    converter that waits for just this would begin to charge while it is looked at. The processor
    naps three times only, because each time it wakes costs as much as a whole conversion.
    """

    def __init__(self, board, config, profile=None):
        super().__init__(board, config, profile)
        self._supply = board.output(config.pin_sensors)

    def _sense(self):
        """Read the sensors; whatever happens, they lose their supply again."""
        self._supply.value(1)
        try:
            self._nap(_START_UP_MS)
            self._begin_temperature(True)
            self._try(self.current.check)
            self._try(self.current.once_current)
            self._nap(WAIT_MS)  # of both; the current sensor is in shutdown for most of it
            self._try(self._read_current)
            self._try(self._read_idle)
            self._finish_temperature()
            self._connect(self.current.once_voltage, ONCE_MS, self._read_voltage)
        finally:
            self._gate.value(0)
            self._supply.value(0)

    def quick_current_pa(self) -> "int | None":
        """Return the current alone, None when the sensor does not answer.

        It converts by itself as soon as it has its supply: one transfer tells.
        """
        self._supply.value(1)
        try:
            self._nap(_QUICK_MS)
            return self.current.unset_current_pa()
        except OSError:
            return None
        finally:
            self._supply.value(0)
