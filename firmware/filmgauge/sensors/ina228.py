"""INA228: current, charge and voltage of the cell.

    sensor = Ina228(i2c, address=0x40)
    if not sensor.running():        # it lost power: the accumulator begins again
        sensor.check()              # OSError unless it is an INA228
        sensor.start()
    sensor.read_charge()            # into charge_high, charge_low: 20 bits each, signed high word
    code = sensor.current_code()    # 78.125 nV across the shunt a count
    microvolts = sensor.bus_uv()

The accumulator runs while the node sleeps. Reading leaves no garbage. A sensor that has its
supply for a sample only is not started: `once_current()` and `once_voltage()` take one conversion
each, ready in ONCE_MS.
"""

from filmgauge.compat import const

_CONFIG = const(0x00)
_ADC_CONFIG = const(0x01)
_SHUNT_CAL = const(0x02)
_VBUS = const(0x05)
_CURRENT = const(0x07)
_CHARGE = const(0x0A)
_MANUFACTURER = const(0x3E)
_DEVICE = const(0x3F)

_TI = const(0x5449)
_INA228 = const(0x228)
_ADCRANGE_40MV = const(0x0010)
# Continuous bus and shunt, 1052 us and 4120 us, 4 averages: a result every 20.7 ms.
_RUN = const(0xBBE9)
# One conversion without averages, then shutdown: of the shunt, 1052 us, or of the bus, 1052 us.
_ONCE_SHUNT = const(0x2B40)
_ONCE_BUS = const(0x1B40)
_ONE_TO_ONE = const(4096)  # SHUNT_CAL that makes a CURRENT count a VSHUNT count
_ENODEV = const(19)

CYCLE_MS = const(21)
ONCE_MS = const(2)


class Ina228:
    """One sensor on an I2C bus; OSError when it does not answer."""

    def __init__(self, i2c, address: int = 0x40):
        self._i2c = i2c
        self._address = address
        self._two = bytearray(2)
        self._three = bytearray(3)
        self._five = bytearray(5)
        self.charge_high = 0
        self.charge_low = 0

    def check(self) -> None:
        """Raise OSError unless an INA228 answers at the address."""
        if self._word(_MANUFACTURER) != _TI or self._word(_DEVICE) >> 4 != _INA228:
            raise OSError(_ENODEV)

    def running(self) -> bool:
        """Return whether it still runs as `start` left it, and so has counted ever since.

        One register tells: a loss of supply or a reset takes them all back together.
        """
        return self._word(_ADC_CONFIG) == _RUN

    def start(self) -> None:
        """Set it up to count without a pause, its accumulator at zero."""
        self._set(_CONFIG, 0x8000)  # reset
        self._begin(_RUN)

    def once_current(self) -> None:
        """Begin one conversion of the current of a sensor that has just got its supply."""
        self._begin(_ONCE_SHUNT)

    def once_voltage(self) -> None:
        """Begin one conversion of the bus voltage."""
        self._set(_ADC_CONFIG, _ONCE_BUS)

    def read_charge(self) -> None:
        """Read the accumulator into `charge_high` (signed) and `charge_low`, 20 bits each."""
        raw = self._five
        self._i2c.readfrom_mem_into(self._address, _CHARGE, raw)
        high = raw[0] << 12 | raw[1] << 4 | raw[2] >> 4
        self.charge_high = high - 0x100000 if high & 0x80000 else high
        self.charge_low = (raw[2] & 15) << 16 | raw[3] << 8 | raw[4]

    def current_code(self) -> int:
        """Return the signed current in counts, positive when the cell is being charged."""
        code = self._code(_CURRENT)
        return code - 0x100000 if code & 0x80000 else code

    def bus_uv(self) -> int:
        """Return the bus voltage in microvolts (195.3125 uV a count)."""
        return self._code(_VBUS) * 3125 // 16

    def _begin(self, adc_config):
        self._set(_CONFIG, _ADCRANGE_40MV)
        self._set(_SHUNT_CAL, _ONE_TO_ONE)
        self._set(_ADC_CONFIG, adc_config)

    def _code(self, register):
        raw = self._three
        self._i2c.readfrom_mem_into(self._address, register, raw)
        return raw[0] << 12 | raw[1] << 4 | raw[2] >> 4

    def _word(self, register):
        raw = self._two
        self._i2c.readfrom_mem_into(self._address, register, raw)
        return raw[0] << 8 | raw[1]

    def _set(self, register, value):
        self._two[0] = value >> 8
        self._two[1] = value & 0xFF
        self._i2c.writeto_mem(self._address, register, self._two)


def charge_moved(high: int, low: int, old_high: int, old_low: int) -> int:
    """Return the counts between two readings of the 40-bit accumulator, over its wrap too."""
    high -= old_high
    if high >= 0x80000:
        high -= 0x100000
    elif high < -0x80000:
        high += 0x100000
    return high * 0x100000 + (low - old_low)
