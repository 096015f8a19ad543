"""What the ports' `machine` modules have in common: pins and the I2C bus."""

import _link
import _protocol


class Output:
    """A pin as far as a sensor node drives or reads it, by its number."""

    IN = PULL_UP = -2  # as the port has it

    def __init__(self, number, value):
        self._number = number
        self._level = 0
        self._pull = None  # of an input: 1 for a pull-up
        if value is not None:
            self.value(value)

    def init(self, mode=-1, pull=-1, *, value=None):
        self._pull = int(pull == self.PULL_UP) if mode == self.IN else None
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            if self._pull is None:
                return self._level
            return _link.call(_protocol.PIN_READ, self._number, self._pull)[0]
        self._level = 1 if level else 0
        _link.call(_protocol.PIN_SET, self._number, self._level)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class Wires:
    """The transfers of an I2C bus."""

    def scan(self):
        return list(_link.call(_protocol.I2C_SCAN))

    def readfrom_mem(self, addr, memaddr, nbytes):
        return _link.call(_protocol.I2C_READ, addr, memaddr | nbytes << 8)

    def readfrom_mem_into(self, addr, memaddr, buf):
        _link.call_into(_protocol.I2C_READ, addr, memaddr | len(buf) << 8, buf)

    def writeto_mem(self, addr, memaddr, buf):
        _link.call(_protocol.I2C_WRITE, addr, memaddr, buf)
