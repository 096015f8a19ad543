"""Output pins around a deep sleep: they fall, unless the firmware holds them."""

from dataclasses import replace
from pathlib import Path

import pytest
from board_program import Program

from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.outcome import ResetCause
from filmgauge_sim.nodes.boards import BOARDS

SOURCE = """
import esp32
import machine

for number in (3, 10):
    machine.Pin(number, machine.Pin.OUT, value=1, hold={hold})
if hasattr(esp32, "gpio_deep_sleep_hold"):
    esp32.gpio_deep_sleep_hold(True)
machine.deepsleep(1000)
"""
C3 = BOARDS["esp32-c3"]
BOTH = pytest.mark.parametrize("runtime", ["micropython", "cpython"])


@BOTH
@pytest.mark.parametrize(
    ("kind", "hold", "stay"),
    [
        (C3, None, []),
        (C3, True, [3]),  # the other is outside the RTC domain
        (replace(C3, holds_all=True), True, [3, 10]),
        (BOARDS["esp32-s3"], True, [3, 10]),
        (BOARDS["esp32-c6"], True, [3, 10]),
    ],
)
def test_pads_that_are_held_and_can_be_stay_high_in_deep_sleep(
    tmp_path: Path, runtime: str, kind: BoardKind, hold: bool | None, stay: list[int]
) -> None:
    with Program(tmp_path, runtime, SOURCE.format(hold=hold), kind=kind) as program:
        outcome = program.boot()
        assert outcome.cause is ResetCause.DEEP_SLEEP
        pins = program.world.pins
        assert [change[:2] for change in pins] == [(3, 1), (10, 1)]
        asleep_us = program.board.now_us
        program.board.sleep(outcome.sleep_ms)
        program.board.boot(ResetCause.DEEP_SLEEP)
        # A held pad waits for the firmware that lets it go.
        assert pins[2:] == [(pin, 0, asleep_us) for pin in (3, 10) if pin not in stay]
        program.board.boot(ResetCause.WATCHDOG)
        assert sorted(change[:2] for change in pins[2:]) == [(3, 0), (10, 0)]


NAMES = """
from machine import Pin

Pin("A4", Pin.OUT, value=1)
Pin(Pin.cpu.A4, Pin.OUT, value=1)
Pin("B8", Pin.OUT, value=1)
for name in ("A16", "PA4", "X1"):
    try:
        Pin(name)
    except ValueError as error:
        print(error)
"""


@BOTH
def test_an_stm32_finds_the_names_of_its_board_before_those_of_the_processor(
    tmp_path: Path, runtime: str
) -> None:
    """Of NUCLEO-WB55: A4 is the Arduino name of PC3."""
    with Program(tmp_path, runtime, NAMES, kind=BOARDS["stm32wb55"]) as program:
        program.boot()
        assert [change[:2] for change in program.world.pins] == [(2 * 16 + 3, 1), (4, 1), (24, 1)]
        assert program.said[:3] == [f"Pin({name}) doesn't exist" for name in ("A16", "PA4", "X1")]


INPUT = """
import machine

for number in (9, 8, 10):  # SCL, SDA, and one with nothing on it
    pin = machine.Pin(number)
    for pull in (machine.Pin.PULL_DOWN, machine.Pin.PULL_UP, None):
        pin.init(machine.Pin.IN, pull)
        print(pin.value(), end="")
    pin.init(machine.Pin.OUT, value=1)
    print(pin.value())
"""


@pytest.mark.parametrize("pulled_up", [True, False])
def test_only_the_wires_of_the_bus_are_held_high(tmp_path: Path, pulled_up: bool) -> None:
    for runtime in ("micropython", "cpython"):
        with Program(tmp_path / runtime, runtime, INPUT) as program:
            program.world.bus.pulled_up = pulled_up
            program.boot()
            wire = "1111" if pulled_up else "0101"
            assert program.said[:3] == [wire, wire, "0101"]
