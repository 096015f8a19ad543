"""Charge of a node whose current sensor counts through the sleep."""

from filmgauge.gauge.ledger import MEASURED
from filmgauge.record import FAULT_GAP


class CoulombCounter:
    """Reads the accumulator of the sensor, which also remembers how far it has been read."""

    def __init__(self, board, config):
        from filmgauge.charge.sampler import Sampler

        self.sampler: Sampler = Sampler(board, config)
        self.memory = self.sampler.current
        self._moved_pc = self._carried_pc = 0
        self._has_lost = False

    def sample(self) -> None:
        """Take one sample, and read what has been counted since the last one."""
        self.sampler.sample()
        self._moved_pc = self._carried_pc = 0
        self._has_lost = False
        if self.sampler.current_pa is not None:
            counter = self.sampler.current
            self._has_lost = counter.lost_charge()
            self._moved_pc = counter.charge_pc()
            self._carried_pc = counter.carried_pc()

    def release_sensors(self) -> None:
        """Let go of the sensors for good, and keep what they have told."""
        from filmgauge.charge.released import PackedMemory, plain_sample

        self.sampler = plain_sample(self.sampler)  # pyright: ignore
        self.memory = PackedMemory(self.memory)

    def count(self, state, gauge, elapsed_ms: int, temperature_cdeg: int) -> int:
        """Give the gauge what has moved since the last sample; return faults."""
        faults, moved_pc = 0, self._moved_pc
        if self._has_lost:
            faults = FAULT_GAP
            gauge.add_gap()
        gauge.ledger.add_pc(MEASURED, self._carried_pc)  # it is exact
        count = gauge.count
        if state.offset_running:
            count = gauge.zero
        elif not moved_pc and self.sampler.current_pa == 0:
            count = gauge.flow  # it counts nothing and sees nothing: a rest, and it is not stuck
        count(moved_pc, elapsed_ms, temperature_cdeg)
        return faults

    def current_for_voltage(self) -> "int | None":
        """Return the current that the voltage of a sample goes with: the one that was seen."""
        return self.sampler.current_pa

    def quick_check(self, state, gauge, elapsed_ms: int) -> bool:
        """Return whether nothing calls for a sample: each tells of all that has flowed."""
        return False
