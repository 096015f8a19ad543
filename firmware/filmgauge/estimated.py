"""Charge of a node whose sensors have their supply for a sample only.

A node that lives from its film cannot leave them on (640 uA), and the converter between cell and
buffer capacitor flows in bursts: a current sampled once in minutes sees a burst or it does not,
and the wake that samples causes bursts of its own, right after everyone has looked. So what is
sampled decides only whether the cell is being charged, and with how much:

- While it is, the charge between two samples is the trapezoid of their currents (a gap between
  charging currents counts as zero, a discharge does not count). The load of the sample itself
  ends some bursts while it looks, so a few per cent are missed until the next full charge.
- While it is not, the cell feeds the node. What that takes is known better than any sample tells:
  the power asleep and the energy of a wake, from the configuration, through the converter at the
  voltage that the cell had while it last fed it. It is booked, not measured.

Which of both holds is told by the last sample that saw a current; an interval between one of each
kind is shared. Where a weak harvester and the cell feed the node together, this books too much.

Neither is exact, and the gauge is told so: two samples that differ say how little one of them
says, and the configured figures are taken for good to 5 % (assumed), always to the same side.
"""

from filmgauge.compat import const
from filmgauge.counting import GAP_SIGMA_PPM
from filmgauge.faults import FAULT_GAP
from filmgauge.gauge.ledger import SENSOR, SLEEP
from filmgauge.switched import SwitchedSampler

_LEAST_CODE = const(640)  # 50 uV at the shunt: fifty times the largest offset
_BUDGET_PARTS = const(20)  # one of these parts of what is booked may be wrong, 1 sigma: 5 %
_TYPICAL_UV = const(1850000)  # assumed, for a cell whose voltage could not be read


class Estimated:
    """Samples only; charge_high is 1 while the cell is charged, charge_low the last code."""

    def __init__(self, config):
        self._own_nw = config.own_nw
        self._wake_nj = config.wake_nj
        self._refill_ppm = config.refill_ppm
        self._feeding_uv = 0  # of the cell while it last fed the converter; higher at rest

    def sampler(self, board, config) -> SwitchedSampler:
        """Return the sensors as this way of counting uses them."""
        return SwitchedSampler(board, config)

    def count(self, state, sampler, gauge, elapsed_ms: int, temperature_cdeg: int) -> int:
        """Tell the gauge what has moved since the last sample; return faults."""
        lit, before = state.charge_high, state.charge_low
        code = sampler.current_code
        if code is not None:
            if abs(code) >= _LEAST_CODE:
                state.charge_high = 1 if code > 0 else 0
                self._feeding_uv = 0 if code > 0 else sampler.voltage_uv or 0
            state.charge_low = code
        if state.wakes == 0:  # of this boot: nobody knows how long the node had no power
            gauge.flow(0, elapsed_ms, temperature_cdeg)
            return self._gap(state, sampler, gauge)
        state.counting = 1
        after = max(0, state.charge_low)
        before = max(0, before)
        dark = 2 - lit - state.charge_high
        voltage_uv = self._feeding_uv or sampler.voltage_uv or _TYPICAL_UV
        self._take(gauge, SLEEP, self._own_nw * elapsed_ms // 1000, voltage_uv, dark)
        self._take(gauge, SENSOR, self._wake_nj, voltage_uv, dark)
        sigma_pc = gauge.scale.pc(abs(after - before) * elapsed_ms // 1414)
        counts = (before + after) * elapsed_ms // 2000
        gauge.flow(counts, elapsed_ms, temperature_cdeg, sigma_pc)
        return 0

    def _take(self, gauge, line, nanojoules, voltage_uv, halves):
        """Book what the cell gives through the converter for an energy in the capacitor."""
        taken_pc = nanojoules * 1000000 // self._refill_ppm * 1000000000 // voltage_uv
        taken_pc = taken_pc * halves // 2
        gauge.book(-taken_pc, line, taken_pc // _BUDGET_PARTS)

    def _gap(self, state, sampler, gauge):
        faults = 0
        if state.counting:
            faults = FAULT_GAP
            gauge.widen(GAP_SIGMA_PPM)
        state.counting = 1
        return faults
