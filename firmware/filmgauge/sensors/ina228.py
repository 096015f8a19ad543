"""INA228: current, charge and voltage of the cell.

    sensor = Ina228(i2c, 0x40, shunt_mohm=1000000)
    if not (sensor.running() and sensor.is_remembered()):  # the accumulator begins again
        sensor.check()              # OSError unless it is an INA228
        sensor.start()
    sensor.read_charge()            # all that can fail, before anything counts
    sensor.charge_pc()              # since the last time, rounded down
    sensor.carried_pc()             # and what that has left behind, as soon as it is a whole pC
    sensor.current_pa(), sensor.bus_uv()

Positive charges the cell. The accumulator runs while the node sleeps; what it showed last is
packed. Each start leaves a mark in a limit that nobody uses, which tells its counts from those of
an earlier start. Reading leaves no garbage. A sensor that has its supply for a sample only is not
started: `once_current()` and `once_voltage()` take one conversion each, ready in ONCE_MS.

One transfer may go wrong unnoticed: a register is read until two of at most three readings are
the same. A result stands for milliseconds, readings follow each other in 0.3 ms, so that a new
result in between costs a third one. OSError with EBADMSG when no two are the same. The current is
compared with the voltage of the shunt, which is the same number in a register of its own.
"""

import struct

from filmgauge.compat import const

_CONFIG = const(0x00)
_ADC_CONFIG = const(0x01)
_SHUNT_CAL = const(0x02)
_VSHUNT = const(0x04)  # the same as the current, with a SHUNT_CAL of one to one
_VBUS = const(0x05)
_DIETEMP = const(0x06)
_CURRENT = const(0x07)
_CHARGE = const(0x0A)
_BUS_LIMIT = const(0x0E)  # from 102 V on, whatever the mark
_MANUFACTURER = const(0x3E)
_DEVICE = const(0x3F)

_TI = const(0x5449)
_INA228 = const(0x228)
_ADCRANGE_40MV = const(0x0010)
# Continuous bus, shunt and temperature, 1052, 4120 and 50 us, 4 averages: a result in 20.9 ms.
_RUN = const(0xFBC1)
# One conversion without averages, then shutdown: of all three, 1052, 1052 and 50 us, or of the
# bus, 1052 us.
_ONCE_ALL = const(0x7B40)
_ONCE_BUS = const(0x1B40)
_ONE_TO_ONE = const(4096)  # SHUNT_CAL that makes a CURRENT count a VSHUNT count
_COARSE = const(4)  # after a reset, with 164 mV for its range, a count is so many of ours
_NO_LIMIT = const(0x7FFF)  # after a reset
_MOST_MARK = const(63)
_MARK_SHIFT = const(2)  # in the last byte that is packed
_ENODEV = const(19)
EBADMSG = const(74)
MOST_CODE = const(0x7FFFF)  # full scale: it may have been more
_FORMAT = const("<iiiB")
# What the memory of the accumulator is worth
_UNKNOWN = const(0)
_KNOWN = const(1)
_LOST = const(2)  # known once, and the sensor has begun anew since

CYCLE_MS = const(21)
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
        self._five = bytearray(5)
        self._high = self._low = 0  # of the accumulator: 20 bits each, the high word signed
        self._last_high = self._last_low = 0
        self._memory = _UNKNOWN
        self._mark = 0  # of the start that is remembered; 0 without one

    def check(self) -> None:
        """Raise OSError unless an INA228 answers at the address."""
        if self._value(_MANUFACTURER, 2) != _TI or self._value(_DEVICE, 2) >> 4 != _INA228:
            raise OSError(_ENODEV)

    def running(self) -> bool:
        """Return whether it still runs as a `start` left it, and so has counted ever since."""
        return self._holds(_ADC_CONFIG, _RUN) and self._has_range()

    def is_remembered(self) -> bool:
        """Return whether the start since which it runs is the one that is remembered."""
        return self._holds(_BUS_LIMIT, _NO_LIMIT - self._mark)

    def start(self) -> None:
        """Set it up to count without a pause, its accumulator at zero."""
        self._set(_CONFIG, 0x8000)  # reset
        self._mark = self._mark % _MOST_MARK + 1
        self._set(_BUS_LIMIT, _NO_LIMIT - self._mark)
        self._begin(_RUN)
        self._last_high = self._last_low = 0
        self._memory = _LOST if self._memory else _KNOWN

    def once_current(self) -> None:
        """Begin one conversion of current, voltage and temperature of a sensor that has just got
        its supply."""
        self._begin(_ONCE_ALL)
        if not self._has_range():
            raise OSError(EBADMSG)

    def once_voltage(self) -> None:
        """Begin one conversion of the bus voltage."""
        self._set(_ADC_CONFIG, _ONCE_BUS)

    def read_charge(self) -> None:
        """Read the accumulator, for `charge_pc`."""
        self._fetch_charge()
        first_high, first_low = self._high, self._low
        self._fetch_charge()
        if self._high == first_high and self._low == first_low:
            return
        high, low = self._high, self._low
        self._fetch_charge()
        if self._high == high and self._low == low:
            return
        if self._high != first_high or self._low != first_low:
            raise OSError(EBADMSG)

    def charge_pc(self) -> int:
        """Return what was counted up to `read_charge` since the last call, over the wrap of the
        accumulator too; nothing at the first call for a sensor that ran before."""
        high, low = self._high, self._low
        if not self._memory:
            self._last_high, self._last_low = high, low
        self._memory = _KNOWN
        moved_pc = self.pc(self._counts_since(self._last_high, self._last_low))
        self._last_high, self._last_low = high, low
        return moved_pc

    def lost_charge(self) -> bool:
        """Return whether it began anew, with its count so far gone, since the last `charge_pc`."""
        return self._memory == _LOST

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

    def pack_into(self, buffer, offset: int) -> None:
        """Write how far the accumulator has been read: 13 bytes."""
        last = self._last_high, self._last_low, self.fraction
        last += (self._memory | self._mark << _MARK_SHIFT,)
        struct.pack_into(_FORMAT, buffer, offset, *last)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        last = struct.unpack_from(_FORMAT, buffer, offset)
        self._last_high, self._last_low, self.fraction, memory = last
        self._memory, self._mark = memory & 3, memory >> _MARK_SHIFT

    def _begin(self, adc_config):
        self._set(_CONFIG, _ADCRANGE_40MV)
        self._set(_SHUNT_CAL, _ONE_TO_ONE)
        self._set(_ADC_CONFIG, adc_config)

    def _has_range(self):
        """Return whether a count is still worth what it was made to be."""
        return self._holds(_CONFIG, _ADCRANGE_40MV) and self._holds(_SHUNT_CAL, _ONE_TO_ONE)

    def _counts_since(self, high, low):
        """Return the counts up to `read_charge` since the accumulator showed two words."""
        high = self._high - high
        if high >= 0x80000:
            high -= 0x100000
        elif high < -0x80000:
            high += 0x100000
        return high * 0x100000 + (self._low - low)

    def _fetch_charge(self):
        raw = self._five
        self._i2c.readfrom_mem_into(self._address, _CHARGE, raw)
        high = raw[0] << 12 | raw[1] << 4 | raw[2] >> 4
        self._high = high - 0x100000 if high & 0x80000 else high
        self._low = (raw[2] & 15) << 16 | raw[3] << 8 | raw[4]

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
