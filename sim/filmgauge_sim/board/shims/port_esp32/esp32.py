"""`esp32` of the ESP32 port, as far as a sensor node uses it."""

import _board
import _link
import _protocol

if _board.holds_all:  # only with some versions of the chip's own library (modesp32.c)

    def gpio_deep_sleep_hold(enable):
        """Let pads that are held stay so through deep sleep, those outside the RTC domain too."""
        _link.call(_protocol.PINS_HOLD, 1 if enable else 0)
