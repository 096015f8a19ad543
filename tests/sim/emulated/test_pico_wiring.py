"""What is on the pins, with pins of the emulator's interface in place of the emulator."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest
from i2c_controller import SAMPLE, SCL, Read, Step, Write, answers, transfer

from filmgauge_sim.board.board_kind import BoardPins
from filmgauge_sim.emulated.pico_wiring import PicoWiring
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.tmp117 import Tmp117

LOW, HIGH, INPUT, INPUT_PULL_UP, INPUT_PULL_DOWN = range(5)  # rp2040py's GPIOPinState
PINS = board_kind("pico-w").pins
NOW_US = 1234


class GpioPin:
    """A pin as rp2040py's: it tells its listeners what the chip does with it, when it changes."""

    def __init__(self) -> None:
        self.state = INPUT_PULL_DOWN
        self.driven: bool | None = None  # from outside
        self.listeners: list[Callable[[int, int], None]] = []

    def add_listener(self, callback: Callable[[int, int], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def set_input_value(self, value: bool) -> None:
        self.driven = value

    def become(self, state: int) -> None:
        before, self.state = self.state, state
        if state != before:
            for listener in self.listeners:
                listener(state, before)


class World:
    """A TMP117 on a bus; collects what the pins do and when."""

    def __init__(self) -> None:
        self.bus = I2CBus()
        self.tmp117 = Tmp117(offset_c=0.0)
        self.bus.attach(self.tmp117)
        self.tmp117.power(True, 0)
        self.reached_us = 0
        self.pins: list[tuple[int, int, int]] = []

    def advance_to(self, now_us: int) -> None:
        self.tmp117.advance(now_us, 25.0)
        self.reached_us = now_us

    def set_pin(self, pin: int, level: int, now_us: int) -> None:
        assert now_us == self.reached_us, "the world must follow first"
        self.pins.append((pin, level, now_us))


class Board:
    """A chip with a wired world."""

    def __init__(self, pins: BoardPins = PINS, released: int = INPUT) -> None:
        self.world = World()
        self.addressed = 0
        self.gpio = [GpioPin() for _ in range(30)]
        self.clock = SimpleNamespace(nanos=NOW_US * 1000.0 + 999)
        self._released = released
        PicoWiring(self.world, pins, self._count).attach(self)

    def _count(self) -> None:
        self.addressed += 1

    def play(self, steps: Sequence[Step]) -> list[bool]:
        """Do what a controller does with open-drain pins, and return the samples."""
        samples = []
        for step in steps:
            if step == SAMPLE:
                level = self.gpio[PINS.sda].driven
                assert level is not None
                samples.append(level)
                continue
            pin = self.gpio[PINS.scl if step[0] == SCL else PINS.sda]
            pin.become(self._released if step[1] else LOW)
            # What MicroPython waits for after it has let go of the clock:
            assert self.gpio[PINS.scl].driven == (self.gpio[PINS.scl].state != LOW)
        return samples


@pytest.mark.parametrize("released", [INPUT, INPUT_PULL_UP, INPUT_PULL_DOWN, HIGH])
def test_a_sensor_answers_whatever_the_pads_pull(released: int) -> None:
    board = Board(released=released)
    messages = [Write(0x48, b"\x0f"), Read(0x48, 2)]
    answer = answers(messages, board.play(transfer(messages)))[1]
    assert answer.data == b"\x01\x17"
    assert board.addressed == 2


def test_both_lines_are_high_before_the_chip_does_anything() -> None:
    board = Board()
    assert board.gpio[PINS.scl].driven is True
    assert board.gpio[PINS.sda].driven is True


def test_the_world_follows_the_time_of_the_chip() -> None:
    board = Board()
    board.play(transfer([Read(0x48, 2)]))
    assert board.world.reached_us == NOW_US


def test_switches_follow_their_pins() -> None:
    board = Board()
    for pin in (PINS.gate, PINS.disconnect):
        for state in (LOW, HIGH, INPUT):
            board.gpio[pin].become(state)
    levels = [(pin, level, NOW_US) for pin in (PINS.gate, PINS.disconnect) for level in (0, 1, 0)]
    assert board.world.pins == levels


def test_pins_that_are_not_fitted_are_let_be() -> None:
    board = Board(BoardPins(scl=5, sda=4, gate=6, sensors=-1, disconnect=-1, charge=-1))
    for pin in board.gpio:
        pin.become(HIGH)
    assert board.world.pins == [(6, 1, NOW_US)]
