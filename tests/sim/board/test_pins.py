"""Output pins around a deep sleep: they fall, unless the firmware holds them."""

from pathlib import Path

import pytest
from board_program import Program

from filmgauge_sim.board.outcome import ResetCause

SOURCE = """
import esp32
import machine

pin = machine.Pin(10, machine.Pin.OUT, value=1)
esp32.gpio_deep_sleep_hold({held})
machine.deepsleep(1000)
"""


@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
@pytest.mark.parametrize("held", [False, True])
def test_a_held_pin_stays_high_through_deep_sleep(
    tmp_path: Path, runtime: str, held: bool
) -> None:
    with Program(tmp_path, runtime, SOURCE.format(held=held)) as program:
        outcome = program.boot()
        assert outcome.cause is ResetCause.DEEP_SLEEP
        pins = program.world.pins
        assert [change[:2] for change in pins] == [(10, 1)]
        asleep_us = program.board.now_us
        program.board.sleep(outcome.sleep_ms)
        program.board.boot(ResetCause.DEEP_SLEEP)
        # A held pad waits for the firmware that lets it go.
        assert pins[1:] == ([] if held else [(10, 0, asleep_us)])
        program.board.boot(ResetCause.WATCHDOG)
        assert [change[:2] for change in pins[1:]] == [(10, 0)]


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
