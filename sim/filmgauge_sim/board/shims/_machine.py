"""What the ports' `machine` modules have in common."""

import time

import _board
import _interrupts
import _link
import _protocol


class BasePin:
    """A pin as far as a sensor node drives or reads it, by its number."""

    IN = PULL_UP = -2  # as the port has it

    def __init__(self, number, value):
        self._number = number
        self._pull = None  # of an input: 1 for a pull-up
        if value is not None:
            self.value(value)

    def init(self, mode=-1, pull=-1, *, value=None):
        self._pull = int(pull == self.PULL_UP) if mode == self.IN else None
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            pull = _protocol.PIN_OUTPUT if self._pull is None else self._pull
            return _link.call(_protocol.PIN_READ, self._number, pull)[0]
        _link.call(_protocol.PIN_SET, self._number, 1 if level else 0)

    __call__ = value


class Bus:
    """An I2C bus, wherever its wires are."""

    def __init__(self, *where, **options):
        pass

    def scan(self):
        return list(_link.call(_protocol.I2C_SCAN))

    def readfrom_mem(self, addr, memaddr, nbytes):
        return _link.call(_protocol.I2C_READ, addr, memaddr | nbytes << 8)

    def readfrom_mem_into(self, addr, memaddr, buf):
        _link.call_into(_protocol.I2C_READ, addr, memaddr | len(buf) << 8, buf)

    def writeto_mem(self, addr, memaddr, buf):
        _link.call(_protocol.I2C_WRITE, addr, memaddr, buf)


class WDT:
    """It cannot be stopped, and runs on through light sleep."""

    longest_ms = None  # as the port has it

    def __init__(self, id=0, timeout=5000):
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        if self.longest_ms and timeout > self.longest_ms:
            raise ValueError("WDT timeout too long")
        _link.call(_protocol.WDT_START, 0, timeout)

    def feed(self):
        _link.call(_protocol.WDT_FEED)


class BaseRTC:
    """The clock that tells the date, and lets anybody set it."""

    def datetime(self, fields=None):
        import _calendar

        return _calendar.date() if fields is None else _calendar.set_date(fields)


def unique_id():
    return _board.unique_id


def reset():
    _link.call(_protocol.RESET)


def lightsleep(time_ms=0):
    time._use_offset(_link.call(_protocol.LIGHTSLEEP, 0, time_ms))
    _interrupts.handle()


def deepsleep(time_ms=0):
    _link.call(_protocol.DEEPSLEEP, 0, time_ms)
