"""Charge of a node whose current sensor counts through the sleep."""

from filmgauge.charge import MEMORY_SIZE, reading_check
from filmgauge.compat import const
from filmgauge.gauge.ledger import MEASURED
from filmgauge.record import FAULT_GAP, FAULT_READING

_CHECK_AT = const(13)  # behind the accumulator, of what is packed
_COUNT_CHECK_AT = const(32)


class CoulombCounter:
    """Reads the accumulator of the sensor, which also remembers how far it has been read."""

    def __init__(self, board, config, profile=None):
        from filmgauge.charge.count_check import CountCheck
        from filmgauge.charge.sampler import Sampler

        self.sampler: Sampler = Sampler(board, config)
        self.check = reading_check.ReadingCheck(profile)
        self._count_check = CountCheck(profile)
        self.memory = self
        self.size = MEMORY_SIZE
        self._clear()

    def _clear(self):
        self._moved_pc = self._carried_pc = self._doubt_pc = self._odd_pc = 0
        self._seen_pa = None  # while the accumulator stands still
        self._has_lost = self._begins_anew = False

    def sample(self, elapsed_ms: "int | None" = None) -> None:
        """Take one sample, and read what has been counted since the last one.

        elapsed_ms: since then; None where nobody knows it.
        """
        self.sampler.sample()
        self._clear()
        sampler, check, mean_pa = self.sampler, self.check, None
        if elapsed_ms is None:
            check.restart()
        if sampler.current_pa is not None:
            self._read_counter(elapsed_ms)
            if elapsed_ms:
                mean_pa = self._moved_pc * 1000 // elapsed_ms
        elapsed_ms = elapsed_ms or 0
        check.judge(sampler, elapsed_ms, mean_pa)
        most_pa = sampler.current.most_pa()
        self._doubt_pc = self._odd_pc + check.doubt_pc(self._moved_pc, most_pa, elapsed_ms)

    def _read_counter(self, elapsed_ms):
        """Read what was counted, as far as it can be."""
        from filmgauge.charge import count_check

        sampler = self.sampler
        counter, pa, before_pa = sampler.current, sampler.current_pa, self.check.last_pa()
        since_ms = 0 if sampler.restarted else elapsed_ms
        verdict = self._count_check.judge(counter, before_pa, pa, since_ms)
        if verdict != count_check.GOOD:
            sampler.faults |= FAULT_READING
        if verdict == count_check.WAITS:
            self._seen_pa = pa if before_pa is None else (before_pa + pa) // 2
            return
        self._begins_anew = verdict == count_check.BEGUN_ANEW
        self._odd_pc = self._count_check.odd_pc
        self._has_lost = counter.lost_charge()
        self._moved_pc = counter.charge_pc()
        self._carried_pc = counter.carried_pc()
        if not self._moved_pc and pa != before_pa and before_pa is not None:
            self._seen_pa = (before_pa + pa) // 2

    def release_sensors(self) -> None:
        """Let go of the sensors for good, and keep what they have told."""
        from filmgauge.charge.released import packed, plain_sample

        self.memory = packed(self)
        self.sampler = plain_sample(self.sampler)  # pyright: ignore
        self.check = self._count_check = None  # pyright: ignore

    def count(self, state, gauge, elapsed_ms: int, temperature_cdeg: int) -> int:
        """Give the gauge what has moved since the last sample; return faults."""
        faults, moved_pc = 0, self._moved_pc
        if self._has_lost:
            faults = FAULT_GAP
            gauge.add_gap()
        if self._begins_anew:
            faults = FAULT_GAP
            gauge.end_guess(temperature_cdeg)
        if self._seen_pa is not None and not state.offset_running:
            gauge.guess_at(self._seen_pa)
        gauge.ledger.add_pc(MEASURED, self._carried_pc)  # it is exact
        count = gauge.count
        if state.offset_running:
            count = gauge.zero
        elif not moved_pc and self.sampler.current_pa == 0:
            count = gauge.flow  # it counts nothing and sees nothing: a rest, and it is not stuck
        count(moved_pc, elapsed_ms, temperature_cdeg)
        if self._doubt_pc:
            gauge.doubt(self._doubt_pc)
        return faults

    def current_for_voltage(self) -> "int | None":
        """Return the current that the voltage of a sample goes with: the one that was seen; None
        where the two say nothing of the cell."""
        return self.sampler.current_pa if self.sampler.is_usable else None

    def quick_check(self, state, gauge, elapsed_ms: int) -> bool:
        """Return whether nothing calls for a sample: each tells of all that has flowed."""
        return False

    def pack_into(self, buffer, offset: int) -> None:
        """Write how far the accumulator was read, and the last readings."""
        self.sampler.current.pack_into(buffer, offset)
        self.check.pack_into(buffer, offset + _CHECK_AT)
        self._count_check.pack_into(buffer, offset + _COUNT_CHECK_AT)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self.sampler.current.unpack_from(buffer, offset)
        self.check.unpack_from(buffer, offset + _CHECK_AT)
        self._count_check.unpack_from(buffer, offset + _COUNT_CHECK_AT)
