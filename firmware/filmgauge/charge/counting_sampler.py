"""One sample with sensors that always have their supply: the current sensor has counted meanwhile.

    sampler.sample(elapsed_ms)
    sampler.moved_pc                # counted since the last sample; doubt_pc of it may be wrong
    sampler.guess_pa                # what flowed where nothing was counted, None: as before
    sampler.gap                     # LOST: counts are gone; ANEW: they are, and the guess stays

A count beyond full scale times elapsed time is impossible, and one that neither of the currents
at its two ends explains is odd where it is as much as one per cent of the cell. Either waits for
the next one: the accumulator is then compared with what it showed before, so that nothing is lost
by a reading that was wrong once. What goes on from the odd reading is believed: an odd count is
booked as a whole, with its oddness into sigma; an impossible one is not, and charge is missing.
One that stands still goes on waiting.
"""

import struct

from filmgauge.charge.sampler import Sampler
from filmgauge.compat import const
from filmgauge.record import FAULT_READING
from filmgauge.sensors.ina228 import MOST_CODE
from filmgauge.sensors.ina228_accumulator import CYCLE_MS, CountingIna228

LOST = const(1)
ANEW = const(2)
# A whole conversion cycle must begin after the switch has closed: one cycle may be under way.
_TWO_CYCLES_MS = 2 * CYCLE_MS + 4
_SLACK_MS = const(2000)  # samples are no moments
_MARGIN_PARTS = const(32)  # of the time: its clock and the sensor's
_ODD_PARTS = const(100)  # of the charge of a cell, or
_ODD_RANGE_PARTS = const(8)  # of full scale times time where the cell is not known
_MOST_MS = const(0xFFFFFFFF)
_ANY_PC = const(0x3FFFFFFFFFFFFFFF)
_UNKNOWN_PA = const(0x7FFFFFFF)
# Verdicts
_GOOD = const(0)
_WAITS = const(1)  # not counted: it is to be compared with what was counted before
_ODD = const(2)  # counted and doubted, or standing still
_ANEW = const(3)
_OWN_AT = const(13)  # behind how far the accumulator was read, of what is packed
_CHECK_AT = const(30)
_FORMAT = const("<iiIiB")


class CountingSampler(Sampler):
    """Sensors that always have their supply."""

    current: "_Counter"

    def __init__(self, board, config, profile=None):
        super().__init__(board, config, profile, _Counter)
        self._restarted = False
        self.on_restart = None  # called before anything else once the count has begun anew
        self._odd_pc = profile.full_pc() // _ODD_PARTS if profile else 0

    def pack_into(self, buffer, offset: int) -> None:
        """Write how far the accumulator was read, and the last readings: 49 bytes."""
        self.current.pack_into(buffer, offset)
        super().pack_into(buffer, offset + _CHECK_AT)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self.current.unpack_from(buffer, offset)
        super().unpack_from(buffer, offset + _CHECK_AT)

    def _clear(self):
        super()._clear()
        self.moved_pc = self.carried_pc = self.gap = 0
        self.guess_pa = None

    def _sense(self):
        self._try(self._ready_current)
        if not self._restarted:
            self._try(self._read_idle)
        self._begin_temperature(self._restarted)  # it has just got its supply
        self._connect(None, _TWO_CYCLES_MS, self._read_all)  # it never stops
        self._finish_temperature()

    def _ready_current(self):
        self._restarted = False
        current = self.current
        if not (current.running() and current.is_remembered()):
            current.check()
            current.start()
            self._restarted = True
            if self.on_restart:
                self.on_restart()

    def _read_all(self):
        self.current.read_charge()
        self._read_current()
        self._read_voltage()

    def _judge(self, elapsed_ms, moved_pc=None):
        """Count what the accumulator shows, unless it waits for another look; judge the rest."""
        counter, pa = self.current, self.current_pa
        if pa is None:
            counter.skip(elapsed_ms or 0)
        else:
            is_lost = counter.lost_charge()
            since_ms = 0 if self._restarted else elapsed_ms
            guess_pa, verdict = counter.count(pa, since_ms, self._odd_pc)
            if verdict != _GOOD:
                self.faults |= FAULT_READING
            if verdict != _WAITS:
                self.gap = ANEW if verdict == _ANEW else LOST if is_lost else 0
                self.doubt_pc += counter.doubt_pc
                self.moved_pc = counter.charge_pc()
                self.carried_pc = counter.carried_pc()
            if not self.moved_pc:
                self.guess_pa = guess_pa
            moved_pc = self.moved_pc
        super()._judge(elapsed_ms, moved_pc)


class _Counter(CountingIna228):
    """A sensor whose counts are judged."""

    def __init__(self, i2c, address: int, shunt_mohm: int):
        super().__init__(i2c, address, shunt_mohm)
        self._odd_high = self._odd_low = 0  # what it showed when a count had to wait
        self._waits = self._since_ms = 0  # whether one does; time that was not counted so far
        self._before_pa = _UNKNOWN_PA
        self.doubt_pc = 0

    def count(self, pa: int, elapsed_ms: "int | None", odd_pc: int) -> tuple:
        """Judge what `charge_pc` would count of `elapsed_ms` (None: nobody knows), at the end of
        which `pa` flows; `doubt_pc` of it may be wrong.

        Return what to guess of the current meanwhile, None for what it was, and the verdict.
        """
        before_pa, self._before_pa = self._before_pa, pa
        if before_pa == _UNKNOWN_PA:
            before_pa = pa
        guess_pa = (before_pa + pa) // 2 if pa != before_pa else None
        self.doubt_pc = 0
        if elapsed_ms is None or not self._memory:
            self._waits = self._since_ms = 0
            return guess_pa, _GOOD
        self.skip(elapsed_ms)
        since_ms = self._since_ms
        further = self._counts_since(self._odd_high, self._odd_low)
        if self._waits and not further and pa:
            return guess_pa, _WAITS  # it stands still
        if since_ms > elapsed_ms and not self._waits:
            odd_pc = _ANY_PC  # the currents of the time without readings are not known
        counts = self._counts_since(self._last_high, self._last_low)
        wrong_pc = self._wrong_pc(counts, before_pa, pa, since_ms, odd_pc)
        if wrong_pc and (
            not self._waits or self._wrong_pc(further, before_pa, pa, elapsed_ms, odd_pc)
        ):
            self._odd_high, self._odd_low = self._high, self._low
            self._waits = 1
            return guess_pa, _WAITS
        self._waits = self._since_ms = 0
        if not wrong_pc:
            stands = not counts and guess_pa is not None and elapsed_ms > 0
            return guess_pa, _ODD if stands else _GOOD
        if wrong_pc > self._most_pc(since_ms):
            self._last_high, self._last_low = self._odd_high, self._odd_low
            return guess_pa, _ANEW
        self.doubt_pc = wrong_pc
        return guess_pa, _ODD

    def skip(self, elapsed_ms: int) -> None:
        """Note that time has passed of which nothing is counted yet."""
        self._since_ms = min(_MOST_MS, self._since_ms + elapsed_ms)

    def pack_into(self, buffer, offset: int) -> None:
        """Write how far the accumulator was read, and what waits: 30 bytes."""
        super().pack_into(buffer, offset)
        odd = self._odd_high, self._odd_low, self._since_ms, self._before_pa, self._waits
        struct.pack_into(_FORMAT, buffer, offset + _OWN_AT, *odd)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        super().unpack_from(buffer, offset)
        odd = struct.unpack_from(_FORMAT, buffer, offset + _OWN_AT)
        self._odd_high, self._odd_low, self._since_ms, self._before_pa, self._waits = odd

    def _most_pc(self, elapsed_ms):
        return self.pa(MOST_CODE + 1) * self._with_margin(elapsed_ms) // 1000

    def _wrong_pc(self, counts, before_pa, pa, elapsed_ms, odd_pc):
        """Return by how much counts are beyond what can be explained, 0 for none; as much as
        they are worth where it is impossible."""
        moved_pc, most_pc = counts * self.numerator // self.denominator, self._most_pc(elapsed_ms)
        if abs(moved_pc) > most_pc:
            return abs(moved_pc)
        passed_ms = self._with_margin(elapsed_ms)
        high_pc = max(0, before_pa, pa) * passed_ms // 1000
        low_pc = min(0, before_pa, pa) * passed_ms // 1000
        beyond_pc = max(moved_pc - high_pc, low_pc - moved_pc)
        return beyond_pc if beyond_pc > (odd_pc or most_pc // _ODD_RANGE_PARTS) else 0

    def _with_margin(self, elapsed_ms):
        return elapsed_ms + elapsed_ms // _MARGIN_PARTS + _SLACK_MS
