"""Raspberry Pi Pico W: light sleep keeps RAM at 1-2 mA, so the node never boots anew by itself.

What differs from other ports, all of it in ports/rp2 of MicroPython:
- Deep sleep is light sleep and a reset: it would cost the same, and the memory too.
- Nothing but a reset stops the watchdog. It waits 8.3 s at most, which is less than a report may
  take: it is fed while the radio joins and before each wait for the broker, and a sleep is cut
  into slices.
- No memory outlives a reset; what is remembered over one is in the journal.
"""

import time

import machine
import network
from machine import WDT, Pin, SoftI2C

from filmgauge.compat import const
from filmgauge.uplink.mqtt.uplink import MqttUplink

_POLL_MS = const(100)
_LONGEST_WATCHDOG_MS = const(8388)
_SLICE_MS = const(7500)  # below the watchdog, with time to spare


class Rp2:
    """A bench node with Wi-Fi."""

    name = "rp2"
    boots_anew = False  # its sleep keeps RAM

    def __init__(self):
        self._retained = b""
        self._watchdog = None
        self._wlan = None

    def retained(self, data=None):
        """Return what outlives sleep and a failed wake, but no reset; or replace it."""
        if data is not None:
            self._retained = bytes(data)
        return self._retained

    def clock_ms(self) -> int:
        """Return the clock in ms: it runs through sleep and begins anew with power."""
        return time.time_ns() // 1000000

    def i2c(self, pin_scl: int, pin_sda: int, frequency_hz: int):
        """Return the I2C bus, a soft one: the hardware's go to certain pins only."""
        return SoftI2C(Pin(pin_scl), Pin(pin_sda), freq=frequency_hz)

    def output(self, pin: int):
        """Return an output pin, low."""
        return Pin(pin, Pin.OUT, value=0)

    def latch(self, pin: int, level: int) -> None:
        """Set an output; light sleep keeps its level."""
        Pin(pin, Pin.OUT, value=level)

    def watchdog(self, timeout_ms: int):
        """Return the running watchdog, fed; it waits 8.3 s at most."""
        if self._watchdog is None:
            self._watchdog = WDT(timeout=min(timeout_ms, _LONGEST_WATCHDOG_MS))
        self._watchdog.feed()
        return self._watchdog

    def nap(self, duration_ms: int) -> None:
        """Wait for a sensor, awake."""
        time.sleep_ms(duration_ms)

    def uplink(self, config, profile):
        """Return the way of records to their receiver."""
        return MqttUplink(self, config, profile, self._feed)

    def connect(self, ssid: str, password: str, timeout_ms: int) -> bool:
        """Join the network; return whether that worked before the deadline."""
        self._wlan = network.WLAN(network.STA_IF)
        self._wlan.active(True)
        deadline = time.ticks_add(time.ticks_ms(), timeout_ms)
        self._wlan.connect(ssid, password)
        while not self._wlan.isconnected():
            if time.ticks_diff(deadline, time.ticks_ms()) <= 0:
                return False
            self._feed()
            time.sleep_ms(_POLL_MS)
        return True

    def disconnect(self) -> None:
        """Switch the radio off."""
        if self._wlan is not None:
            self._wlan.active(False)
            self._wlan = None

    def sleep(self, duration_ms: int) -> None:
        """Sleep with RAM kept, until `duration_ms` from now."""
        until_ms = self.clock_ms() + duration_ms
        while True:
            self._feed()
            left_ms = until_ms - self.clock_ms()
            if left_ms <= 0:
                return
            machine.lightsleep(min(left_ms, _SLICE_MS))

    def _feed(self):
        if self._watchdog is not None:
            self._watchdog.feed()
