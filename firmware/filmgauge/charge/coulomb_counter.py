"""Charge of a node whose current sensor counts through the sleep."""

from filmgauge.charge.sampler import Sampler
from filmgauge.gauge.ledger import MEASURED
from filmgauge.record import FAULT_GAP


class CoulombCounter:
    """Reads the accumulator of the sensor, which also remembers how far it has been read."""

    def __init__(self, board, config):
        self.sampler = Sampler(board, config)
        self.memory = self.sampler.current

    def count(self, state, gauge, elapsed_ms: int, temperature_cdeg: int) -> int:
        """Give the gauge what has moved since the last sample; return faults."""
        sampler = self.sampler
        faults = moved_pc = 0
        if sampler.current_pa is not None:
            if sampler.current.lost_charge():
                faults = FAULT_GAP
                gauge.add_gap()
            moved_pc = sampler.current.charge_pc()
            gauge.ledger.add_pc(MEASURED, sampler.current.carried_pc())  # it is exact
        count = gauge.count
        if state.offset_running:
            count = gauge.zero
        elif not moved_pc and sampler.current_pa == 0:
            count = gauge.flow  # it counts nothing and sees nothing: a rest, and it is not stuck
        count(moved_pc, elapsed_ms, temperature_cdeg)
        return faults

    def current_for_voltage(self) -> "int | None":
        """Return the current that the voltage of a sample goes with: the one that was seen."""
        return self.sampler.current_pa

    def quick_check(self, state, gauge, elapsed_ms: int) -> bool:
        """Return whether nothing calls for a sample: each tells of all that has flowed."""
        return False
