"""What a node remembers from wake to wake, as one block of bytes for RTC memory and for flash."""

import struct

from filmgauge.charge import MEMORY_SIZE
from filmgauge.compat import const
from filmgauge.gauge.fuel_gauge import SIZE as _GAUGE_SIZE
from filmgauge.store.block import HEAD_SIZE, OVERHEAD

_LAYOUT = const(5)  # another one is not read, even where it has the same size
_FORMAT = const("<BIIIQQiIBBBIHBiii")
_MOST_NJ = const(0xFFFFFFFF)
_OWN_SIZE = const(59)
_PROTECTION_SIZE = const(38)  # control/protection.py
_PROTECTION_AT = HEAD_SIZE + _OWN_SIZE
_CHARGE_AT = _PROTECTION_AT + _PROTECTION_SIZE
GAUGE_AT = _CHARGE_AT + MEMORY_SIZE
BLOCK = GAUGE_AT + _GAUGE_SIZE + OVERHEAD - HEAD_SIZE
SIZE = BLOCK - OVERHEAD


class State:
    """Counters and last readings of a node; `buffer` holds them sealed or ready to be sealed.

    boot: power-ons so far; seq: records of this boot; wakes: wakes of this boot;
    base_ms: the clock at power-on; last_ms: the clock at the last sample;
    awake_ms: how long the last wake took; radio_nj: what the radio took since the last sample, as
    far as it is to be booked; faults: to be told with the next record;
    info_sent: 1 when the info of this boot has reached the broker;
    offset_running: 1 when the disconnect switch has been open since the last sample;
    profile_crc, cell_number: the cell that the ledger is of (0: no profile so far);
    cell_changed: 1 until a record has said so; closed_nah: what was measured, booked and corrected
    in the ledger of the cell before.
    """

    def __init__(self):
        self.buffer = bytearray(BLOCK)
        self.boot = self.seq = self.wakes = self.base_ms = self.last_ms = 0
        self.awake_ms = self.radio_nj = self.faults = self.info_sent = self.offset_running = 0
        self.profile_crc = self.cell_number = self.cell_changed = 0
        self.closed_nah = (0, 0, 0)

    def transmitted(self, nanojoules: int) -> None:
        """Note what the radio has taken out of the buffer capacitor since the last sample."""
        self.radio_nj = min(_MOST_NJ, self.radio_nj + nanojoules)

    def reported_change(self) -> bool:
        """Forget the ledger of the cell before; return whether there was one."""
        if not self.cell_changed:
            return False
        self.cell_changed = 0
        self.closed_nah = (0, 0, 0)
        return True

    def pack(self, gauge=None, protection=None, charge=None) -> None:
        """Write the state, and what the gauge, the protection and the memory of the charge
        remember as far as they are given, into `buffer`."""
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
            self.awake_ms,
            self.radio_nj,
            self.faults,
            self.info_sent,
            self.offset_running,
            self.profile_crc,
            self.cell_number,
            self.cell_changed,
            *self.closed_nah,
        )
        if protection is not None:
            protection.pack_into(self.buffer, _PROTECTION_AT)
        if charge is not None:
            charge.pack_into(self.buffer, _CHARGE_AT)
        if gauge is not None:
            gauge.pack_into(self.buffer, GAUGE_AT)

    def unpack(self, gauge=None, protection=None, charge=None) -> bool:
        """Read what `pack` wrote; return False, with nothing read, for another layout.

        The integrity of the block has been checked.
        """
        values = struct.unpack_from(_FORMAT, self.buffer, HEAD_SIZE)
        if values[0] != _LAYOUT:
            return False
        self.boot, self.seq, self.wakes, self.base_ms, self.last_ms = values[1:6]
        self.awake_ms, self.radio_nj, self.faults, self.info_sent = values[6:10]
        self.offset_running, self.profile_crc, self.cell_number = values[10:13]
        self.cell_changed, self.closed_nah = values[13], values[14:]
        if protection is not None:
            protection.unpack_from(self.buffer, _PROTECTION_AT)
        if charge is not None:
            charge.unpack_from(self.buffer, _CHARGE_AT)
        if gauge is not None:
            gauge.unpack_from(self.buffer, GAUGE_AT)
        return True
