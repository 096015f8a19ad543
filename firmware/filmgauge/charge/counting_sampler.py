"""One sample with a sensor that counts through the sleep: what it has counted, as far as it can be.

    sampler.sample_since(elapsed_ms)
    sampler.moved_pc, sampler.carried_pc    # counted since the last sample
    sampler.doubt_pc                        # of it may be wrong, 1 sigma
    sampler.guess_pa                        # what flowed where nothing was counted, None: as before
    sampler.has_lost, sampler.begins_anew   # a count is gone
"""

from filmgauge.charge.count_check import BEGUN_ANEW, GOOD, WAITS, CountCheck
from filmgauge.charge.reading_check import ReadingCheck
from filmgauge.charge.sampler import Sampler
from filmgauge.compat import const
from filmgauge.record import FAULT_READING

_CHECK_AT = const(13)  # behind the accumulator, of what is packed
_COUNT_CHECK_AT = const(32)


class CountingSampler(Sampler):
    """Sensors that always have their supply, and what is remembered of them."""

    size = 45  # packed

    def __init__(self, board, config, profile=None):
        super().__init__(board, config)
        self._check = ReadingCheck(profile)
        self._count_check = CountCheck(profile)

    def _clear(self):
        super()._clear()
        self.moved_pc = self.carried_pc = self.doubt_pc = 0
        self.guess_pa = None
        self.has_lost = self.begins_anew = False

    def sample_since(self, elapsed_ms: "int | None") -> None:
        """Take one sample, `elapsed_ms` after the last one; None where nobody knows."""
        self.sample()
        check, mean_pa = self._check, None
        if elapsed_ms is None:
            check.restart()
        if self.current_pa is not None:
            self._count(0 if self.restarted else elapsed_ms)
            if elapsed_ms:
                mean_pa = self.moved_pc * 1000 // elapsed_ms
        elapsed_ms = elapsed_ms or 0
        check.judge(self, elapsed_ms, mean_pa)
        self.doubt_pc += check.doubt_pc(self.moved_pc, self.current.most_pa(), elapsed_ms)

    def pack_into(self, buffer, offset: int) -> None:
        """Write how far the accumulator was read, and the last readings."""
        self.current.pack_into(buffer, offset)
        self._check.pack_into(buffer, offset + _CHECK_AT)
        self._count_check.pack_into(buffer, offset + _COUNT_CHECK_AT)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self.current.unpack_from(buffer, offset)
        self._check.unpack_from(buffer, offset + _CHECK_AT)
        self._count_check.unpack_from(buffer, offset + _COUNT_CHECK_AT)

    def _count(self, elapsed_ms):
        """Count what the accumulator shows, unless it waits for another look."""
        counter, pa, before_pa = self.current, self.current_pa, self._check.last_pa()
        verdict = self._count_check.judge(counter, before_pa, pa, elapsed_ms)
        if verdict != GOOD:
            self.faults |= FAULT_READING
        stands = verdict == WAITS
        if not stands:
            self.begins_anew = verdict == BEGUN_ANEW
            self.doubt_pc = self._count_check.odd_pc
            self.has_lost = counter.lost_charge()
            self.moved_pc = counter.charge_pc()
            self.carried_pc = counter.carried_pc()
            stands = not self.moved_pc and pa != before_pa
        if stands:
            self.guess_pa = pa if before_pa is None else (before_pa + pa) // 2
