"""`machine` of the ESP32 port, as far as a sensor node uses it."""

import _board
import _interrupts
import _link
import _protocol
from _pins_and_bus import Output, Wires

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


class Pin(Output):
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1

    def __init__(self, id, mode=-1, pull=-1, value=None, hold=None):
        super().__init__(id, value)  # `hold` lets go of the pad while the level is set


class I2C(Wires):
    def __init__(self, id=-1, *, scl=None, sda=None, freq=400000, timeout=50000):
        pass


SoftI2C = I2C


class RTC:
    def memory(self, data=None):
        if data is None:
            return _link.call(_protocol.RTC_READ)
        if len(data) > 2048:
            raise ValueError("buffer too long")
        _link.call(_protocol.RTC_WRITE, 0, 0, data)


class WDT:
    def __init__(self, id=0, timeout=5000):
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        _link.call(_protocol.WDT_START, 0, timeout)

    def feed(self):
        _link.call(_protocol.WDT_FEED)


def reset_cause():
    return _board.reset_cause


def unique_id():
    return _board.unique_id


def freq(hz=None):
    return 160000000


def reset():
    _link.call(_protocol.RESET)


soft_reset = reset


def deepsleep(time_ms=0):
    _link.call(_protocol.DEEPSLEEP, 0, time_ms)


def lightsleep(time_ms=0):
    _link.call(_protocol.LIGHTSLEEP, 0, time_ms)
    _interrupts.handle()
