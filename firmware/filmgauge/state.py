"""What a node remembers from wake to wake, as one block of bytes for RTC memory and for flash."""

import struct

from filmgauge.compat import const
from filmgauge.gauge import fuel_gauge
from filmgauge.store.block import HEAD_SIZE, OVERHEAD

_FORMAT = "<IIIQQiiiBBB"
_OWN = const(43)
SIZE = _OWN + fuel_gauge.SIZE
BLOCK = SIZE + OVERHEAD


class State:
    """Counters and last readings of a node; `buffer` holds them sealed or ready to be sealed.

    boot: power-ons so far; seq: records of this boot; wakes: wakes of this boot;
    base_ms: the clock at power-on; last_ms: the clock at the last sample;
    charge_high, charge_low: what the way of counting noted then (counting.py);
    awake_ms: how long the last wake took; faults: to be told with the next record;
    counting: 1 when the current sensor was read since it started, or in this boot;
    told: 1 when the info of this boot has reached the broker.
    """

    def __init__(self):
        self.buffer = bytearray(BLOCK)
        self.boot = self.seq = self.wakes = 0
        self.base_ms = self.last_ms = 0
        self.charge_high = self.charge_low = self.awake_ms = 0
        self.faults = self.counting = self.told = 0

    def pack(self, gauge) -> None:
        """Write the state and the gauge into `buffer`."""
        struct.pack_into(
            _FORMAT,
            self.buffer,
            HEAD_SIZE,
            self.boot,
            self.seq,
            self.wakes,
            self.base_ms,
            self.last_ms,
            self.charge_high,
            self.charge_low,
            self.awake_ms,
            self.faults,
            self.counting,
            self.told,
        )
        gauge.pack_into(self.buffer, HEAD_SIZE + _OWN)

    def unpack(self, gauge) -> None:
        """Read what `pack` wrote; the block has been checked."""
        values = struct.unpack_from(_FORMAT, self.buffer, HEAD_SIZE)
        self.boot, self.seq, self.wakes, self.base_ms, self.last_ms = values[:5]
        self.charge_high, self.charge_low, self.awake_ms = values[5:8]
        self.faults, self.counting, self.told = values[8:]
        gauge.unpack_from(self.buffer, HEAD_SIZE + _OWN)
