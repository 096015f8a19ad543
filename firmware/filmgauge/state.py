"""What a node remembers from wake to wake, as one block of bytes for RTC memory and for flash.

In RTC memory a tail of the board's own follows it.
"""

import struct

from filmgauge.charge.charge_memory import MEMORY_SIZE
from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, OVERHEAD

LAYOUT = const(8)  # another one is not read, even where it has the same size
# Every layout begins with its number and the boot: migration.py reads both of any.
_FORMAT = const("<BIIIQQHIHBBIHiiiIBIHH")
_MOST_NJ = const(0xFFFFFFFF)
_MOST_MS = const(65535)
_OWN_SIZE = const(70)
_PROTECTION_SIZE = const(38)  # control/protection.py
_GAUGE_SIZE = const(407)  # gauge/fuel_gauge.py
_PLAN_SIZE = const(86)  # control/report_plan.py
PROTECTION_AT = HEAD_SIZE + _OWN_SIZE
CHARGE_AT = PROTECTION_AT + _PROTECTION_SIZE
GAUGE_AT = CHARGE_AT + MEMORY_SIZE
PLAN_AT = GAUGE_AT + _GAUGE_SIZE  # where reports are planned
STEP = const(0x800)  # in the wakes to the next report: so many usual ones does each stand for
BLOCK = PLAN_AT + OVERHEAD - HEAD_SIZE
SIZE = BLOCK - OVERHEAD
PLANNED_SIZE = SIZE + _PLAN_SIZE
MOST_MEMORY_RESETS = const(31)
MOST_RESETS = const(254)
MOST_COUNTED = const(65534)  # of what is refused, and of restarts
NO_RESETS = const(255)
MOST_SEQ = const(0xFFFFFF)  # of a record: a new boot begins behind it


class State:
    """Counters and last readings of a node; `buffer` holds them sealed or ready to be sealed,
    `size` bytes of them and a tail behind the seal. Where reports are `planned`, the plan too.

    life: random, made when the node began without memory; boot: power-ons in it so far; seq:
    records of this boot; wakes: wakes of this boot;
    base_ms: the clock at power-on; last_ms: the clock at the last sample;
    awake_ms: how long the last wake took; radio_nj: what the radio took since the last sample, as
    far as it is to be booked; faults: to be told with the next record;
    info_sent: 1 when the info of this boot has reached the broker;
    offset_running: 1 when the disconnect switch has been open since the last sample; sees_zero: 1
    when it is to be open for the next one: where the sensor's zero is looked for, it stays open
    from one sample to the next one's end;
    resets: by the watchdog and brown-outs since the power came, 254 at most, NO_RESETS for not
    known; memory_resets: boots so far because the heap was too small, MOST_MEMORY_RESETS at most;
    keys_crc: of the keys with which messages are counted; counters_lost: 1 where these count from
    nobody knows where;
    profile_crc, cell_number: the cell that the ledger is of (0: no profile so far);
    refused, restarts: commands that were refused and exceptions that have ended a wake, since
    somebody has reset the two, MOST_COUNTED at most; requests: what commands have asked of the
    wakes to come, bits of uplink/peer_context.py up to 32;
    cell_changed: 1 until a record has said so; closed_nah: what was measured, booked and corrected
    in the ledger of the cell before.
    """

    def __init__(self, tail=0, planned=0):
        self.size = PLANNED_SIZE if planned else SIZE
        self.buffer = bytearray(self.size + OVERHEAD + tail)
        self.boot = self.seq = self.wakes = self.base_ms = self.last_ms = 0
        self.awake_ms = self.radio_nj = self.faults = self.info_sent = self.offset_running = 0
        self.sees_zero = self.profile_crc = self.cell_number = self.cell_changed = 0
        self.memory_resets = self.life = self.keys_crc = self.counters_lost = 0
        self.refused = self.restarts = self.requests = 0
        self.resets = NO_RESETS
        self.closed_nah = (0, 0, 0)

    def transmitted(self, nanojoules: int) -> None:
        """Note what the radio has taken out of the buffer capacitor since the last sample."""
        self.radio_nj = min(_MOST_NJ, self.radio_nj + nanojoules)

    def count_restart(self) -> None:
        """Note that an exception has ended a wake."""
        self.restarts = min(MOST_COUNTED, self.restarts + 1)

    def is_of_cell(self, profile_crc: int, number: int) -> bool:
        """Return whether what is remembered is of this cell. `profile_crc` is 0 without one."""
        same = not (profile_crc and self.profile_crc) or profile_crc == self.profile_crc
        return same and number == self.cell_number

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
        times = self.base_ms, self.last_ms, min(_MOST_MS, self.awake_ms), self.radio_nj
        flags = self.offset_running | self.sees_zero << 1 | self.counters_lost << 2
        flags |= self.memory_resets << 3
        more = self.info_sent | self.cell_changed << 1 | self.requests << 2
        flags = self.faults, more, flags
        cell = (self.profile_crc, self.cell_number) + self.closed_nah
        own = (LAYOUT, self.boot, self.seq, self.wakes) + times + flags + cell
        own += self.life, self.resets, self.keys_crc, self.refused, self.restarts
        struct.pack_into(_FORMAT, self.buffer, HEAD_SIZE, *own)
        if protection is not None:
            protection.pack_into(self.buffer, PROTECTION_AT)
        if charge is not None:
            charge.pack_into(self.buffer, CHARGE_AT)
        if gauge is not None:
            gauge.pack_into(self.buffer, GAUGE_AT)

    def unpack(self, gauge=None, protection=None, charge=None) -> bool:
        """Read what `pack` wrote; return False, with nothing read, for another layout.

        The integrity of the block has been checked.
        """
        values = struct.unpack_from(_FORMAT, self.buffer, HEAD_SIZE)
        if values[0] != LAYOUT:
            return False
        self.boot, self.seq, self.wakes, self.base_ms, self.last_ms = values[1:6]
        self.awake_ms, self.radio_nj, self.faults, more, flags = values[6:11]
        self.info_sent, self.cell_changed, self.requests = more & 1, more >> 1 & 1, more >> 2
        self.offset_running, self.sees_zero = flags & 1, flags >> 1 & 1
        self.counters_lost, self.memory_resets = flags >> 2 & 1, flags >> 3
        self.profile_crc, self.cell_number = values[11:13]
        self.closed_nah = values[13:16]
        self.life, self.resets, self.keys_crc, self.refused, self.restarts = values[16:]
        self.unpack_parts(gauge, protection, charge)
        return True

    def unpack_parts(self, gauge=None, protection=None, charge=None) -> None:
        """Read what `pack` wrote of others, for those that are given."""
        if protection is not None:
            protection.unpack_from(self.buffer, PROTECTION_AT)
        if charge is not None:
            charge.unpack_from(self.buffer, CHARGE_AT)
        if gauge is not None:
            gauge.unpack_from(self.buffer, GAUGE_AT)

    def clear_parts(self) -> None:
        """Let all others know what they know at the beginning: nothing."""
        for i in range(PROTECTION_AT, self.size + OVERHEAD):
            self.buffer[i] = 0

    def planned_wakes(self) -> "tuple[int, int]":
        """Return the wake of the last report and the wakes from it to the next, as planned."""
        reported, every = struct.unpack_from("<IH", self.buffer, PLAN_AT)
        return reported, every & STEP - 1

    def planned_step(self) -> int:
        """Return how many usual wakes one stands for until the next report, while it is dark."""
        return max(1, struct.unpack_from("<IH", self.buffer, PLAN_AT)[1] // STEP)

    def is_due(self, wakes: int) -> bool:
        """Return whether the time for the report that was planned has come, in this boot."""
        reported, every = self.planned_wakes()
        return not reported <= wakes < reported + every
