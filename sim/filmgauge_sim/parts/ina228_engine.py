"""The INA228's digital engine: from codes of the ADC to result registers and accumulators.

Source: datasheet SLYS021A, sections 7.3.2 and 8.1.2. Everything here is integer. The ADC hands
over shunt codes with FRACTION_BITS more bits than the register shows; the engine rounds each
conversion to a code, averages, scales and accumulates.

CHARGE and ENERGY take every conversion, without averaging, times the nominal cycle time; the
register shows whole counts and the rest stays inside.
"""

import random
from math import sqrt

from filmgauge_sim.parts import ina228_registers as reg
from filmgauge_sim.parts.ina228_limits import Limits

FRACTION_BITS = 16
_HALF = 1 << (FRACTION_BITS - 1)
# Equation 2 makes CURRENT = VSHUNT x 4096 / SHUNT_CAL in both ranges: a larger SHUNT_CAL is a
# larger CURRENT_LSB. (13107.2e6 x 312.5 nV = 4096, and four times 78.125 nV is the same.)
_GAIN_BITS = 24
_UNITY = 1 << _GAIN_BITS
# CHARGE counts CURRENT_LSB x 1 s, collected as shunt code x gain x us.
_CHARGE_UNIT = 1_000_000 << (FRACTION_BITS + _GAIN_BITS)
_CHARGE_TOP = (1 << 39) * _CHARGE_UNIT
# POWER counts 3.2 CURRENT_LSB = 2^14 x CURRENT_LSB x VBUS_LSB, ENERGY 16 of those x 1 s;
# collected as twice the product so that the mean of two bus codes stays whole.
_POWER_BITS = 14
_ENERGY_UNIT = _CHARGE_UNIT << (_POWER_BITS + 4 + 1)
_ENERGY_TOP = (1 << 40) * _ENERGY_UNIT


class Engine:
    """Results, accumulators and flags. `reset` before use, `configure` at every start."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.reset()

    def reset(self) -> None:
        """All results, accumulators and flags to their values after power-on."""
        self._vshunt = self._vbus = self._dietemp = self._current = self._power = 0
        self._flags = reg.MEMSTAT
        self._full: tuple[int, int, int] | None = None
        self._latch = self._slow_alert = False
        self._limits: Limits | None = None
        self._charge = self._energy = self._noisy_cycles = 0
        self._sigma = 0.0
        self._channels, self._averages, self._cycle_us = 0, 1, 0
        self.scale(4096, 0)
        self.configure(0, 1, 0, False, 0.0)

    def configure(
        self, channels: int, averages: int, cycle_us: int, accumulate: bool, sigma: float
    ) -> None:
        """A new run of conversions: averaging starts afresh, results stay.

        channels: bits of MODE. cycle_us: nominal time of one conversion of every channel, us.
        sigma: RMS of the noise of one shunt conversion, codes.
        """
        self._publish()
        self._add_noise()
        self._channels = channels
        self._averages = averages
        self._cycle_us = cycle_us
        self._accumulate = accumulate
        self._sigma = sigma * (1 << FRACTION_BITS)
        self._dithered = sigma > 0.5  # noise above half a count: the mean code has no steps
        self._filled = self._shunt_sum = self._bus_sum = 0
        self._settle()

    def scale(self, shunt_cal: int, tempco_ppm: int) -> None:
        """Set SHUNT_CAL, and the shunt's compensation in ppm/degC (0 when switched off)."""
        self._publish()
        self._add_noise()
        self._cal = shunt_cal
        self._tempco = tempco_ppm
        self._compensate()
        self._settle()

    def watch(self, limits: Limits, latch: bool, slow: bool) -> None:
        """Set the limits, ALATCH and SLOWALERT (compare averages, not conversions)."""
        self._publish()
        self._limits = limits if limits.armed else None
        self._latch = latch
        self._slow_alert = slow
        if not (limits.armed or latch):
            self._flags &= ~reg.LIMIT_FLAGS
        self._settle()

    def _settle(self) -> None:
        """Work out once what every conversion needs.

        Averages go to the result registers when somebody looks, except where each of them counts:
        for the compensation, for a limit, or for a current that may not fit.
        """
        self._eager = bool(self._tempco or self._limits or self._gain > _UNITY)
        self._weight = self._gain * self._cycle_us

    def _compensate(self) -> None:
        """Gain for R x (1 + (DIETEMP - 25 degC) x SHUNT_TEMPCO) (equation 1); 0 for no R."""
        per_million = 1_000_000 * reg.TEMPERATURE_COUNTS_PER_C
        above = self._dietemp - 25 * reg.TEMPERATURE_COUNTS_PER_C
        resistance = per_million + above * self._tempco
        divisor = self._cal * max(resistance, 1)
        self._gain = (per_million * 4096 << _GAIN_BITS) // divisor if divisor else 0

    # What the registers show

    def vshunt(self) -> int:
        """VSHUNT, signed 20-bit code."""
        self._publish()
        return self._vshunt

    def vbus(self) -> int:
        """VBUS, 20-bit code."""
        self._publish()
        return self._vbus

    def dietemp(self) -> int:
        """DIETEMP, signed, 7.8125 m degC."""
        self._publish()
        return self._dietemp

    def current(self) -> int:
        """CURRENT, signed 20-bit, counts of CURRENT_LSB."""
        self._publish()
        return self._current

    def power(self) -> int:
        """POWER, counts of 3.2 CURRENT_LSB; the sign of the current is dropped (assumed)."""
        self._publish()
        return self._power

    def charge(self) -> int:
        """CHARGE, signed 40-bit, counts of CURRENT_LSB x 1 s. Clears CHARGEOF."""
        self._add_noise()
        self._flags &= ~reg.CHARGEOF
        return self._charge // _CHARGE_UNIT

    def energy(self) -> int:
        """ENERGY, 40-bit, counts of 16 x 3.2 CURRENT_LSB x 1 s. Clears ENERGYOF."""
        self._flags &= ~reg.ENERGYOF
        return self._energy // _ENERGY_UNIT

    def flags(self) -> int:
        """Flags of DIAG_ALRT. Clears CNVRF, and with ALATCH the limit flags."""
        flags = self._flags
        self._flags &= ~(reg.CNVRF | reg.LIMIT_FLAGS if self._latch else reg.CNVRF)
        return flags

    # What the bus may clear

    def clear_accumulators(self) -> None:
        """RSTACC: ENERGY and CHARGE to zero; MATHOF clears, and the overflow flags (assumed)."""
        self._charge = self._energy = self._noisy_cycles = 0
        self._flags &= ~(reg.MATHOF | reg.CHARGEOF | reg.ENERGYOF)

    def clear_ready(self) -> None:
        """A write of ADC_CONFIG that starts conversions clears CNVRF and MATHOF."""
        self._publish()
        self._flags &= ~(reg.CNVRF | reg.MATHOF)

    # What the ADC hands over

    @property
    def cycles_to_result(self) -> int:
        """Conversion cycles until the averages are complete."""
        return self._averages - self._filled

    def take(
        self, cycles: int, shunt: int, bus_first: int, bus_last: int, temperature: int
    ) -> bool:
        """Take `cycles` conversion cycles that share one shunt value; True if a result is new.

        shunt: code with FRACTION_BITS more bits. bus_first, bus_last: VBUS codes of the first
        and the last cycle, a straight line between. temperature: DIETEMP code.
        """
        if not self._dithered:
            shunt = (shunt + _HALF) >> FRACTION_BITS << FRACTION_BITS
        if self._accumulate:
            self._collect(cycles, shunt, bus_first + bus_last)
        if self._limits and not self._slow_alert:
            self._compare(shunt >> FRACTION_BITS, bus_first, temperature)
            self._compare(shunt >> FRACTION_BITS, bus_last, temperature)
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
            self._publish()
        return True

    def _collect(self, cycles: int, shunt: int, bus_twice: int) -> None:
        """Add `cycles` conversions to CHARGE and ENERGY (noise of ENERGY left out)."""
        if not self._channels & reg.SHUNT:
            if self._channels & reg.BUS:  # power goes on with the previous current
                self._publish()
                charge = (cycles * self._current * self._cycle_us) << (FRACTION_BITS + _GAIN_BITS)
                self._add_energy(charge, bus_twice)
            return
        charge = cycles * shunt * self._weight
        self._noisy_cycles += cycles
        if self._gain > _UNITY:
            charge = self._bounded(charge, cycles * self._cycle_us << (FRACTION_BITS + _GAIN_BITS))
        self._charge = summed = self._charge + charge
        if not -_CHARGE_TOP <= summed < _CHARGE_TOP:
            self._wrap_charge()
        if self._channels & reg.BUS:
            self._add_energy(charge, bus_twice)

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

    def _add_energy(self, charge: int, bus_twice: int) -> None:
        """Power has no sign, so energy only grows."""
        self._energy += abs(charge) * bus_twice
        if self._energy >= _ENERGY_TOP:
            self._energy %= _ENERGY_TOP
            self._flags |= reg.ENERGYOF

    def _bounded(self, value: int, count: int) -> int:
        """A value of so many to the `count`, held within 20 bits; MATHOF if it did not fit."""
        bounded = min(max(value, reg.CODE_MIN * count), reg.CODE_MAX * count)
        if bounded != value:
            self._flags |= reg.MATHOF
        return bounded

    def _publish(self) -> None:
        """The last complete averages, if still waiting, to the result registers."""
        if self._full is None:
            return
        shunt_sum, bus_sum, temperature = self._full
        self._full = None
        averages = self._averages
        channels = self._channels
        if channels & reg.TEMPERATURE:
            self._dietemp = temperature
            if self._tempco:
                self._compensate()
                self._settle()
        if channels & reg.SHUNT:
            if self._sigma:
                shunt_sum += int(self._rng.gauss(0.0, self._sigma) * sqrt(averages))
            code = (shunt_sum + averages * _HALF) // (averages << FRACTION_BITS)
            self._vshunt = code = min(max(code, reg.CODE_MIN), reg.CODE_MAX)
            self._current = self._current_of(code)
        if channels & reg.BUS:
            self._vbus = (bus_sum + averages) // (2 * averages)
            self._power = abs(self._current) * self._vbus >> _POWER_BITS
        if self._limits and self._slow_alert:
            self._compare(self._vshunt, self._vbus, temperature)

    def _current_of(self, code: int) -> int:
        """CURRENT of a VSHUNT code, rounded (assumed)."""
        return self._bounded((code * self._gain + _UNITY // 2) >> _GAIN_BITS, 1)

    def _compare(self, shunt: int, bus: int, temperature: int) -> None:
        """Raise limit flags; without ALATCH they also fall with the conversion that is good."""
        limits = self._limits
        if limits is None:
            return
        channels = self._channels
        current = self._current_of(shunt) if channels & reg.SHUNT else self._current
        power = abs(current) * bus >> _POWER_BITS
        raised = limits.exceeded(channels, shunt, bus, temperature, power)
        if not self._latch:
            self._flags &= ~limits.covered(channels)
        self._flags |= raised
