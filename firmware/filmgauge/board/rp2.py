"""Raspberry Pi Pico W: light sleep at 1-2 mA.

What differs from other ports, all of it in ports/rp2 of MicroPython:
- Deep sleep is light sleep and a reset: it would cost the same, and the memory too.
- The watchdog waits 8.3 s at most, which is less than a report may take: it is fed while the
  radio joins and before each wait for the broker.
"""

import os
import time

import machine
from machine import Pin, SoftI2C

from filmgauge.board.light_sleep import LightSleeper
from filmgauge.compat import const

_LONGEST_WAIT_MS = const(6000)  # of any wait for the network: below the watchdog
_SCRATCH_4 = const(0x1C)  # of the watchdog's registers
_TIMED_OUT = const(0x6AB73121)  # what starting a watchdog writes there, and a reset clears


class Rp2(LightSleeper):
    """A bench node with Wi-Fi."""

    name = "rp2"
    LONGEST_WATCHDOG_MS = 8388
    SLICE_MS = 7500  # below the watchdog, with time to spare
    TICKS_RUN = True
    TLS_BYTES = 47104  # no system is below that mbedtls could have it from (docs/security.md)

    def _boot_cause(self):
        """A reset by software is one by the watchdog here, and told from a time-out by what the
        SDK leaves (hardware_watchdog/watchdog.c)."""
        cause = machine.reset_cause()
        if cause == machine.WDT_RESET:
            registers = 0x40058000 if "RP2040" in os.uname()[4] else 0x400D8000
            if machine.mem32[registers + _SCRATCH_4] != _TIMED_OUT:
                return 0
        return cause

    def i2c(self, pin_scl: int, pin_sda: int, frequency_hz: int):
        """Return the I2C bus, a soft one: the hardware's go to certain pins only."""
        return SoftI2C(Pin(pin_scl), Pin(pin_sda), freq=frequency_hz)

    def output(self, pin: int):
        """Return an output pin, low."""
        return Pin(pin, Pin.OUT, value=0)

    def latch(self, pin: int, level: int) -> None:
        """Set an output; light sleep keeps its level."""
        Pin(pin, Pin.OUT, value=level)

    def nap(self, duration_ms: int) -> None:
        """Wait for a sensor, awake."""
        time.sleep_ms(duration_ms)

    def radio_off(self, wlan) -> None:
        """Leave the network and take the radio off its power, which `active` does not."""
        wlan.active(False)
        wlan.deinit()

    def uplink(self, config, profile):
        """Return the way of records to their receiver."""
        from filmgauge.uplink.mqtt.uplink import MqttUplink  # only a wake that reports needs it

        return MqttUplink(self, config, profile, _LONGEST_WAIT_MS)
