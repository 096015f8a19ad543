"""INA228: current and voltage of the cell.

    sensor = Ina228(i2c, 0x40, shunt_mohm=1000000)
    sensor.check()                  # OSError unless it is an INA228
    sensor.once_current()
    sensor.current_pa(), sensor.bus_uv()

Positive charges the cell. Reading leaves no garbage. A sensor that has its supply for a sample
only is not started: `once_current()` and `once_voltage()` take one conversion each, ready in
ONCE_MS. One that always has it counts (ina228_accumulator.py).

One transfer may go wrong unnoticed: a register is read until two of at most three readings are
the same. A result stands for milliseconds, readings follow each other in 0.3 ms, so that a new
result in between costs a third one. OSError with EBADMSG when no two are the same. The current is
compared with the voltage of the shunt, which is the same number in a register of its own.
"""

from filmgauge.compat import const

CONFIG = const(0x00)
ADC_CONFIG = const(0x01)
_SHUNT_CAL = const(0x02)
_VSHUNT = const(0x04)  # the same as the current, with a SHUNT_CAL of one to one
_VBUS = const(0x05)
_DIETEMP = const(0x06)
_CURRENT = const(0x07)
_MANUFACTURER = const(0x3E)
_DEVICE = const(0x3F)

_TI = const(0x5449)
_INA228 = const(0x228)
_ADCRANGE_40MV = const(0x0010)
# One conversion without averages, then shutdown: of all three, 1052, 1052 and 50 us, or of the
# bus, 1052 us.
_ONCE_ALL = const(0x7B40)
_ONCE_BUS = const(0x1B40)
_ONE_TO_ONE = const(4096)  # SHUNT_CAL that makes a CURRENT count a VSHUNT count
_COARSE = const(4)  # after a reset, with 164 mV for its range, a count is so many of ours
_ENODEV = const(19)
EBADMSG = const(74)
MOST_CODE = const(0x7FFFF)  # full scale: it may have been more

ONCE_MS = const(2)


class CountScale:
    """What a count is worth at a shunt: 78.125 nV across it, or 78.125 nVs of the accumulator.

    `numerator` over `denominator` pA or pC; `fraction` is what rounding left of a pC, in
    1/denominator.
    """

    def __init__(self, shunt_mohm: int):
        divisor, rest = 78125000, shunt_mohm
        while rest:  # Euclid: both without their common factors stay small integers
            divisor, rest = rest, divisor % rest
        self.numerator = 78125000 // divisor
        self.denominator = shunt_mohm // divisor
        self.fraction = 0

    def pa(self, code: int) -> int:
        """Return a current in pA, rounded down."""
        return code * self.numerator // self.denominator

    def pc(self, counts: int) -> int:
        """Return a charge in pC, rounded down; what that leaves behind adds up."""
        fine = counts * self.numerator
        self.fraction += fine % self.denominator
        return fine // self.denominator

    def carried_pc(self) -> int:
        """Return the whole pC that have added up: none or one after each charge."""
        whole = self.fraction // self.denominator
        self.fraction %= self.denominator
        return whole


class Ina228(CountScale):
    """One sensor on an I2C bus with its shunt; OSError when it does not answer."""

    def __init__(self, i2c, address: int, shunt_mohm: int):
        super().__init__(shunt_mohm)
        self._i2c = i2c
        self._address = address
        self._two = bytearray(2)
        self._three = bytearray(3)

    def check(self) -> None:
        """Raise OSError unless an INA228 answers at the address."""
        if self._value(_MANUFACTURER, 2) != _TI or self._value(_DEVICE, 2) >> 4 != _INA228:
            raise OSError(_ENODEV)

    def once_current(self) -> None:
        """Begin one conversion of current, voltage and temperature of a sensor that has just got
        its supply."""
        self._begin(_ONCE_ALL)
        if not self._has_range():
            raise OSError(EBADMSG)

    def once_voltage(self) -> None:
        """Begin one conversion of the bus voltage."""
        self._set(ADC_CONFIG, _ONCE_BUS)

    def current_pa(self) -> int:
        """Return the current, positive when the cell is being charged."""
        code = self._fetch(_CURRENT, 3)
        if code != self._fetch(_VSHUNT, 3):
            code = self._value(_CURRENT, 3)
            if code != self._value(_VSHUNT, 3):
                raise OSError(EBADMSG)
        return self.pa(code - 0x100000 if code & 0x80000 else code)

    def die_cdeg(self) -> int:
        """Return the temperature of the sensor itself in 0.01 degC, +-1 degC."""
        code = self._value(_DIETEMP, 2)
        return ((code ^ 0x8000) - 0x8000) * 25 // 32

    def unset_current_pa(self) -> int:
        """Return the current of a sensor that nobody has set up since it got its supply."""
        return self.current_pa() * _COARSE

    def bus_uv(self) -> int:
        """Return the bus voltage (195.3125 uV a count)."""
        return self._value(_VBUS, 3) * 3125 // 16

    def _begin(self, adc_config):
        self._set(CONFIG, _ADCRANGE_40MV)
        self._set(_SHUNT_CAL, _ONE_TO_ONE)
        self._set(ADC_CONFIG, adc_config)

    def _has_range(self):
        """Return whether a count is still worth what it was made to be."""
        return self._holds(CONFIG, _ADCRANGE_40MV) and self._holds(_SHUNT_CAL, _ONE_TO_ONE)

    def _value(self, register, size):
        """Return what two of three readings of a register agree on."""
        first, second = self._fetch(register, size), self._fetch(register, size)
        if first != second:
            third = self._fetch(register, size)
            if third != second and third != first:
                raise OSError(EBADMSG)
            return third
        return first

    def _holds(self, register, value):
        """Return whether one of two readings of a register is what was written."""
        return self._fetch(register, 2) == value or self._fetch(register, 2) == value

    def _fetch(self, register, size):
        raw = self._two if size == 2 else self._three
        self._i2c.readfrom_mem_into(self._address, register, raw)
        if size == 2:
            return raw[0] << 8 | raw[1]
        return raw[0] << 12 | raw[1] << 4 | raw[2] >> 4

    def _set(self, register, value):
        self._two[0] = value >> 8
        self._two[1] = value & 0xFF
        self._i2c.writeto_mem(self._address, register, self._two)
