"""`machine` of the STM32 port, as far as a sensor node uses it.

From ports/stm32 of MicroPython: modmachine.c, rtc.c, machine_wdt.c, machine_i2c.c, pin.c.
"""

import time

import _board
import _interrupts
import _link
import _machine
import _protocol
from _machine import WDT, BasePin, BaseRTC, Bus, reset  # noqa: F401

SOFT_RESET = 0
PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4

_FINE_WAKE_UP_MS = 32000  # beyond, the wake-up timer counts whole seconds
_LONGEST_WAKE_UP_MS = 131072000

_BACKUP_19 = 0x4000289C  # RTC_BKP19R of an STM32WB (RM0434)

WDT.longest_ms = 32767  # of the independent watchdog
SoftI2C = Bus


_BOARD = {  # by which the board's own names are found, before the processor's (pin.c)
    "A0": "C0",
    "A1": "C1",
    "A2": "A1",
    "A3": "A0",
    "A4": "C3",
    "A5": "C2",
}


class _Cpu:
    """The processor's pins by their names: "A4" is pin 4 of port A, number 4 here."""

    def __getattr__(self, name):
        known = name[:1] in "ABCDEH" and name[1:].isdigit()
        if not known or int(name[1:]) > 15:
            raise AttributeError(name)
        return Pin((16 * "ABCDEFGH".index(name[0]) + int(name[1:]),))


class Pin(BasePin):
    """A string is looked up among the names of the board first; NUCLEO-WB55 has Arduino's."""

    cpu = _Cpu()

    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        pin = id
        if isinstance(pin, str):
            try:
                pin = getattr(Pin.cpu, _BOARD.get(pin, pin))
            except AttributeError:
                pass
        if isinstance(pin, Pin):
            pin = (pin._number,)
        if not isinstance(pin, tuple):
            raise ValueError("Pin(%s) doesn't exist" % (id,))
        super().__init__(pin[0], value)


class ADC:
    """A conversion of 12 bits; its reference is the board's own supply (machine_adc.c)."""

    def __init__(self, pin):
        self._number = pin._number

    def read_u16(self):
        return int.from_bytes(_link.call(_protocol.ADC_READ, self._number), "little")


class I2C(Bus):
    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        if scl is not None or sda is not None:
            raise ValueError("explicit choice of scl/sda is not implemented")


class RTC(BaseRTC):
    """It runs through every sleep and reset; Python has no call for its backup registers."""


class _Registers:
    """One backup register of the RTC, which loses what it has with the power only. The port lets
    them be written: rtc.c ends the write protection of the backup domain at each boot."""

    def __getitem__(self, address):
        _check(address)
        return int.from_bytes(_link.call(_protocol.RTC_READ), "little")

    def __setitem__(self, address, value):
        _check(address)
        _link.call(_protocol.RTC_WRITE, 0, 0, value.to_bytes(4, "little"))


def _check(address):
    if address != _BACKUP_19:
        raise NotImplementedError("the virtual board has no register there")


mem32 = _Registers()


def reset_cause():
    return _board.reset_cause % 5  # 5 is SOFT_RESET elsewhere


def unique_id():
    return _board.unique_id * 2


def deepsleep(time_ms=0):
    _machine.deepsleep(_wake_up_ms(time_ms))


def lightsleep(time_ms=0):
    begun_us = _link.now_us()
    answer = _link.call(_protocol.LIGHTSLEEP, 0, _wake_up_ms(time_ms))
    time._use_offset(answer)
    time.stand_still(_link.now_us() - begun_us)  # ticks stop with the processor's clock
    _interrupts.handle()


def _wake_up_ms(time_ms):
    if time_ms > _LONGEST_WAKE_UP_MS:
        raise ValueError("wakeup value too large")
    return time_ms if time_ms <= _FINE_WAKE_UP_MS else time_ms - time_ms % 1000
