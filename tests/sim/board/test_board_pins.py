"""Output pins around a deep sleep: they fall, unless the firmware holds them."""

from pathlib import Path

import pytest
from snippets import Program

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
