"""The accumulator of an INA228 that always has its supply: the charge of the cell.

    sensor = CountingIna228(i2c, 0x40, shunt_mohm=1000000)
    if not (sensor.running() and sensor.is_remembered()):  # the accumulator begins again
        sensor.check()              # OSError unless it is an INA228
        sensor.start()
    sensor.read_charge()            # all that can fail, before anything counts
    sensor.charge_pc()              # since the last time, rounded down
    sensor.carried_pc()             # and what that has left behind, as soon as it is a whole pC

It runs while the node sleeps; what it showed last is packed. Each start leaves a mark in a limit
that nobody uses, which tells its counts from those of an earlier start. Only a node whose sensor
counts loads this.
"""

import struct

from filmgauge.compat import const
from filmgauge.sensors.ina228 import ADC_CONFIG, CONFIG, EBADMSG, Ina228

_CHARGE = const(0x0A)
_BUS_LIMIT = const(0x0E)  # from 102 V on, whatever the mark
# Continuous bus, shunt and temperature, 1052, 4120 and 50 us, 4 averages: a result in 20.9 ms.
_RUN = const(0xFBC1)
_NO_LIMIT = const(0x7FFF)  # after a reset
_MOST_MARK = const(63)
_MARK_SHIFT = const(2)  # in the last byte that is packed
_FORMAT = const("<iiiB")
# What the memory of the accumulator is worth
_UNKNOWN = const(0)
_KNOWN = const(1)
_LOST = const(2)  # known once, and the sensor has begun anew since

CYCLE_MS = const(21)


class CountingIna228(Ina228):
    """One sensor that counts without a pause; OSError when it does not answer."""

    def __init__(self, i2c, address: int, shunt_mohm: int):
        super().__init__(i2c, address, shunt_mohm)
        self._five = bytearray(5)
        self._high = self._low = 0  # of the accumulator: 20 bits each, the high word signed
        self._last_high = self._last_low = 0
        self._memory = _UNKNOWN
        self._mark = 0  # of the start that is remembered; 0 without one

    def running(self) -> bool:
        """Return whether it still runs as a `start` left it, and so has counted ever since."""
        return self._holds(ADC_CONFIG, _RUN) and self._has_range()

    def is_remembered(self) -> bool:
        """Return whether the start since which it runs is the one that is remembered."""
        return self._holds(_BUS_LIMIT, _NO_LIMIT - self._mark)

    def start(self) -> None:
        """Set it up to count without a pause, its accumulator at zero."""
        self._set(CONFIG, 0x8000)  # reset
        self._mark = self._mark % _MOST_MARK + 1
        self._set(_BUS_LIMIT, _NO_LIMIT - self._mark)
        self._begin(_RUN)
        self._last_high = self._last_low = 0
        self._memory = _LOST if self._memory else _KNOWN

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
