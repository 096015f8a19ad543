"""The TMP117 temperature sensor as a driver sees it on the bus.

Source: datasheet SNOSD82D, sections 7.3, 7.4 and 7.6. Usage:

    sensor = Tmp117(seed=3)
    bus.attach(sensor)
    sensor.power(True, now_us)
    sensor.advance(later_us, temperature_c)
    bus.read(0x48, 0x00, 2, later_us)

Left out, because nothing here uses it: limits and the ALERT pin, the offset register and the
EEPROM (their registers read 0). Also noise of the reading.
"""

import random

from filmgauge_sim.parts.registers import Register, RegisterPart

TEMP_RESULT = 0x00
CONFIGURATION = 0x01
DEVICE_ID = 0x0F

REGISTERS: dict[int, Register] = {
    TEMP_RESULT: Register(2, 0x8000),
    CONFIGURATION: Register(2, 0x0220, 0x0FE0),
    DEVICE_ID: Register(2, 0x0117),
}

DATA_READY = 0x2000
MODE_SHIFT = 10
SHUTDOWN = 1
ONE_SHOT = 3
SOFT_RESET = 0x0002

COUNTS_PER_C = 128  # 7.8125 m degC
ACCURACY_C = 0.1  # -20 to 50 degC, section 6.5
CONVERSION_US = 15_500  # one active conversion, section 7.3.2
AVERAGES = (1, 8, 32, 64)
# Cycle of the continuous mode: what CONV asks for, or what AVG needs if that is longer (7.6).
CYCLE_US = (15_500, 125_000, 250_000, 500_000, 1_000_000, 4_000_000, 8_000_000, 16_000_000)
SHORTEST_CYCLE_US = (15_500, 125_000, 500_000, 1_000_000)
START_UP_US = 1_500  # from supply to the first conversion (TMP116 section 7.3.1, same family)
RESET_US = 2_000  # soft reset, section 7.6

# Typical at 25 degC, section 6.5: together they give the 3.5 uA of one plain conversion a second.
CONVERTING_UA = 135.0
STANDBY_UA = 1.25
SHUTDOWN_UA = 0.15


class Tmp117(RegisterPart):
    """One TMP117. Starts without supply at time 0.

    The specimen's error is one constant offset within +-0.1 degC, drawn from `seed`, or
    `offset_c` where it is given. Raises ValueError for an address outside 0x48-0x4B or an offset
    beyond the datasheet's accuracy.
    """

    def __init__(self, address: int = 0x48, seed: int = 0, offset_c: float | None = None) -> None:
        if not 0x48 <= address <= 0x4B:
            raise ValueError(f"address must be 0x48 to 0x4b, got {address:#04x}")
        if offset_c is None:
            offset_c = random.Random(seed).uniform(-ACCURACY_C, ACCURACY_C)
        if not -ACCURACY_C <= offset_c <= ACCURACY_C:
            raise ValueError(f"offset_c must be {-ACCURACY_C} to {ACCURACY_C}, got {offset_c}")
        super().__init__(address, REGISTERS)
        self.offset_c = offset_c
        self._reset()

    # The analog side

    def advance(self, now_us: int, temperature_c: float) -> None:
        """Say that it was `temperature_c` from the last time to `now_us`.

        A conversion takes the temperature at its end. Raises ValueError if `now_us` lies before
        the last time.
        """
        if now_us < self._now_us:
            self._check_time(now_us)
        self._now_us = now_us
        if self._ready_us is None or now_us < self._ready_us:
            return
        counts = round((temperature_c + self.offset_c) * COUNTS_PER_C)
        self._stored[TEMP_RESULT] = min(max(counts, -0x8000), 0x7FFF) & 0xFFFF
        self._data_ready = DATA_READY
        if self._mode == ONE_SHOT:
            self._ready_us = None
            self._stored[CONFIGURATION] ^= (ONE_SHOT ^ SHUTDOWN) << MODE_SHIFT
        else:
            self._ready_us += ((now_us - self._ready_us) // self._cycle_us + 1) * self._cycle_us

    @property
    def supply_ua(self) -> float:
        """Supply current, uA; in continuous mode the mean of a whole cycle."""
        if not self.powered:
            return 0.0
        if self._ready_us is None:
            return SHUTDOWN_UA
        if self._mode == ONE_SHOT:
            return CONVERTING_UA
        active = min(self._active_us / self._cycle_us, 1.0)
        return STANDBY_UA + active * (CONVERTING_UA - STANDBY_UA)

    @property
    def next_change_us(self) -> int | None:
        """True time at which `supply_ua` will fall by itself (end of a one-shot), or None."""
        return self._ready_us if self._mode == ONE_SHOT else None

    # The bus side

    def _shown(self, register: int) -> int:
        """Reading the result or the configuration clears data ready."""
        value = self._stored.get(register, 0)
        if register == CONFIGURATION:
            value |= self._data_ready
        if register in (CONFIGURATION, TEMP_RESULT):
            self._data_ready = 0
        return value

    def _write(self, register: int, word: int) -> None:
        """The configuration starts its mode afresh (assumed for an unchanged one)."""
        if word & SOFT_RESET:
            self._reset()
            self._start(RESET_US)
            return
        if word >> MODE_SHIFT & 3 == 2:  # continuous as well, reads back as 0 (section 7.6)
            word &= ~(3 << MODE_SHIFT)
        self._stored[register] = word & REGISTERS[register].writable
        self._start(0)

    def _is_behind(self, now_us: int) -> bool:
        return self._ready_us is not None and now_us >= self._ready_us

    def _power_up(self) -> None:
        self._start(START_UP_US)

    # Conversions

    @property
    def _mode(self) -> int:
        return self._stored[CONFIGURATION] >> MODE_SHIFT & 3

    def _start(self, delay_us: int) -> None:
        """Begin the mode of the configuration `delay_us` from now."""
        word = self._stored[CONFIGURATION]
        average = word >> 5 & 3
        self._active_us = CONVERSION_US * AVERAGES[average]
        self._cycle_us = max(CYCLE_US[word >> 7 & 7], SHORTEST_CYCLE_US[average])
        stopped = self._mode == SHUTDOWN
        self._ready_us = None if stopped else self._now_us + delay_us + self._active_us

    def _reset(self) -> None:
        """Everything to the values after reset, conversions stopped."""
        self._stored = {register: spec.reset for register, spec in REGISTERS.items()}
        self._data_ready = 0
        self._ready_us: int | None = None
        self._active_us = self._cycle_us = CONVERSION_US
