"""`esp32` of the ESP32 port, as far as a sensor node uses it."""

import _link
import _protocol


def gpio_deep_sleep_hold(enable):
    """Keep output pins as they are through the next deep sleep, or let them fall."""
    _link.call(_protocol.PIN_HOLD, 1 if enable else 0)
