"""ESP32 family: deep sleep keeps 2048 bytes of RTC memory and the RTC, and boots anew."""

import time

import esp32
import machine
from machine import I2C, RTC, WDT, Pin

from filmgauge.uplink.mqtt.uplink import MqttUplink


class Esp32:
    """The board of the bench node and the gateway: Wi-Fi, one radio per wake."""

    name = "esp32"
    boots_anew = True  # after every sleep

    def __init__(self):
        self._rtc = RTC()

    def retained(self, data=None):
        """Return the retained memory, or replace it."""
        if data is None:
            return self._rtc.memory()
        self._rtc.memory(data)
        return data

    def pages(self, bonds=False):
        """Return None: littlefs outlives power cuts, since its blocks are what is erased."""

    def clock_ms(self) -> int:
        """Return the RTC in ms: it runs through deep sleep and begins anew when power returns."""
        return time.time_ns() // 1000000

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
        return WDT(timeout=timeout_ms)

    def nap(self, duration_ms: int) -> None:
        """Wait for a sensor, awake."""
        time.sleep_ms(duration_ms)

    def uplink(self, config, profile):
        """Return the way of records to their receiver."""
        return MqttUplink(self, config, profile)

    def radio_off(self, wlan) -> None:
        """Leave the network and take the radio off its power."""
        wlan.active(False)

    def reset(self) -> None:
        """Boot anew; the RTC runs on."""
        machine.reset()

    def sleep(self, duration_ms: int) -> None:
        """Sleep deeply; does not return: the board boots anew."""
        machine.deepsleep(duration_ms)
