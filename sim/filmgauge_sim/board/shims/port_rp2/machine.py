"""`machine` of the RP2 port, as far as a sensor node uses it.

From ports/rp2 of MicroPython: modmachine.c, machine_wdt.c, machine_i2c.c.
"""

import _board
import _interrupts
import _link
import _protocol
from _pins_and_bus import Output, Wires

PWRON_RESET = 1
WDT_RESET = 3

_LONGEST_WATCHDOG_MS = 8388
_LONGEST_SLEEP_MS = 4294967


class Pin(Output):
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        super().__init__(id, value)


class SoftI2C(Wires):
    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        pass


class I2C(Wires):
    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        pass


class RTC:
    """It has no memory that firmware could use."""


class WDT:
    """It cannot be stopped, and runs on through light sleep (assumed: the worse case)."""

    def __init__(self, id=0, timeout=5000):
        if timeout < 1 or timeout > _LONGEST_WATCHDOG_MS:
            raise ValueError("timeout exceeds %d" % _LONGEST_WATCHDOG_MS)
        _link.call(_protocol.WDT_START, 0, timeout)

    def feed(self):
        _link.call(_protocol.WDT_FEED)


def reset_cause():
    return PWRON_RESET if _board.reset_cause == 1 else WDT_RESET


def unique_id():
    return _board.unique_id + b"\x00\x00"


def freq(hz=None):
    return 125000000


def reset():
    _link.call(_protocol.RESET)


soft_reset = reset


def lightsleep(time_ms=0):
    if time_ms > _LONGEST_SLEEP_MS:
        raise ValueError("sleep too long")
    _link.call(_protocol.LIGHTSLEEP, 0, time_ms)
    _interrupts.handle()


def deepsleep(time_ms=0):
    lightsleep(time_ms)
    reset()
