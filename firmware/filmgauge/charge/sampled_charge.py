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

Between two samples the node may only glance at the current (`look_every`). While that tells no
change between light and dark, nothing is worked out: charge and glances add up until the next
sample. It is what most wakes need, and costs a sixth of a sample.

Neither is exact, and the gauge is told so: two samples that differ say how little one of them
says, and the configured figures are taken for good to 5 % (assumed), always to the same side.
"""

from filmgauge.charge.coulomb_counter import GAP_SIGMA_PPM
from filmgauge.charge.switched_sampler import SwitchedSampler
from filmgauge.compat import const
from filmgauge.gauge.ledger import RADIO, SENSOR, SLEEP
from filmgauge.record.faults import FAULT_GAP

_LEAST_CODE = const(640)  # 50 uV at the shunt: fifty times the largest offset
_BUDGET_PARTS = const(20)  # one of these parts of what is booked may be wrong, 1 sigma: 5 %
_DARK_EVERY = const(2)  # in the dark only dawn can come, and may be noticed so many wakes late
_NEARLY_FULL = const(950000)
_MOST_DROP_UV = const(200000)  # more is no polarisation of a film at the currents of a node
_HELD_PARTS = const(32)  # a held cell takes one of these parts of it at last (assumed)
_UNSEEN_PARTS = const(10)  # one of these parts of the charging current may flow unseen (assumed)
_TYPICAL_UV = const(1850000)  # assumed, for a cell whose voltage could not be read


class SampledCharge:
    """Samples only; charge_high is 1 while the cell is charged, charge_low the last code."""

    def __init__(self, config):
        self._own_nw = config.own_nw
        self._wake_nj = config.wake_nj
        self._glance_nj = config.glance_nj
        self._refill_ppm = config.refill_ppm
        self._charging = self._charging_uv = 0  # the last code of a charge, and its voltage
        self._rest_uv = self._drop_uv = 0  # of the cell at rest in the dark; lower while it feeds
        self._clear()

    def sampler(self, board, config) -> SwitchedSampler:
        """Return the sensors as this way of counting uses them."""
        return SwitchedSampler(board, config)

    def count(self, state, sampler, gauge, elapsed_ms: int, temperature_cdeg: int) -> int:
        """Tell the gauge what has moved since the last sample; return faults."""
        charging, before = state.charge_high, state.charge_low
        code = sampler.current_code
        if code is not None:
            if abs(code) >= _LEAST_CODE:
                state.charge_high = 1 if code > 0 else 0
            state.charge_low = code
        voltage_uv = self._discharge_voltage_uv(
            charging or state.charge_high, code, sampler.voltage_uv
        )
        if state.wakes == 0:  # of this boot: nobody knows how long the node had no power
            gauge.flow(0, elapsed_ms, temperature_cdeg)
            self._clear()
            return self._gap(state, sampler, gauge)
        state.sensor_known = 1
        left_ms = elapsed_ms - self._calm_ms
        if self._glances:
            before = self._code
        self._add(before, state.charge_low, left_ms, charging)
        # In halves: an interval between light and dark is shared.
        dark = 2 - charging - state.charge_high
        asleep = dark * left_ms + 2 * (1 - charging) * self._calm_ms
        awake = dark * self._wake_nj + 2 * (1 - charging) * self._glances * self._glance_nj
        self._book_own(gauge, SLEEP, self._own_nw * asleep // 2000, voltage_uv)
        self._book_own(gauge, SENSOR, awake // 2, voltage_uv)
        self._book_own(gauge, RADIO, (1 - charging) * state.radio_nj, voltage_uv)
        state.radio_nj = 0
        sigma_pc = gauge.scale.pc(int(self._apart**0.5))
        gauge.flow(self._twice // 2000, elapsed_ms, temperature_cdeg, sigma_pc)
        self._clear()
        return 0

    def quick_check(self, state, sampler, gauge, elapsed_ms: int) -> bool:
        """Return whether nothing calls for a sample, `elapsed_ms` after the last one: light or
        dark is what it was, and no charge comes to its end. Note the current."""
        charging = state.charge_high
        if not charging and state.wakes % _DARK_EVERY:
            return True
        code = sampler.quick_current_code()
        if code is None or not state.sensor_known:
            return False
        if code <= -_LEAST_CODE if charging else code >= _LEAST_CODE:
            return False
        before = self._code if self._glances else state.charge_low
        if max(before, code) >= _LEAST_CODE and self._fills(gauge):
            return False
        self._add(before, code, elapsed_ms - self._calm_ms, charging)
        self._code, self._calm_ms = code, elapsed_ms
        self._glances += 1
        return True

    def _discharge_voltage_uv(self, is_charging, code, voltage_uv):
        """Return the voltage of the cell while it feeds the converter. Few looks see that: the
        others see it at rest, from which it is as far as when it was seen last."""
        if not voltage_uv or code is None:
            self._rest_uv = 0
            return _TYPICAL_UV
        if code > -_LEAST_CODE:
            self._rest_uv = 0 if is_charging else voltage_uv
            return voltage_uv - self._drop_uv
        if self._rest_uv:
            self._drop_uv = max(0, min(_MOST_DROP_UV, self._rest_uv - voltage_uv))
        self._rest_uv = 0
        return voltage_uv

    def current_for_voltage(self, state, sampler) -> "int | None":
        """Return the current that the voltage of a sample goes with.

        A cell that is held at its highest voltage is charged in bursts, and most samples see it
        between two of them. At rest it can be above what its plateau had in the charge only where
        the charge comes to its end: then it is on that branch, with next to no current.
        """
        code, voltage_uv = sampler.current_code, sampler.voltage_uv
        if code is None or voltage_uv is None:
            return None
        if code >= _LEAST_CODE:
            self._charging_uv = voltage_uv
        elif code > -_LEAST_CODE and state.charge_high and 0 < self._charging_uv < voltage_uv:
            return max(code, self._charging // _HELD_PARTS)
        return code

    def _fills(self, gauge):
        """Return whether the cell may be nearly full: there its voltage has something to tell."""
        ppm = gauge.soc_ppm()
        return ppm is None or ppm + 2 * gauge.sigma_ppm() > _NEARLY_FULL

    def _add(self, before, after, elapsed_ms, charging):
        """Add the trapezoid between two charging currents, and how far they are apart.

        A cell that is held at its highest voltage is charged in bursts that nobody sees."""
        before, after = max(0, before), max(0, after)
        self._twice += (before + after) * elapsed_ms
        apart = after - before
        if max(before, after) >= _LEAST_CODE:
            self._charging = max(before, after)
        elif charging:
            apart = self._charging // _UNSEEN_PARTS
        self._apart += (apart * elapsed_ms // 1414) ** 2

    def _clear(self):
        """Begin to glance anew."""
        self._glances = self._calm_ms = self._code = 0
        self._twice = self._apart = 0  # counts in 2 ms; the variance of counts in a second

    def _book_own(self, gauge, line, nanojoules, voltage_uv):
        """Book what the cell gives through the converter for an energy in the capacitor."""
        taken_pc = nanojoules * 1000000000 // self._refill_ppm * 1000000 // voltage_uv
        gauge.book(-taken_pc, line, taken_pc // _BUDGET_PARTS)

    def _gap(self, state, sampler, gauge):
        faults = 0
        if state.sensor_known:
            faults = FAULT_GAP
            gauge.widen(GAP_SIGMA_PPM)
        state.sensor_known = 1
        return faults
