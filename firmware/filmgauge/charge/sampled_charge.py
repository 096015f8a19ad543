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

Between two samples the node may only check the current (`look_every`). While that tells no change
between charging and idle, nothing is worked out: charge and checks add up until the next sample.
It is what most wakes need, and costs a sixth of a sample.

Neither is exact, and the gauge is told so: two samples that differ say how little one of them
says, and the configured figures are taken for good to 5 % (assumed), always to the same side.
"""

import struct

from filmgauge.charge.charge_memory import SAMPLED, SAMPLED_AT
from filmgauge.compat import const
from filmgauge.energy_budget import BUDGET_PARTS, IDLE_EVERY, TYPICAL_UV
from filmgauge.gauge.ledger import RADIO, SENSOR, SLEEP
from filmgauge.record import FAULT_GAP

_LEAST_UV = const(50)  # at the shunt: fifty times the largest offset
_NEARLY_FULL = const(950000)
_MOST_DROP_UV = const(200000)  # more is no polarisation of a film at the currents of a node
_HELD_PARTS = const(32)  # a held cell takes one of these parts of it at last (assumed)
_UNSEEN_PARTS = const(10)  # one of these parts of the charging current may flow unseen (assumed)
_FORMAT = const("<BiB")
_SAMPLER_AT = const(6)
_SAMPLER_SIZE = const(19)
_CHARGE_FORMAT = const("<iiiiI")  # of a charge and a rest, and how long no sample gave a current
_CHARGE_AT = const(25)
_MOST_MS = const(0xFFFFFFFF)


class SampledCharge:
    """Samples only."""

    def __init__(self, board, config, profile=None):
        from filmgauge.charge.switched_sampler import SwitchedSampler

        self.sampler: SwitchedSampler = SwitchedSampler(board, config, profile)
        self.memory = self
        self._own_nw = config.own_nw
        self._wake_nj = config.wake_nj
        self._check_nj = config.glance_nj
        self._refill_ppm = config.refill_ppm
        self._least_pa = _LEAST_UV * 1000000000 // config.shunt_mohm
        self.is_charging = self._last_pa = 0  # as the last sample saw it
        self.sensor_known = 0  # 1: a sample was taken before, in this boot or an earlier one
        self._charging_pa = self._charging_uv = 0  # the last current of a charge, its voltage
        self._packed = None  # sampler
        self._rest_uv = self._drop_uv = 0  # of the cell at rest, idle; lower while it feeds
        self._missed_ms = 0  # since the last sample that gave a current
        self._clear()

    def sample(self, elapsed_ms: "int | None" = None) -> None:
        """Take one sample, `elapsed_ms` after the last one; None where nobody knows."""
        self.sampler.sample(elapsed_ms)

    def release_sensors(self) -> None:
        """Let go of the sensors for good, and keep what they have told."""
        from filmgauge.charge.released import plain_sample

        self._packed = bytearray(_SAMPLER_SIZE)
        self.sampler.pack_into(self._packed, 0)
        self.sampler = plain_sample(self.sampler)  # pyright: ignore

    def count(self, state, gauge, elapsed_ms: int, temperature_cdeg: int) -> int:
        """Give the gauge what has moved since the last sample; return faults."""
        charged, before_pa = self.is_charging, self._last_pa
        pa = self.sampler.current_pa
        if pa is not None:
            if abs(pa) >= self._least_pa:
                self.is_charging = 1 if pa > 0 else 0
            self._last_pa = pa
        if state.wakes == 0:  # what lies before that is no voltage to compare another with
            self._rest_uv = self._charging_uv = 0
        voltage_uv = self._discharge_voltage_uv(charged or self.is_charging)
        was_known, self.sensor_known = self.sensor_known, 1
        if state.wakes == 0:  # of this boot: nobody knows how long the node had no power
            gauge.flow(0, elapsed_ms, temperature_cdeg)
            self._clear()
            self._missed_ms = 0
            if not was_known:
                return 0
            gauge.add_gap()
            return FAULT_GAP
        left_ms = elapsed_ms - self._calm_ms
        if self._checks:
            before_pa = self._check_pa
        if pa is None:  # it goes on as before until a sample tells
            self._last_pa = before_pa
            self._twice += 2 * max(0, before_pa) * left_ms
            self._missed_ms += left_ms
        else:
            self._add(before_pa, pa, left_ms, charged)
        # In halves: an interval between charging and idle is shared.
        idle = 2 - charged - self.is_charging
        asleep = idle * left_ms + 2 * (1 - charged) * self._calm_ms
        awake = idle * self._wake_nj + 2 * (1 - charged) * self._checks * self._check_nj
        self._book_own(gauge, SLEEP, self._own_nw * asleep // 2000, voltage_uv)
        self._book_own(gauge, SENSOR, awake // 2, voltage_uv)
        self._book_own(gauge, RADIO, (1 - charged) * state.radio_nj, voltage_uv)
        state.radio_nj = 0
        gauge.flow(self._twice // 2000, elapsed_ms, temperature_cdeg, int(self._apart**0.5))
        if self.sampler.doubt_pc:
            gauge.widen(self.sampler.doubt_pc)
        self._clear()
        return 0

    def quick_check(self, state, gauge, elapsed_ms: int) -> bool:
        """Return whether nothing calls for a sample, `elapsed_ms` after the last one: the cell
        is charged or idle as it was, and no charge comes to its end. Note the current."""
        charging, least_pa = self.is_charging, self._least_pa
        if not charging and state.wakes % IDLE_EVERY:
            return True
        pa = self.sampler.quick_current_pa()
        if pa is None or not self.sensor_known:
            return False
        if pa <= -least_pa if charging else pa >= least_pa:
            return False
        before_pa = self._check_pa if self._checks else self._last_pa
        if max(before_pa, pa) >= least_pa and self._fills(gauge):
            return False
        self._add(before_pa, pa, elapsed_ms - self._calm_ms, charging)
        self._check_pa, self._calm_ms = pa, elapsed_ms
        self._checks += 1
        return True

    def current_for_voltage(self) -> "int | None":
        """Return the current that the voltage of a sample goes with.

        A cell that is held at its highest voltage is charged in bursts, and most samples see it
        between two of them. At rest it can be above what its plateau had in the charge only where
        the charge comes to its end: then it is on that branch, with next to no current.
        """
        pa, voltage_uv = self.sampler.current_pa, self.sampler.voltage_uv
        if pa is None or voltage_uv is None or not self.sampler.is_usable:
            return None
        if pa >= self._least_pa:
            self._charging_uv = voltage_uv
        elif pa > -self._least_pa and self.is_charging and 0 < self._charging_uv < voltage_uv:
            return max(pa, self._charging_pa // _HELD_PARTS)
        return pa

    def pack_into(self, buffer, offset: int) -> None:
        """Write 48 bytes: what the last sample saw, its readings, and what a charge, a rest and
        samples that failed have left."""
        last = self.is_charging, self._last_pa, self.sensor_known
        struct.pack_into(_FORMAT, buffer, offset, *last)
        seen = self._charging_pa, self._charging_uv, self._rest_uv, self._drop_uv
        missed_ms = min(_MOST_MS, self._missed_ms)
        struct.pack_into(_CHARGE_FORMAT, buffer, offset + _CHARGE_AT, *seen, missed_ms)
        buffer[offset + SAMPLED_AT : offset + SAMPLED_AT + len(SAMPLED)] = SAMPLED
        offset += _SAMPLER_AT
        if self._packed is None:
            self.sampler.pack_into(buffer, offset)
        else:
            buffer[offset : offset + _SAMPLER_SIZE] = self._packed

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        last = struct.unpack_from(_FORMAT, buffer, offset)
        self.is_charging, self._last_pa, self.sensor_known = last
        seen = struct.unpack_from(_CHARGE_FORMAT, buffer, offset + _CHARGE_AT)
        self._charging_pa, self._charging_uv, self._rest_uv, self._drop_uv, self._missed_ms = seen
        self.sampler.unpack_from(buffer, offset + _SAMPLER_AT)

    def _discharge_voltage_uv(self, charged):
        """Return the voltage of the cell while it feeds the converter. Few samples see that: the
        others see it at rest, from which it is as far as when it was seen last."""
        pa, voltage_uv = self.sampler.current_pa, self.sampler.voltage_uv
        if not voltage_uv or pa is None or not self.sampler.is_usable:
            self._rest_uv = 0
            return TYPICAL_UV
        if pa > -self._least_pa:
            self._rest_uv = 0 if charged else voltage_uv
            return voltage_uv - self._drop_uv
        if self._rest_uv:
            self._drop_uv = max(0, min(_MOST_DROP_UV, self._rest_uv - voltage_uv))
        self._rest_uv = 0
        return voltage_uv

    def _fills(self, gauge):
        """Return whether the cell may be nearly full: there its voltage has something to tell."""
        ppm = gauge.soc_ppm()
        return ppm is None or ppm + 2 * gauge.described_sigma_ppm() > _NEARLY_FULL

    def _add(self, before_pa, after_pa, elapsed_ms, charging):
        """Add the trapezoid between two charging currents, and how far they are apart.

        A cell that is held at its highest voltage is charged in bursts that nobody sees. Over
        samples that failed the trapezoid takes the place of what was counted as before, and a
        charge may have come or paused unseen."""
        before_pa, after_pa = max(0, before_pa), max(0, after_pa)
        apart_pa, missed_ms = after_pa - before_pa, self._missed_ms
        self._twice += (before_pa + after_pa) * elapsed_ms + apart_pa * missed_ms
        if max(before_pa, after_pa) >= self._least_pa:
            self._charging_pa = max(before_pa, after_pa)
        elif charging:
            apart_pa = self._charging_pa // _UNSEEN_PARTS
        if missed_ms:
            apart_pa = max(abs(apart_pa), self._charging_pa)
            elapsed_ms += missed_ms
            self._missed_ms = 0
        self._apart += (apart_pa * elapsed_ms // 1414) ** 2

    def _clear(self):
        """Begin anew behind a sample."""
        self._checks = self._calm_ms = self._check_pa = 0
        self._twice = self._apart = 0  # pC in 2 ms; the variance, in pC squared

    def _book_own(self, gauge, line, nanojoules, voltage_uv):
        """Book what the cell gives through the converter for an energy in the capacitor."""
        taken_pc = nanojoules * 1000000000 // self._refill_ppm * 1000000 // voltage_uv
        gauge.book(-taken_pc, line, taken_pc // BUDGET_PARTS)
