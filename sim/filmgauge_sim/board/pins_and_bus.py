"""A board's pins and its I2C bus: the requests that reach the world around it."""

from collections.abc import Callable, Mapping
from typing import Protocol

from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.load import BoardLoad
from filmgauge_sim.board.shims import _protocol
from filmgauge_sim.parts.bus import I2CBus

_GPIO_US = 2  # assumed
_ADC_US = 50  # assumed: with its set-up
_ADC_FULL = 4095
_ADDRESSES = 112  # that a scan asks

Handler = Callable[[int, int, bytes], bytes]


class World(Protocol):
    """What surrounds the board: the cell, its circuit and the sensors on the bus."""

    bus: I2CBus

    def advance_to(self, now_us: int) -> None:
        """Let physics follow to `now_us`."""
        ...

    def set_pin(self, pin: int, level: int, now_us: int) -> None:
        """Let an output of the board act on the circuit."""
        ...


class PinsAndBus:
    """Handlers by operation; `transfers` counts those on the bus.

    stuck: pin -> level that its pad always has.
    """

    def __init__(
        self, kind: BoardKind, world: World, load: BoardLoad, stuck: Mapping[int, int]
    ) -> None:
        self.transfers = 0
        self._kind = kind
        self._world = world
        self._load = load
        self._stuck = stuck
        self._high: set[int] = set()
        self._held: set[int] = set()
        self._holds_all = False
        self.handlers: dict[int, Handler] = {
            _protocol.I2C_READ: self._i2c_read,
            _protocol.I2C_WRITE: self._i2c_write,
            _protocol.I2C_SCAN: self._i2c_scan,
            _protocol.PIN_SET: self._pin_set,
            _protocol.PIN_READ: self._pin_read,
            _protocol.ADC_READ: self._adc_read,
            _protocol.PIN_HOLD: self._pin_hold,
            _protocol.PINS_HOLD: self._pins_hold,
        }

    def release(self) -> None:
        """Let outputs fall low, as they do in reset or without power."""
        self._held.clear()
        self._holds_all = False
        self._let_fall(set(self._high))

    def release_unless_held(self) -> None:
        """Let outputs fall low, as they do in deep sleep, unless their pads are held there."""
        held = {pin for pin in self._held if self._holds_all or pin < self._kind.held_pins}
        self._let_fall(self._high - held)

    def _let_fall(self, pins: set[int]) -> None:
        for pin in sorted(pins):
            self._world.set_pin(pin, 0, self._reach())
        self._high -= pins

    def _reach(self) -> int:
        """Let the world follow to the board's time, and return that."""
        now_us = self._load.now_us
        self._world.advance_to(now_us)
        return now_us

    def _i2c_read(self, small: int, argument: int, data: bytes) -> bytes:
        length = argument >> 8
        self.transfers += 1
        self._load.expect_work(self._kind.check_work_us)
        bus = self._world.bus
        self._load.work(bus.duration_us(length + 3))
        return bus.read(small, argument & 0xFF, length, self._reach())

    def _i2c_write(self, small: int, argument: int, data: bytes) -> bytes:
        self.transfers += 1
        bus = self._world.bus
        self._load.work(bus.duration_us(len(data) + 2))
        bus.write(small, argument & 0xFF, data, self._reach())
        return b""

    def _i2c_scan(self, small: int, argument: int, data: bytes) -> bytes:
        bus = self._world.bus
        self._load.work(_ADDRESSES * bus.duration_us(1))
        return bytes(bus.scan(self._reach()))

    def _pin_set(self, small: int, argument: int, data: bytes) -> bytes:
        self._load.work(_GPIO_US)
        self._world.set_pin(small, self._stuck.get(small, argument), self._reach())
        self._high.discard(small)
        if argument:
            self._high.add(small)
            if small == self._kind.pins.gate:  # it samples the voltage, and then works on it
                self._load.expect_work(self._kind.sample_work_us)
        return b""

    def _pin_read(self, small: int, argument: int, data: bytes) -> bytes:
        """Return the level of a pad: only the wires of the bus have a pull-up of their own."""
        self._load.work(_GPIO_US)
        if small in self._stuck:
            return bytes((self._stuck[small],))
        if argument == _protocol.PIN_OUTPUT:
            return bytes((int(small in self._high),))
        pins = self._kind.pins
        pulled_up = small in (pins.scl, pins.sda) and self._world.bus.pulled_up
        return bytes((int(pulled_up or bool(argument)),))

    def _adc_read(self, small: int, argument: int, data: bytes) -> bytes:
        """Return half of the capacitor's voltage in 12 bits of the board's supply, as u16."""
        self._load.work(_ADC_US)
        self._reach()
        if small != self._kind.pins.supply:
            raise ValueError(f"there is nothing at the analog input of pin {small}")
        volts = getattr(self._world, "capacitor_v") / 2.0  # noqa: B009  one that has one
        code = max(0, min(_ADC_FULL, round(volts / self._kind.supply_v * _ADC_FULL)))
        return (code << 4 | code >> 8).to_bytes(2, "little")

    def _pin_hold(self, small: int, argument: int, data: bytes) -> bytes:
        if argument:
            self._held.add(small)
        else:
            self._held.discard(small)
        return b""

    def _pins_hold(self, small: int, argument: int, data: bytes) -> bytes:
        self._holds_all = bool(small)
        return b""
