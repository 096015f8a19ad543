"""The INA228 current, voltage and charge monitor as a driver sees it on the bus.

Source: datasheet SLYS021A (Rev. A, May 2022). Usage:

    ina = Ina228(shunt_ohm=1000.0, errors=Ina228Errors.draw(rng), seed=7)
    bus.attach(ina)
    ina.power(True, now_us)
    ina.advance(later_us, current_ua, bus_start_v, bus_end_v, temperature_c)
    bus.read(0x40, 0x0A, 5, later_us)     # CHARGE

Left out, because nothing here uses it: limits and the ALERT pin (BOVL holds what is written),
POWER, ENERGY, and the compensation of the shunt's temperature (their registers read 0). Also
drift of gain and of the VBUS offset with temperature, noise of VBUS and DIETEMP, and self-heating.
"""

import random
from collections.abc import Callable
from math import nan

from filmgauge_sim.parts import ina228_registers as reg
from filmgauge_sim.parts.ina228_adc import Adc
from filmgauge_sim.parts.ina228_engine import FRACTION_BITS, Engine
from filmgauge_sim.parts.ina228_errors import Ina228Errors
from filmgauge_sim.parts.registers import RegisterPart

CONVERTING_UA = 640.0  # typical, section 6.5
SHUTDOWN_UA = 5.0  # maximum, section 6.5 (2.8 typical)
BUS_INPUT_OHM = 1e6  # typical, 0.8 to 1.2 Mohm, while converting
START_UP_US = 300  # from power-on or RST to the first conversion, section 6.5
WAKE_US = 60  # from shutdown to the first conversion, section 6.5

_ONE = 1 << FRACTION_BITS
_HIGHEST = reg.CODE_MAX * _ONE
_LOWEST = reg.CODE_MIN * _ONE
_IDEAL = Ina228Errors.ideal()


class Ina228(RegisterPart):
    """One INA228 with its shunt. Starts without supply at time 0.

    shunt_ohm: true resistance between the inputs. The part's own 92 kohm between IN+ and IN-
    (active, section 6.5) lies in parallel: with 1 kohm that is -1.1 %, so pass the parallel
    value to have it in the reading. seed: of the noise only.

    Raises ValueError for an address outside 0x40-0x4F or a shunt that is not positive.
    """

    def __init__(
        self,
        shunt_ohm: float,
        errors: Ina228Errors = _IDEAL,
        address: int = 0x40,
        seed: int = 0,
    ) -> None:
        if not 0x40 <= address <= 0x4F:
            raise ValueError(f"address must be 0x40 to 0x4f, got {address:#04x}")
        if not shunt_ohm > 0:
            raise ValueError(f"shunt_ohm must be above 0, got {shunt_ohm}")
        super().__init__(address, reg.REGISTERS)
        self.shunt_ohm = shunt_ohm
        self.errors = errors
        self.bus_input_ohm = BUS_INPUT_OHM
        self._awake_us = 0
        self._engine = engine = Engine(random.Random(seed))
        self._adc = Adc(engine)
        self._readers: dict[int, Callable[[], int]] = {
            reg.VSHUNT: lambda: engine.publish().vshunt << 4,
            reg.VBUS: lambda: engine.publish().vbus << 4,
            reg.DIETEMP: lambda: engine.publish().dietemp,
            reg.CURRENT: lambda: engine.publish().current << 4,
            reg.CHARGE: engine.charge,
            reg.DIAG_ALRT: lambda: self._stored[reg.DIAG_ALRT] | engine.flags(),
        }
        self._reset()

    # The analog side

    def advance(
        self,
        now_us: int,
        current_ua: float,
        bus_start_v: float,
        bus_end_v: float,
        temperature_c: float,
    ) -> None:
        """Say what happened from the last time to `now_us`.

        current_ua: constant current through the shunt, uA, positive charges the cell.
        bus_start_v, bus_end_v: VBUS at both ends, a straight line between, V (0 with an open
        gate). temperature_c: constant, degC. Raises ValueError if `now_us` lies before the last
        time; a call for no time does nothing.
        """
        elapsed_us = now_us - self._now_us
        if elapsed_us <= 0:
            self._check_time(now_us)
            return
        self._now_us = now_us
        adc = self._adc
        if not adc.running:
            return
        if current_ua != self._seen_ua or temperature_c != self._seen_c:
            self._find_codes(current_ua, temperature_c)
        start = end = self._bus if bus_start_v == self._bus_v else self._bus_code(bus_start_v)
        if bus_end_v != bus_start_v:
            end = self._bus_code(bus_end_v)
        self._bus_v, self._bus = bus_end_v, end
        adc.run(elapsed_us * 1000, self._shunt, start, end, self._temperature)

    @property
    def supply_ua(self) -> float:
        """Supply current now, uA: converting (or about to), shutdown, or none."""
        if not self.powered:
            return 0.0
        return CONVERTING_UA if self._adc.running else SHUTDOWN_UA

    @property
    def next_change_us(self) -> int | None:
        """True time at which `supply_ua` will fall by itself (end of a triggered run), or None."""
        remaining_ns = self._adc.stop_ns
        return None if remaining_ns is None else self._now_us - (-remaining_ns // 1000)

    def _find_codes(self, current_ua: float, temperature_c: float) -> None:
        """Find the codes of the shunt and of DIETEMP."""
        self._seen_ua, self._seen_c = current_ua, temperature_c
        shunt = round(
            current_ua * self._shunt_per_ua
            + self._shunt_offset
            + (temperature_c - 25.0) * self._shunt_per_c
        )
        self._shunt = min(max(shunt, _LOWEST), _HIGHEST)
        temperature = round(temperature_c * reg.TEMPERATURE_COUNTS_PER_C)
        self._temperature = min(max(temperature, -0x8000), 0x7FFF)

    def _bus_code(self, volts: float) -> int:
        """Return the code of VBUS, which is never negative."""
        code = round(volts * self._bus_per_v + self._bus_offset)
        if code <= 0:
            return 0
        return code if code < _HIGHEST else _HIGHEST

    # The bus side

    def _shown(self, register: int) -> int:
        reader = self._readers.get(register)
        return self._stored.get(register, 0) if reader is None else reader()

    def _write(self, register: int, word: int) -> None:
        before = self._stored[register]
        self._stored[register] = word & reg.REGISTERS[register].writable
        if register == reg.CONFIG:
            self._write_config(word, before)
        elif register == reg.ADC_CONFIG:
            self._write_adc_config(word)
        elif register == reg.SHUNT_CAL:
            self._engine.scale(self._stored[register])

    def _is_behind(self, now_us: int) -> bool:
        return self._adc.running

    def _power_up(self) -> None:
        self._wake(START_UP_US)
        self._start()

    def _write_config(self, word: int, before: int) -> None:
        """RST wins over the rest; a new range or delay restarts conversions (assumed)."""
        if word & reg.RST:
            self._reset()
            self._wake(START_UP_US)
            self._start()
            return
        if word & reg.RSTACC:
            self._engine.clear_accumulators()
        if self._stored[reg.CONFIG] != before:
            self._measure_range()
            if self._adc.running:
                self._start()

    def _write_adc_config(self, word: int) -> None:
        """Every write interrupts and restarts (section 7.3.4)."""
        if not (word >> reg.MODE_SHIFT) & reg.CHANNELS:
            self._adc.stop()
            return
        self._engine.clear_ready()
        if not self._adc.running:
            self._wake(WAKE_US)
        self._start()

    # Conversions

    def _reset(self) -> None:
        """Everything to the values after power-on, conversions stopped."""
        for register, spec in reg.REGISTERS.items():
            self._stored[register] = spec.reset & (spec.writable or 0xFFFF)
        self._engine.reset()
        self._adc.stop()
        self._measure_range()

    def _measure_range(self) -> None:
        """Shunt codes per uA, at no current and per degC, with the errors of this specimen."""
        errors = self.errors
        lsb_uv = reg.SHUNT_LSB_UV[bool(self._stored[reg.CONFIG] & reg.ADCRANGE)]
        per_uv = _ONE / lsb_uv
        self._noise = errors.noise_uv / lsb_uv
        self._shunt_per_ua = self.shunt_ohm * (1.0 + errors.gain_error) * per_uv
        bias = errors.bias_current_na / 1000.0 * self._shunt_per_ua
        self._shunt_offset = errors.offset_uv * per_uv + bias
        self._shunt_per_c = errors.offset_drift_uv_per_c * per_uv
        self._bus_per_v = 1e6 * (1.0 + errors.bus_gain_error) / reg.BUS_LSB_UV * _ONE
        self._bus_offset = errors.bus_offset_uv / reg.BUS_LSB_UV * _ONE
        # Of which the codes are: of nothing so far.
        self._seen_ua = self._seen_c = self._bus_v = nan
        self._bus = 0

    def _wake(self, wake_us: int) -> None:
        """The analog side is up `wake_us` from now, or when an earlier start-up ends."""
        self._awake_us = max(self._awake_us, self._now_us + wake_us)

    def _start(self) -> None:
        """Begin conversions as ADC_CONFIG says, CONVDLY after the analog side is up."""
        word = self._stored[reg.ADC_CONFIG]
        mode = word >> reg.MODE_SHIFT
        channels = mode & reg.CHANNELS
        bus_us = reg.CONVERSION_US[word >> 9 & 7]
        shunt_us = reg.CONVERSION_US[word >> 6 & 7]
        temperature_us = reg.CONVERSION_US[word >> 3 & 7]
        cycle_us = (
            temperature_us * bool(channels & reg.TEMPERATURE)
            + shunt_us * bool(channels & reg.SHUNT)
            + bus_us * bool(channels & reg.BUS)
        )
        continuous = bool(mode & reg.CONTINUOUS)
        sigma = self._noise * (reg.CONVERSION_US[-1] / shunt_us) ** 0.5
        averages = reg.AVERAGES[word & 7]
        self._engine.configure(channels, averages, cycle_us, continuous, sigma)
        steps = self._stored[reg.CONFIG] >> reg.CONVDLY_SHIFT & reg.CONVDLY_MASK
        delay_ns = max(self._awake_us - self._now_us, 0) * 1000
        delay_ns += self._true_ns(steps * reg.CONVDLY_STEP_US)
        windows = (
            self._true_ns(temperature_us),
            self._true_ns(shunt_us),
            self._true_ns(bus_us),
        )
        self._adc.start(channels, windows, delay_ns, not continuous)

    def _true_ns(self, nominal_us: int) -> int:
        """True length in ns of a time that the part's oscillator counts."""
        return round(nominal_us * 1000 * (1.0 + self.errors.oscillator_error))
