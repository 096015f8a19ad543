"""Charge of a node whose current sensor counts through the sleep."""

from filmgauge.compat import const
from filmgauge.gauge.ledger import MEASURED
from filmgauge.record import FAULT_GAP

_LOST = const(1)  # of `gap` (counting_sampler.py)


class CoulombCounter:
    """Gives the gauge what the accumulator of the sensor has counted (counting_sampler.py)."""

    def __init__(self, board, config, profile=None):
        from filmgauge.charge.counting_sampler import CountingSampler

        self.sampler: CountingSampler = CountingSampler(board, config, profile)
        self.memory = self.sampler

    def sample(self, elapsed_ms: "int | None" = None) -> None:
        """Take one sample, and read what has been counted in `elapsed_ms`; None where nobody
        knows since when."""
        self.sampler.sample(elapsed_ms)

    def release_sensors(self) -> None:
        """Let go of the sensors for good, and keep what they have told."""
        from filmgauge.charge.released import Packed, plain_sample

        self.memory = Packed(self.sampler)
        self.sampler = plain_sample(self.sampler)  # pyright: ignore

    def count(self, state, gauge, elapsed_ms: int, temperature_cdeg: int) -> int:
        """Give the gauge what has moved since the last sample; return faults."""
        faults, sampler = 0, self.sampler
        moved_pc = sampler.moved_pc
        if sampler.gap:
            faults = FAULT_GAP
            if sampler.gap == _LOST:
                gauge.add_gap()
            else:
                gauge.end_guess(temperature_cdeg)
        if sampler.guess_pa is not None:
            gauge.guess_at(sampler.guess_pa)
        gauge.ledger.add_pc(MEASURED, sampler.carried_pc)  # it is exact
        count = gauge.count
        if state.offset_running:
            count = gauge.zero
        elif not moved_pc and sampler.current_pa == 0:
            count = gauge.flow  # it counts nothing and sees nothing: a rest, and it is not stuck
        count(moved_pc, elapsed_ms, temperature_cdeg)
        doubt_pc = sampler.doubt_pc
        if not state.wakes and gauge.offset:  # of this boot: it may reach back for ever
            doubt_pc += _zero_pc(gauge, moved_pc, sampler.current_pa, temperature_cdeg, elapsed_ms)
        if doubt_pc:
            gauge.widen(doubt_pc)
        return faults

    def current_for_voltage(self) -> "int | None":
        """Return the current that the voltage of a sample goes with: the one that was seen; None
        where the two say nothing of the cell."""
        return self.sampler.current_pa if self.sampler.is_usable else None

    def quick_check(self, state, gauge, elapsed_ms: int) -> bool:
        """Return whether nothing calls for a sample: each tells of all that has flowed."""
        return False


def _zero_pc(gauge, moved_pc, current_pa, temperature_cdeg, elapsed_ms):
    """Return how much of a count may be the sensor's own zero, beyond that of `elapsed_ms`: its
    share is that of the zero in the smaller of the currents before and now."""
    zero_pa = abs(gauge.offset.pa(temperature_cdeg)) + gauge.offset.sigma_pa(temperature_cdeg)
    flowing_pa = max(zero_pa, min(abs(current_pa or 0), abs(gauge.recent_pa)))
    share_pc = abs(moved_pc) * zero_pa // max(1, flowing_pa)
    return max(0, share_pc - zero_pa * elapsed_ms // 1000)
