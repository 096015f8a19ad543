"""Health: cycles, resistance from the node's own loads, and where the capacity is going.

Resistance is told as the chord of the polarisation between C/10 and C/5 at 25 degC. Whenever two
samples in a row see two currents of one direction, the step of the voltage is compared with the
one that the profile expects; the ratio, weighed over many steps, corrects the profile's chord.

The trend of the capacity is its distance from what it was on average, over the cycles that lie
between: exact for a steady decline, and as unsure as two capacities of one standard deviation.
Ages are hours of the node's own life: time without power is not in them, nobody measures it.
"""

import struct

from filmgauge.compat import const

_PPM = const(1000000)
_SETTLED = const(10)  # branches have turned when this share of the capacity (1 / n) has passed
_FLAT_UV = const(15000)  # a voltage that moves less than this
_FLAT = const(25)  # while this share of the capacity (1 / n) flows lies on a plateau,
_TURNED = const(6)  # when so much has flowed since the current turned
_LEAST_RATIO = const(1.25)  # of the currents of a step
_LEAST_LOAD = const(100)  # and the smaller of them is above this share of 1C (1 / n)
_NOISE_UV = const(1500.0)  # assumed: of a step, from a surface that moves between its samples
_FIRST_RATIO = const(0.12)  # assumed: 1 sigma of the ratio before anything was seen
_RATIO_WANDER = const(1e-4)  # assumed: of its variance from step to step
_TREND_MCYCLES = const(50000)  # over which the trend of the capacity is formed
_LAST_SHARE = const(800000)  # of the design capacity: the end of life
_LEAST_RATIO_PPM = const(20000)  # assumed: no cell has a fiftieth of its profile's resistance
_MOST_RATIO_PPM = const(50000000)  # or fifty times as much
_MS_PER_HOUR = const(3600000)
_MOST_HERE = const(65534)  # that a record holds
# What an observation is of
CAPACITY = const(0)
RESISTANCE = const(1)
EFFICIENCY = const(2)
_MOST_PA = const(0x7FFFFFFF)  # what is packed
_FORMAT = const("<QIiiiiiiiiifIiIQiii")
SIZE = const(84)


class Health:
    """What a cell of `film` and `full_pc` has gone through."""

    def __init__(self, film, profile):
        self._film = film
        self._design_pc = profile.full_pc()
        self._left_pc = 0  # less than a microcoulomb, not yet counted
        self._moved_nc = 0  # of the thousandth of a cycle under way
        self._cycles = 0  # thousandths of equivalent full cycles
        self._last_uv = self._last_pa = self._last_cdeg = 0
        self._run_uc = 0  # since the current turned
        self._flat_uv = self._flat_pa = self._flat_uc = 0  # where a plateau may have begun
        self._ratio_ppm = _PPM
        self._ratio_variance = _FIRST_RATIO * _FIRST_RATIO
        self._swing_cycles = 0  # when the capacity was seen last, thousandths of cycles
        self._mean_ppm = 0  # capacity so far, and the thousandths of cycles
        self._behind = 0  # by which this mean was behind then
        self.lived_ms = 0  # of the node's own life
        self._observed_h = [-1, -1, -1]  # when an observation was made, by subject; -1 never

    def count(self, moved_pc: int) -> int:
        """Note charge; return the whole microcoulombs of it and of what was left over before."""
        self._left_pc += moved_pc
        uc = abs(self._left_pc) // _PPM
        if not uc:
            return 0
        if self._left_pc < 0:
            uc = -uc
        self._left_pc -= uc * _PPM
        if (uc > 0) != (self._run_uc > 0):
            self._run_uc = 0
        self._run_uc = max(-(10**9), min(10**9, self._run_uc + uc))
        self._moved_nc += abs(uc) * 1000
        cycle_uc = 2 * self._design_pc // _PPM
        self._cycles += self._moved_nc // cycle_uc
        self._moved_nc %= cycle_uc
        return uc

    def add_time(self, elapsed_ms: int) -> None:
        """Note that time has passed."""
        self.lived_ms += elapsed_ms

    def mark_observed(self, subject: int) -> None:
        """Note an observation of CAPACITY, RESISTANCE or EFFICIENCY."""
        self._observed_h[subject] = self.lived_ms // _MS_PER_HOUR

    def ages_h(self) -> list:
        """Return how old the observations are by subject; None where all is the profile's."""
        now_h = self.lived_ms // _MS_PER_HOUR
        return [None if h < 0 else min(_MOST_HERE, now_h - h) for h in self._observed_h]

    def has_swung(self) -> bool:
        """Return whether both ends have told of the capacity."""
        return self._observed_h[CAPACITY] >= 0

    def mcycles(self) -> int:
        """Return the equivalent full cycles so far, in thousandths."""
        return self._cycles

    def observe_step(self, voltage_uv: int, current_pa: int, temperature_cdeg: int) -> None:
        """Compare a step of the load with what the profile expects of it."""
        current_pa = max(-_MOST_PA, min(_MOST_PA, current_pa))
        last_uv, last_pa, last_cdeg = self._last_uv, self._last_pa, self._last_cdeg
        self._last_uv, self._last_pa = voltage_uv, current_pa
        self._last_cdeg = temperature_cdeg
        if not last_uv or last_pa * current_pa <= 0 or abs(last_cdeg - temperature_cdeg) > 100:
            return
        low, high = min(abs(last_pa), abs(current_pa)), max(abs(last_pa), abs(current_pa))
        if high < _LEAST_RATIO * low or low * _LEAST_LOAD < self._design_pc // 3600:
            return
        if abs(self._run_uc) * _SETTLED * _PPM < self._design_pc:
            return
        ohm = self._film.resistance_ohm(last_pa, current_pa, temperature_cdeg)
        expected_uv = ohm * (current_pa - last_pa) / _PPM
        self._weigh(voltage_uv - last_uv, expected_uv)

    def on_plateau(self, voltage_uv: int, current_pa: int) -> bool:
        """Return whether voltage and current have stayed while charge flowed: a plateau, seen
        anew after each share of the capacity."""
        still = abs(voltage_uv - self._flat_uv) < _FLAT_UV
        if not still or abs(current_pa - self._flat_pa) * 8 > abs(current_pa):
            self._flat_uv, self._flat_pa, self._flat_uc = voltage_uv, current_pa, self._run_uc
            return False
        if abs(self._run_uc - self._flat_uc) * _FLAT * _PPM < self._design_pc:
            return False
        self._flat_uc = self._run_uc
        return abs(self._run_uc) * _TURNED * _PPM >= self._design_pc

    def interrupt(self) -> None:
        """Forget the last sample: what follows it is no step."""
        self._last_uv = 0

    def resistance_mohm(self, design_pa_h: int) -> int:
        """Return the chord between C/10 and C/5 at 25 degC, mOhm."""
        ohm = self._film.resistance_ohm(-design_pa_h // 10, -design_pa_h // 5, 2500)
        return int(ohm * 1000.0 * (self._ratio_ppm / _PPM))

    def resistance_sigma(self) -> float:
        """Return the relative standard deviation of the resistance."""
        return self._ratio_variance**0.5

    def full_swing(self, capacity_ppm: int) -> None:
        """Note that the other end is reached, with the capacity that the last one had told."""
        passed = self._cycles - self._swing_cycles
        if self._mean_ppm and passed > 0:
            weight = passed / max(2 * passed, min(_TREND_MCYCLES, 2 * self._behind))
            self._mean_ppm += round((capacity_ppm - self._mean_ppm) * weight)
            self._behind = round(self._behind * (1.0 - weight)) + passed
        elif self._swing_cycles:
            self._mean_ppm, self._behind = capacity_ppm, passed
        self._swing_cycles = self._cycles
        self.mark_observed(CAPACITY)

    def capacity_trend(self, capacity_ppm: int, sigma_ppm: int) -> tuple:
        """Return how the capacity changes in a cycle, in shares of the design, and the cycles
        until four fifths of the design are left, each followed by its standard deviation.

        All None before two swings; no cycles without a decline beyond its standard deviation.
        """
        behind = self._behind
        if not behind:
            return (None,) * 4
        trend = round((capacity_ppm - self._mean_ppm) * 1000.0 / behind)
        trend = max(-_PPM, min(_PPM, trend))
        sigma = min(_MOST_HERE, round(sigma_ppm * 1414.2 / behind))
        if trend + sigma >= 0:
            return trend, sigma, None, None
        left = max(0, (capacity_ppm - _LAST_SHARE) // -trend)
        unsure = (left * sigma + sigma_ppm) // -trend
        return trend, sigma, min(_MOST_HERE, left), min(_MOST_HERE, unsure)

    def _weigh(self, measured_uv, expected_uv):
        if not expected_uv:
            return
        variance = self._ratio_variance + _RATIO_WANDER
        noise = _NOISE_UV / expected_uv
        weight = variance / (variance + noise * noise)
        surprise = measured_uv / expected_uv - self._ratio_ppm / _PPM
        if surprise * surprise > 9.0 * (variance + noise * noise):
            return  # no step of the load: the surface has moved
        ratio_ppm = self._ratio_ppm + round(weight * surprise * _PPM)
        self._ratio_ppm = max(_LEAST_RATIO_PPM, min(_MOST_RATIO_PPM, ratio_ppm))
        self._ratio_variance = variance * (1.0 - weight)
        self.mark_observed(RESISTANCE)

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        last = self._last_uv, self._last_pa, self._last_cdeg, self._run_uc, self._left_pc
        flat = self._flat_uv, self._flat_pa, self._flat_uc
        swing = self._swing_cycles, self._mean_ppm, self._behind, self.lived_ms
        moved = (self._moved_nc, self._cycles) + last + flat
        moved += (self._ratio_ppm, self._ratio_variance) + swing
        struct.pack_into(_FORMAT, buffer, offset, *moved, *self._observed_h)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self._moved_nc, self._cycles, self._last_uv, self._last_pa = values[:4]
        self._last_cdeg, self._run_uc, self._left_pc = values[4:7]
        self._flat_uv, self._flat_pa, self._flat_uc = values[7:10]
        self._ratio_ppm, self._ratio_variance = values[10:12]
        self._swing_cycles, self._mean_ppm, self._behind, self.lived_ms = values[12:16]
        self._observed_h[:] = values[16:]
