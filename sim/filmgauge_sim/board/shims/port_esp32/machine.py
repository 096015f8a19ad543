"""`machine` of the ESP32 port, as far as a sensor node uses it."""

import _board
import _link
import _protocol
from _machine import WDT, BasePin, BaseRTC, Bus, deepsleep, lightsleep, reset, unique_id  # noqa: F401

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

I2C = SoftI2C = Bus


class Pin(BasePin):
    IN = 1
    OUT = 3
    PULL_UP = 2
    PULL_DOWN = 1

    def __init__(self, id, mode=-1, pull=-1, value=None, hold=None):
        super().__init__(id, value)
        if hold is not None:  # the pad was let go of while the level was set
            _link.call(_protocol.PIN_HOLD, id, 1 if hold else 0)


class RTC(BaseRTC):
    def memory(self, data=None):
        if data is None:
            return _link.call(_protocol.RTC_READ)
        if len(data) > 2048:
            raise ValueError("buffer too long")
        _link.call(_protocol.RTC_WRITE, 0, 0, data)


def reset_cause():
    return _board.reset_cause
