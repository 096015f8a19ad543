"""How charge gets into the ledger.

    counting = charge_source(config)
    sampler = counting.sampler(board, config)
    faults = counting.count(state, sampler, gauge, elapsed_ms, temperature_cdeg)
    code = counting.current_for_voltage(state, sampler)            # what the voltage goes with
    if counting.quick_check(state, sampler, gauge, elapsed_ms):  # nothing calls for a sample

A node whose sensors always have their supply reads the accumulator: nothing escapes it. One that
switches them estimates from samples (sampled_charge.py).
"""

from filmgauge.charge.sampler import Sampler
from filmgauge.compat import const
from filmgauge.record.faults import FAULT_GAP
from filmgauge.sensors.ina228 import charge_moved

GAP_SIGMA_PPM = const(100000)  # assumed: what an uncounted stretch may have moved


def charge_source(config):
    """Return the way of counting that a configuration asks for."""
    if config.pin_sensors < 0:
        return CoulombCounter()
    from filmgauge.charge.sampled_charge import SampledCharge

    return SampledCharge(config)


class CoulombCounter:
    """The sensor counts through the sleep; charge_high and charge_low are its accumulator."""

    def sampler(self, board, config) -> Sampler:
        """Return the sensors as this way of counting uses them."""
        return Sampler(board, config)

    def count(self, state, sampler, gauge, elapsed_ms: int, temperature_cdeg: int) -> int:
        """Tell the gauge what has moved since the last sample; return faults."""
        faults = 0
        counts = 0
        if sampler.current_code is not None:
            if sampler.restarted and state.sensor_known:
                faults = FAULT_GAP
                gauge.widen(GAP_SIGMA_PPM)
            counts = self._moved(state, sampler)
        count = gauge.count
        if state.offset_running:
            count = gauge.zero
        elif not counts and sampler.current_code == 0:
            count = gauge.flow  # it counts nothing and sees nothing: a rest, and it is not stuck
        count(counts, elapsed_ms, temperature_cdeg)
        return faults

    def current_for_voltage(self, state, sampler) -> "int | None":
        """Return the current that the voltage of a sample goes with: the one that was seen."""
        return sampler.current_code

    def quick_check(self, state, sampler, gauge, elapsed_ms: int) -> bool:
        """Return whether nothing calls for a sample: each tells of all that has flowed."""
        return False

    def _moved(self, state, sampler):
        sensor = sampler.current
        if sampler.restarted:  # it began again at zero
            state.charge_high = state.charge_low = 0
        elif not state.sensor_known:  # it ran before this node first looked
            state.charge_high, state.charge_low = sensor.charge_high, sensor.charge_low
        counts = charge_moved(
            sensor.charge_high, sensor.charge_low, state.charge_high, state.charge_low
        )
        state.charge_high, state.charge_low = sensor.charge_high, sensor.charge_low
        state.sensor_known = 1
        return counts
