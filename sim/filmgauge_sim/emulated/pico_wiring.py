"""What is soldered to the pins of an emulated Pico W: the sensors' bus, and switches."""

from collections.abc import Callable, Sequence
from typing import Protocol

from filmgauge_sim.board.board_kind import BoardPins
from filmgauge_sim.board.pins_and_bus import World
from filmgauge_sim.emulated.i2c_target import I2CTarget

DRIVEN_LOW, DRIVEN_HIGH = 0, 1  # GPIOPinState of rp2040py; all others let the pin go

Listener = Callable[[int, int], None]


class Pin(Protocol):
    """A GPIO of the emulator. A listener gets its new and its last state."""

    def add_listener(self, callback: Listener) -> Callable[[], None]: ...

    def set_input_value(self, value: bool) -> None: ...


class Clock(Protocol):
    """The emulator's time, ns since power-on."""

    @property
    def nanos(self) -> float: ...


class Chip(Protocol):
    """An emulated RP2040: what of it is used."""

    @property
    def gpio(self) -> Sequence[Pin]: ...

    @property
    def clock(self) -> Clock: ...


class PicoWiring:
    """Connects a world to the pins of a chip. One that is attached stays so, over resets too.

    on_transfer: called when a sensor has been addressed.
    """

    def __init__(
        self, world: World, pins: BoardPins, on_transfer: Callable[[], None] = lambda: None
    ) -> None:
        self._world = world
        self._pins = pins
        self._on_transfer = on_transfer

    def attach(self, rp2040: Chip) -> None:
        """Listen to the chip's pins. Both lines of the bus have their pull-ups outside of it."""
        scl, sda = (rp2040.gpio[pin] for pin in (self._pins.scl, self._pins.sda))
        released = {"scl": True, "sda": True}
        target = I2CTarget(self._world, lambda: _now_us(rp2040), self._on_transfer)

        def follow(line: str) -> Listener:
            def changed(state: int, _: int) -> None:
                released[line] = state != DRIVEN_LOW
                target.follow(**released)
                scl.set_input_value(released["scl"])
                sda.set_input_value(released["sda"] and not target.sda_low)

            return changed

        scl.add_listener(follow("scl"))
        sda.add_listener(follow("sda"))
        scl.set_input_value(True)
        sda.set_input_value(True)
        pins = self._pins
        for pin in (pins.gate, pins.sensors, pins.disconnect, pins.charge):
            if pin >= 0:
                rp2040.gpio[pin].add_listener(self._switch(pin, rp2040))

    def _switch(self, pin: int, chip: Chip) -> Listener:
        def changed(state: int, _: int) -> None:
            now_us = _now_us(chip)
            self._world.advance_to(now_us)
            self._world.set_pin(pin, int(state == DRIVEN_HIGH), now_us)

        return changed


def _now_us(chip: Chip) -> int:
    return int(chip.clock.nanos // 1000)
