"""The INA228's digital engine: from codes of the ADC to result registers and accumulators.

Source: datasheet SLYS021A, sections 7.3.2 and 8.1.2. Everything here is integer. The ADC hands
over shunt codes with FRACTION_BITS more bits than the register shows; the engine rounds each
conversion to a code, averages, scales and accumulates.

CHARGE counts every conversion, without averaging, times the nominal cycle time; the register
shows whole counts and the rest stays inside.
"""

import random
from math import sqrt

from filmgauge_sim.parts import ina228_registers as reg

FRACTION_BITS = 16
_HALF = 1 << (FRACTION_BITS - 1)
# Equation 2 makes CURRENT = VSHUNT x 4096 / SHUNT_CAL in both ranges: a larger SHUNT_CAL is a
# larger CURRENT_LSB. (13107.2e6 x 312.5 nV = 4096, and four times 78.125 nV is the same.)
_GAIN_BITS = 24
_UNITY = 1 << _GAIN_BITS
# CHARGE counts CURRENT_LSB x 1 s, collected as shunt code x gain x us.
_CHARGE_UNIT = 1_000_000 << (FRACTION_BITS + _GAIN_BITS)
_CHARGE_TOP = (1 << 39) * _CHARGE_UNIT


class Engine:
    """Results, accumulators and flags. `reset` before use, `configure` at every start."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.reset()

    def reset(self) -> None:
        """All results, accumulators and flags to their values after power-on."""
        self.vshunt = self.vbus = self.dietemp = self.current = 0
        self._flags = reg.MEMSTAT
        self._full: tuple[int, int, int] | None = None
        self._charge = self._noisy_cycles = 0
        self._sigma = 0.0
        self._channels, self._averages, self._cycle_us = 0, 1, 0
        self.scale(4096)
        self.configure(0, 1, 0, False, 0.0)

    def configure(
        self, channels: int, averages: int, cycle_us: int, accumulate: bool, sigma: float
    ) -> None:
        """A new run of conversions: averaging starts afresh, results stay.

        channels: bits of MODE. cycle_us: nominal time of one conversion of every channel, us.
        sigma: RMS of the noise of one shunt conversion, codes.
        """
        self.publish()
        self._add_noise()
        self._channels = channels
        self._averages = averages
        self._cycle_us = cycle_us
        self._accumulate = accumulate
        self._sigma = sigma * (1 << FRACTION_BITS)
        self._dithered = sigma > 0.5  # noise above half a count: the mean code has no steps
        self._filled = self._shunt_sum = self._bus_sum = 0
        self._prepare()

    def scale(self, shunt_cal: int) -> None:
        """Set SHUNT_CAL, 0 for a CURRENT and a CHARGE that stay 0."""
        self.publish()
        self._add_noise()
        self._gain = (4096 << _GAIN_BITS) // shunt_cal if shunt_cal else 0
        self._prepare()

    def _prepare(self) -> None:
        """Work out once what every conversion needs.

        Averages go to the result registers when they are read, except where each of them counts:
        for a current that may not fit.
        """
        self._eager = self._gain > _UNITY
        self._weight = self._gain * self._cycle_us

    # What the registers show: after `publish` also the signed 20-bit codes `vshunt` and `current`
    # (counts of CURRENT_LSB), the 20-bit code `vbus` and the signed `dietemp` (7.8125 m degC)

    def charge(self) -> int:
        """CHARGE, signed 40-bit, counts of CURRENT_LSB x 1 s. Clears CHARGEOF."""
        self._add_noise()
        self._flags &= ~reg.CHARGEOF
        return self._charge // _CHARGE_UNIT

    def flags(self) -> int:
        """Flags of DIAG_ALRT. Clears CNVRF."""
        flags = self._flags
        self._flags &= ~reg.CNVRF
        return flags

    # What the bus may clear

    def clear_accumulators(self) -> None:
        """RSTACC: CHARGE to zero; MATHOF clears, and the overflow flag (assumed)."""
        self._charge = self._noisy_cycles = 0
        self._flags &= ~(reg.MATHOF | reg.CHARGEOF)

    def clear_ready(self) -> None:
        """A write of ADC_CONFIG that starts conversions clears CNVRF and MATHOF."""
        self.publish()
        self._flags &= ~(reg.CNVRF | reg.MATHOF)

    # What the ADC hands over

    @property
    def cycles_to_result(self) -> int:
        """Conversion cycles until the averages are complete."""
        return self._averages - self._filled

    def convert(
        self, cycles: int, shunt: int, bus_first: int, bus_last: int, temperature: int
    ) -> bool:
        """Process `cycles` conversion cycles that share one shunt value; True if a result is new.

        shunt: code with FRACTION_BITS more bits. bus_first, bus_last: VBUS codes of the first
        and the last cycle, a straight line between. temperature: DIETEMP code.
        """
        if not self._dithered:
            shunt = (shunt + _HALF) >> FRACTION_BITS << FRACTION_BITS
        if self._accumulate:
            self._add_charge(cycles, shunt)
        averages = self._averages
        filled = self._filled + cycles
        if filled < averages:
            self._filled = filled
            self._shunt_sum += cycles * shunt
            self._bus_sum += cycles * (bus_first + bus_last)
            return False
        tail = filled % averages
        used = cycles - tail
        if used < averages:  # the average began before these cycles
            shunt_sum = self._shunt_sum + used * shunt
            bus_sum = self._bus_sum + used * (bus_first + bus_last)
        else:
            shunt_sum = averages * shunt
            bus_sum = 2 * averages * bus_last
            if bus_first != bus_last:  # half the cycles from the last one to its middle
                back = 2 * tail + averages - 1
                bus_sum -= averages * (bus_last - bus_first) * back // (cycles - 1)
        self._full = (shunt_sum, bus_sum, temperature)
        self._filled = tail
        self._shunt_sum = tail * shunt
        self._bus_sum = tail * 2 * bus_last
        self._flags |= reg.CNVRF
        if self._eager:
            self.publish()
        return True

    def _add_charge(self, cycles: int, shunt: int) -> None:
        """Add `cycles` conversions to CHARGE."""
        if not self._channels & reg.SHUNT:
            return
        charge = cycles * shunt * self._weight
        self._noisy_cycles += cycles
        if self._gain > _UNITY:
            charge = self._bounded(charge, cycles * self._cycle_us << (FRACTION_BITS + _GAIN_BITS))
        self._charge = summed = self._charge + charge
        if not -_CHARGE_TOP <= summed < _CHARGE_TOP:
            self._wrap_charge()

    def _wrap_charge(self) -> None:
        """CHARGE wraps as two's complement does (assumed: the text only says it rolls over)."""
        self._charge = (self._charge + _CHARGE_TOP) % (2 * _CHARGE_TOP) - _CHARGE_TOP
        self._flags |= reg.CHARGEOF

    def _add_noise(self) -> None:
        """The noise in CHARGE of all cycles since the last time: one draw, by sqrt(cycles)."""
        if self._sigma and self._noisy_cycles:
            noise = self._rng.gauss(0.0, self._sigma) * sqrt(self._noisy_cycles)
            self._charge += int(noise) * self._weight
            if not -_CHARGE_TOP <= self._charge < _CHARGE_TOP:
                self._wrap_charge()
        self._noisy_cycles = 0

    def _bounded(self, value: int, count: int) -> int:
        """A value of so many to the `count`, held within 20 bits; MATHOF if it did not fit."""
        bounded = min(max(value, reg.CODE_MIN * count), reg.CODE_MAX * count)
        if bounded != value:
            self._flags |= reg.MATHOF
        return bounded

    def publish(self) -> "Engine":
        """The last complete averages, if still waiting, to the result registers."""
        if self._full is None:
            return self
        shunt_sum, bus_sum, temperature = self._full
        self._full = None
        averages = self._averages
        channels = self._channels
        if channels & reg.TEMPERATURE:
            self.dietemp = temperature
        if channels & reg.SHUNT:
            if self._sigma:
                shunt_sum += int(self._rng.gauss(0.0, self._sigma) * sqrt(averages))
            code = (shunt_sum + averages * _HALF) // (averages << FRACTION_BITS)
            self.vshunt = code = min(max(code, reg.CODE_MIN), reg.CODE_MAX)
            # Rounded (assumed).
            self.current = self._bounded((code * self._gain + _UNITY // 2) >> _GAIN_BITS, 1)
        if channels & reg.BUS:
            self.vbus = (bus_sum + averages) // (2 * averages)
        return self
