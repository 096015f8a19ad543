"""STM32WB: stop mode keeps all RAM at some 2 uA, so the node never boots anew by itself.

What differs from other ports, all of it in ports/stm32 of MicroPython:
- Pins have names. The configuration counts 16 to a port: 0 is A0, 24 is B8.
- The hardware I2C buses have fixed pins; a soft one goes where the configuration says.
- Nothing but a reset stops the watchdog. It runs on in stop mode and waits 32 s at most, so a
  sleep is cut into slices with the watchdog fed between them.
- The wake-up timer is exact to 0.5 ms up to 32 s, and beyond that counts whole seconds.
- Ticks stand still in stop mode: only the RTC tells how long it was.
- No memory outlives a reset; what is remembered over one is in the journal.
"""

import time

import machine
from machine import WDT, Pin, SoftI2C

from filmgauge.compat import const
from filmgauge.uplink.none import NoUplink

_PORTS = "ABCDEFGH"
_LONGEST_WATCHDOG_MS = const(32000)
_SLICE_MS = const(28000)  # its RC clock may run a tenth fast
_SHORTEST_NAP_MS = const(2)  # below, waking up costs more than it saves: 1 ms (assumed)


class Stm32Wb:
    """The board of a harvesting node. It has no Wi-Fi."""

    name = "stm32wb"
    boots_anew = False  # its sleep keeps RAM

    def __init__(self):
        self._retained = b""
        self._watchdog = None

    def retained(self, data=None):
        """Return what outlives sleep and a failed wake, but no reset; or replace it."""
        if data is not None:
            self._retained = bytes(data)
        return self._retained

    def clock_ms(self) -> int:
        """Return the RTC in ms: it runs through sleep and resets, and begins anew with power."""
        return time.time_ns() // 1000000

    def i2c(self, pin_scl: int, pin_sda: int, frequency_hz: int):
        """Return the I2C bus."""
        return SoftI2C(Pin(_name(pin_scl)), Pin(_name(pin_sda)), freq=frequency_hz)

    def output(self, pin: int):
        """Return an output pin, low."""
        return Pin(_name(pin), Pin.OUT, value=0)

    def latch(self, pin: int, level: int) -> None:
        """Set an output; stop mode keeps its level."""
        Pin(_name(pin), Pin.OUT, value=level)

    def watchdog(self, timeout_ms: int):
        """Return the running watchdog, fed; it waits 32 s at most."""
        if self._watchdog is None:
            self._watchdog = WDT(timeout=min(timeout_ms, _LONGEST_WATCHDOG_MS))
        self._watchdog.feed()
        return self._watchdog

    def nap(self, duration_ms: int) -> None:
        """Wait for a sensor, in stop mode where that is worth it."""
        if duration_ms < _SHORTEST_NAP_MS:
            time.sleep_ms(duration_ms)
        else:
            machine.lightsleep(duration_ms)

    def uplink(self, config, profile):
        """Return the way of records to their receiver."""
        if not config.ble_advertise_ms:
            return NoUplink()
        import bluetooth  # a node that does not use the radio does not load it

        from filmgauge.uplink.ble.uplink import BleUplink

        return BleUplink(self, config, profile, bluetooth)

    def feed(self) -> None:
        """Feed the watchdog, where it runs."""
        if self._watchdog is not None:
            self._watchdog.feed()

    def doze(self, duration_ms: int) -> None:
        """Sleep in stop mode for a while, or until the radio has something to tell."""
        self.feed()
        machine.lightsleep(max(1, min(duration_ms, _SLICE_MS)))

    def reset(self) -> None:
        """Boot anew; the RTC runs on."""
        machine.reset()

    def sleep(self, duration_ms: int) -> None:
        """Sleep with RAM kept, until `duration_ms` from now."""
        until_ms = self.clock_ms() + duration_ms
        while True:
            self.feed()
            left_ms = until_ms - self.clock_ms()
            if left_ms <= 0:
                return
            machine.lightsleep(min(left_ms, _SLICE_MS))


def _name(pin):
    return _PORTS[pin >> 4] + str(pin & 15)
