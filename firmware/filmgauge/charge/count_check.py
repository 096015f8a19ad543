"""What an accumulator has counted, judged by what can have flowed.

    check = CountCheck(profile)
    verdict = check.judge(counter, before_pa, now_pa, elapsed_ms)

A count beyond full scale times elapsed time is impossible, and one that neither of the currents
at its two ends explains is odd where it is as much as one per cent of the cell. Either waits for
the next one: the accumulator is then compared with what it showed before, so that nothing is lost
by a reading that was wrong once. What goes on from the odd reading is believed: an odd count is
booked as a whole, with its oddness into sigma; an impossible one is not, and charge is missing.
One that stands still goes on waiting.
"""

import struct

from filmgauge.compat import const

GOOD = const(0)
WAITS = const(1)  # not booked: the accumulator is to be compared with what it showed before
ODD = const(2)  # to be booked, and doubted by `odd_pc`
BEGUN_ANEW = const(3)  # `moved_pc` is what was counted since the reading that waited
_SLACK_MS = const(2000)  # samples are no moments
_MARGIN_PARTS = const(32)  # of the time: its clock and the sensor's
_ODD_PARTS = const(100)  # of the charge of a cell, or
_ODD_RANGE_PARTS = const(8)  # of full scale times time where the cell is not known
_FORMAT = const("<iiIB")
SIZE = const(13)


class CountCheck:
    """Remembers a reading that waits."""

    def __init__(self, profile):
        self._odd_pc = profile.full_pc() // _ODD_PARTS if profile else 0
        self._high = self._low = self._waits_ms = self._waits = 0
        self.moved_pc = self.odd_pc = 0

    def judge(self, counter, before_pa, now_pa, elapsed_ms: "int | None") -> int:
        """Judge what `counter` has read and not yet counted; `moved_pc` is then what it counts.

        before_pa: the current at the sample before; None for what is not known.
        """
        counts = counter.counts_since(*counter.last())
        self.moved_pc = counter.worth_pc(counts)
        self.odd_pc = 0
        if elapsed_ms is None or not counter.is_known():  # nobody knows how long it has counted
            self._waits = 0
            return GOOD
        since_ms = min(0xFFFFFFFF, elapsed_ms + self._waits_ms) if self._waits else elapsed_ms
        wrong_pc = self._wrong_pc(counter, self.moved_pc, before_pa, now_pa, since_ms)
        if not wrong_pc:
            self._waits = 0
            return GOOD
        is_first = not self._waits
        further_pc = counter.worth_pc(counter.counts_since(self._high, self._low))
        self._waits_ms = since_ms
        if not is_first and not further_pc and now_pa:
            return WAITS  # it stands still
        if is_first or self._wrong_pc(counter, further_pc, before_pa, now_pa, elapsed_ms):
            self._high, self._low = counter.shown()
            self._waits = 1
            return WAITS
        self._waits = 0
        if abs(self.moved_pc) > self._most_pc(counter, since_ms):
            counter.begin_at(self._high, self._low)
            self.moved_pc = further_pc
            return BEGUN_ANEW
        self.odd_pc = wrong_pc
        return ODD

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        struct.pack_into(
            _FORMAT, buffer, offset, self._high, self._low, self._waits_ms, self._waits
        )

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self._high, self._low, self._waits_ms, self._waits = values

    def _most_pc(self, counter, elapsed_ms):
        passed_ms = elapsed_ms + elapsed_ms // _MARGIN_PARTS + _SLACK_MS
        return (counter.most_pa() + 1) * passed_ms // 1000

    def _wrong_pc(self, counter, moved_pc, before_pa, now_pa, elapsed_ms):
        """Return by how much a count is beyond what can be explained, 0 for none."""
        most_pc = self._most_pc(counter, elapsed_ms)
        if abs(moved_pc) > most_pc:
            return abs(moved_pc)
        if before_pa is None or now_pa is None:
            return 0
        passed_ms = elapsed_ms + elapsed_ms // _MARGIN_PARTS + _SLACK_MS
        high_pc = max(0, before_pa, now_pa) * passed_ms // 1000
        low_pc = min(0, before_pa, now_pa) * passed_ms // 1000
        beyond_pc = max(moved_pc - high_pc, low_pc - moved_pc)
        return beyond_pc if beyond_pc > (self._odd_pc or most_pc // _ODD_RANGE_PARTS) else 0
