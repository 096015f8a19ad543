"""`machine` of the RP2 port, as far as a sensor node uses it.

From ports/rp2 of MicroPython: modmachine.c, machine_wdt.c, machine_i2c.c.
"""

import _board
import _machine
from _machine import WDT, BasePin, BaseRTC, Bus, reset

PWRON_RESET = 1
WDT_RESET = 3

_LONGEST_SLEEP_MS = 4294967
_SCRATCH_4 = 0x4005801C
_TIMED_OUT = 0x6AB73121  # WATCHDOG_NON_REBOOT_MAGIC of the SDK (hardware_watchdog/watchdog.c)

WDT.longest_ms = 8388
SoftI2C = Bus


class Pin(BasePin):
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        super().__init__(id, value)


class RTC(BaseRTC):
    """It has no memory that firmware could use."""


class _Registers:
    """Of the watchdog: its fifth scratch register tells a time-out from a reset by software."""

    def __getitem__(self, address):
        if address != _SCRATCH_4:
            raise NotImplementedError("the virtual board has no register there")
        return _TIMED_OUT if _board.reset_cause == WDT_RESET else 0


mem32 = _Registers()


def reset_cause():
    return PWRON_RESET if _board.reset_cause == 1 else WDT_RESET


def unique_id():
    return _board.unique_id + b"\x00\x00"


def lightsleep(time_ms=0):
    """Ticks run through it. The date stands still since version 1.23: clk_rtc is among the clocks
    that are stopped (modmachine.c, issue #16519)."""
    if time_ms > _LONGEST_SLEEP_MS:
        raise ValueError("sleep too long")
    _machine.lightsleep(time_ms)


def deepsleep(time_ms=0):
    lightsleep(time_ms)
    reset()
