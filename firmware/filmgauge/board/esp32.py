"""ESP32 family: deep sleep keeps 2048 bytes of RTC memory and the date, and boots anew.

Ticks begin with each boot, and no clock that runs through deep sleep can be had from Python but
the date. So RTC memory also has what time it was, and how long a sleep was asked for.
"""

import time

import esp32
import machine
from machine import I2C, RTC, WDT, Pin

from filmgauge.board.clock_block import BLOCK, RESET_MS, RUNNING_MS, go_on, seal_clock
from filmgauge.board.steady_clock import SteadyClock
from filmgauge.compat import const

_RECORD_SIZE = const(128)  # of the one that is being sent
_LONGEST_WAIT_MS = const(60000)  # of any wait for the network


class Esp32:
    """The board of the bench node and the gateway: Wi-Fi, one radio per wake."""

    name = "esp32"
    boots_anew = True  # after every sleep
    files_outlive_cuts = True
    TAIL = _RECORD_SIZE + BLOCK

    def __init__(self):
        self._rtc = RTC()
        self.clock = SteadyClock()
        self._watchdog = None
        self.cause = machine.reset_cause()
        self._memory = None  # as it was replaced last
        self._mark_ms = RESET_MS  # or RUNNING_MS
        self._found = self._rtc.memory()
        self._has_clock = not self._found  # else what is there may be of a version without one
        if len(self._found) >= BLOCK:
            has_slept = self.cause == machine.DEEPSLEEP_RESET
            asked_ms = go_on(self.clock, self._found[-BLOCK:], has_slept)
            self._has_clock = asked_ms is not None
            if asked_ms == RUNNING_MS and not (has_slept or self.cause == machine.PWRON_RESET):
                self.cause = machine.WDT_RESET

    def retained(self, data=None):
        """Return the retained memory, or replace it; the last bytes are the clock's."""
        if data is None:
            data, self._found = self._found, None  # there is no room for it to stay
            return self._rtc.memory() if data is None else data
        self._memory = data
        self._retain(self._mark_ms)
        return data

    def _retain(self, asked_ms):
        block = memoryview(self._memory)[-BLOCK:]  # pyright: ignore
        seal_clock(self.clock, block, asked_ms)
        self._rtc.memory(self._memory)

    def mark_running(self, is_running: bool) -> None:
        """Let the next boot be a failure, unless it ends a sleep; or not."""
        self._mark_ms = RUNNING_MS if is_running else RESET_MS
        memory = self._memory
        if memory is None:
            if not self._has_clock:
                return
            # There is no room for another copy to stay.
            self._memory = self._found = bytearray(self.retained() or BLOCK)
        self._retain(self._mark_ms)
        self._memory = memory

    def pages(self, bonds=False):
        """Return None: littlefs outlives power cuts, since its blocks are what is erased."""

    def clock_ms(self) -> int:
        """Return a time in ms that nobody sets: it goes on through deep sleep and resets, and
        begins anew when power returns."""
        return self.clock.now_ms()

    def clock_leapt(self, last_ms: int) -> bool:
        """Return whether the date has leapt since the last call, or the clock would be behind
        `last_ms`, from which it then goes on."""
        return self.clock.has_leapt(last_ms)

    def add_ms(self, passed_ms: int) -> None:
        """Let the clock pass a time in which the safe mode has run, which does not set it."""
        self.clock.add_ms(passed_ms)

    def i2c(self, pin_scl: int, pin_sda: int, frequency_hz: int):
        """Return the I2C bus."""
        return I2C(0, scl=Pin(pin_scl), sda=Pin(pin_sda), freq=frequency_hz)

    def output(self, pin: int):
        """Return an output pin, low."""
        return Pin(pin, Pin.OUT, value=0)

    def latch(self, pin: int, level: int) -> None:
        """Set an output that keeps its level through deep sleep and the boot after it.

        On C3 and S3 that is sure for pads of the RTC domain only: the call that keeps the others
        is missing from most versions of the port.
        """
        # `hold` lets go of the pad first, so that the new level gets through.
        Pin(pin, Pin.OUT, value=level, hold=True)  # pyright: ignore  # the stubs lack it
        if hasattr(esp32, "gpio_deep_sleep_hold"):
            esp32.gpio_deep_sleep_hold(True)  # pyright: ignore

    def watchdog(self, timeout_ms: int):
        """Return a running watchdog; it cannot be stopped, deep sleep ends it."""
        self._watchdog = WDT(timeout=timeout_ms)
        return self._watchdog

    def feed(self) -> None:
        """Feed the watchdog, where it runs."""
        if self._watchdog is not None:
            self._watchdog.feed()

    def boot_cause(self) -> int:
        """Return why the board has booted, 0 from the second call on."""
        cause, self.cause = self.cause, 0
        return cause

    def nap(self, duration_ms: int) -> None:
        """Wait for a sensor, awake."""
        time.sleep_ms(duration_ms)

    def uplink(self, config, profile):
        """Return the way of records to their receiver."""
        from filmgauge.uplink.mqtt.uplink import MqttUplink  # only a wake that reports needs it

        return MqttUplink(self, config, profile, _LONGEST_WAIT_MS)

    def radio_off(self, wlan) -> None:
        """Leave the network and take the radio off its power."""
        wlan.active(False)

    def reset(self) -> None:
        """Boot anew; the RTC runs on."""
        self.mark_running(False)
        machine.reset()

    def sleep(self, duration_ms: int) -> None:
        """Sleep deeply; does not return: the board boots anew."""
        if self._memory is None:  # nobody came so far as to replace it
            found = self.retained()
            self._memory = bytearray(found if len(found) >= BLOCK else BLOCK)
        self._retain(duration_ms)
        machine.deepsleep(duration_ms)
