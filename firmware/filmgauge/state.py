"""What a node remembers from wake to wake, as one block of bytes for RTC memory and for flash."""

import struct

from filmgauge.compat import const
from filmgauge.gauge.fuel_gauge import SIZE as _GAUGE_SIZE
from filmgauge.store.block import HEAD_SIZE, OVERHEAD

_LAYOUT = const(4)  # another one is not read, even where it has the same size
_FORMAT = const("<BIIIQQiiiIBBBB")
_MOST_NJ = const(0xFFFFFFFF)
_OWN = const(49)
_PROTECTION = const(38)  # control/protection.py
_GAUGE = _OWN + _PROTECTION
SIZE = _GAUGE + _GAUGE_SIZE
BLOCK = SIZE + OVERHEAD


class State:
    """Counters and last readings of a node; `buffer` holds them sealed or ready to be sealed.

    boot: power-ons so far; seq: records of this boot; wakes: wakes of this boot;
    base_ms: the clock at power-on; last_ms: the clock at the last sample;
    charge_high, charge_low: what the way of counting noted then (charge);
    awake_ms: how long the last wake took; radio_nj: what the radio took since the last sample, as
    far as it is to be booked; faults: to be told with the next record;
    counting: 1 when the current sensor was read since it started, or in this boot;
    told: 1 when the info of this boot has reached the broker;
    zeroing: 1 when the disconnect switch has been open since the last sample.
    """

    def __init__(self):
        self.buffer = bytearray(BLOCK)
        self.boot = self.seq = self.wakes = 0
        self.base_ms = self.last_ms = 0
        self.charge_high = self.charge_low = self.awake_ms = 0
        self.radio_nj = 0
        self.faults = self.sensor_known = self.info_sent = self.offset_running = 0

    def transmitted(self, nanojoules: int) -> None:
        """Note what the radio has taken out of the buffer capacitor since the last sample."""
        self.radio_nj = min(_MOST_NJ, self.radio_nj + nanojoules)

    def pack(self, gauge=None, protection=None) -> None:
        """Write the state, the gauge and the protection into `buffer`, as far as given."""
        struct.pack_into(
            _FORMAT,
            self.buffer,
            HEAD_SIZE,
            _LAYOUT,
            self.boot,
            self.seq,
            self.wakes,
            self.base_ms,
            self.last_ms,
            self.charge_high,
            self.charge_low,
            self.awake_ms,
            self.radio_nj,
            self.faults,
            self.sensor_known,
            self.info_sent,
            self.offset_running,
        )
        if protection is not None:
            protection.pack_into(self.buffer, HEAD_SIZE + _OWN)
        if gauge is not None:
            gauge.pack_into(self.buffer, HEAD_SIZE + _GAUGE)

    def unpack(self, gauge, protection=None) -> bool:
        """Read what `pack` wrote; return False, with nothing read, for another layout.

        The integrity of the block has been checked.
        """
        values = struct.unpack_from(_FORMAT, self.buffer, HEAD_SIZE)
        if values[0] != _LAYOUT:
            return False
        self.boot, self.seq, self.wakes, self.base_ms, self.last_ms = values[1:6]
        self.charge_high, self.charge_low, self.awake_ms, self.radio_nj = values[6:10]
        self.faults, self.sensor_known, self.info_sent, self.offset_running = values[10:]
        if protection is not None:
            protection.unpack_from(self.buffer, HEAD_SIZE + _OWN)
        gauge.unpack_from(self.buffer, HEAD_SIZE + _GAUGE)
        return True
