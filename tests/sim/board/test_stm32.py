"""The STM32 port on the virtual board: its surface, and sleep that keeps the memory."""

from dataclasses import replace
from pathlib import Path

import pytest
from bare_board import KIND
from board_program import Program, both

from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.outcome import BoardStopped, Outcome, ResetCause
from filmgauge_sim.nodes.boards import board_kind

STM32 = replace(KIND, port="stm32", keeps_ram=True)
RUNTIMES = pytest.mark.parametrize("runtime", ["micropython", "cpython"])


def go_on(program: Program) -> Outcome:
    """Let an interrupted run go on."""
    return program.runtime.run(program.board)


def test_it_reports_itself_as_the_port_does(tmp_path: Path) -> None:
    said, _ = both(
        tmp_path,
        "import machine, os\nprint(os.uname()[0], machine.reset_cause(), machine.SOFT_RESET)\n"
        "print(len(machine.unique_id()), hasattr(machine.RTC(), 'memory'))\n",
        kind=STM32,
    )
    assert said == ["pyboard 1 0", "12 False"]


@pytest.mark.parametrize("module", ["network", "esp32"])
def test_what_it_has_not(tmp_path: Path, module: str) -> None:
    source = f"try:\n    import {module}\nexcept ImportError:\n    print('none')\n"
    assert both(tmp_path, source, kind=STM32)[0] == ["none"]


@pytest.mark.parametrize(
    "call",
    [
        "Pin(4)",
        "Pin('A16')",
        "Pin('X1')",
        "Pin('')",
        "I2C(1, scl=Pin('B8'), sda=Pin('B9'))",
        "WDT(timeout=32768)",
        "WDT(timeout=0)",
        "lightsleep(131072001)",
    ],
)
def test_what_the_port_refuses(tmp_path: Path, call: str) -> None:
    source = f"from machine import *\ntry:\n    {call}\nexcept ValueError:\n    print('refused')\n"
    assert both(tmp_path, source, kind=STM32)[0] == ["refused"]


def test_both_sensors_can_be_reached_over_a_soft_bus(tmp_path: Path) -> None:
    source = "from machine import Pin, SoftI2C\nbus = SoftI2C(Pin('B8'), Pin('B9'), freq=400000)\n"
    source += "print(bus.scan(), bus.readfrom_mem(0x48, 0x0f, 2).hex())\n"
    said, _ = both(tmp_path, source, kind=STM32)
    assert said == ["[72] 0117"]


NAP = """
import machine, time
clock, ticks = time.time_ns(), time.ticks_us()
machine.lightsleep(250)
print(time.ticks_diff(time.ticks_us(), ticks) < 100, (time.time_ns() - clock) // 100000)
"""


def test_in_a_nap_the_clock_goes_on_and_ticks_stand_still(tmp_path: Path) -> None:
    assert both(tmp_path, NAP, kind=STM32)[0] == ["True 2500"]


def test_waking_up_takes_the_time_of_the_kind(tmp_path: Path) -> None:
    said, _ = both(tmp_path, NAP, kind=replace(STM32, wake_us=3000))
    assert said == ["True 2530"]


LOOP = """
import machine
count = 0
while True:
    count += 1
    print(count)
    machine.lightsleep({ms})
"""


@RUNTIMES
def test_light_sleep_keeps_the_memory_and_passes_exactly(tmp_path: Path, runtime: str) -> None:
    clock = BoardClock(error_ppm=-20_000)
    with Program(tmp_path, runtime, LOOP.format(ms=20_000), kind=STM32, clock=clock) as program:
        outcome = program.boot()
        board = program.board
        for _ in range(4):
            assert outcome == Outcome(cause=None, sleep_ms=20_000, resumes=True)
            asleep_us, reading_us = board.now_us, board.reading_us()
            board.light_sleep(outcome.sleep_ms)
            assert 0 <= board.reading_us() - reading_us - 20_000_000 <= 1
            assert board.now_us - asleep_us == pytest.approx(20_000_000 / 0.98, abs=2)
            outcome = go_on(program)
        assert program.said == ["1", "2", "3", "4", "5"]
        assert board.load.time_us["light sleep"] == pytest.approx(4 * 20_000_000 / 0.98, abs=8)


@RUNTIMES
def test_beyond_32_s_the_wake_up_timer_counts_seconds(tmp_path: Path, runtime: str) -> None:
    with Program(tmp_path, runtime, LOOP.format(ms=40_999), kind=STM32) as program:
        assert program.boot().sleep_ms == 40_000


@RUNTIMES
def test_a_stopped_run_boots_anew(tmp_path: Path, runtime: str) -> None:
    with Program(tmp_path, runtime, LOOP.format(ms=5000), kind=STM32) as program:
        program.boot()
        go_on(program)
        program.runtime.stop()
        program.boot()
        assert program.said == ["1", "2", "1"]
        program.runtime.stop()
        program.runtime.stop()  # has no effect


@RUNTIMES
def test_firmware_that_never_sleeps_is_interrupted(tmp_path: Path, runtime: str) -> None:
    source = "import time\nn = 0\nwhile True:\n    time.sleep_ms(100)\n    n += 1\n    print(n)\n"
    with Program(tmp_path, runtime, source, kind=STM32) as program:
        board = program.board
        for seconds in (1, 2, 3):
            board.load.interrupt_us = board.kind.boot_us + seconds * 1_000_000
            outcome = program.boot() if seconds == 1 else go_on(program)
            assert outcome == Outcome(cause=None, resumes=True)
            assert 0 <= board.now_us - board.load.interrupt_us < 150_000
        assert 27 <= int(program.said[-1]) <= 30


@RUNTIMES
def test_the_watchdog_runs_on_in_light_sleep(tmp_path: Path, runtime: str) -> None:
    source = "import machine\nwatchdog = machine.WDT(timeout=32000)\nmachine.lightsleep(31000)\n"
    source += "watchdog.feed()\nmachine.lightsleep(33000)\n"
    with Program(tmp_path, runtime, source, kind=STM32) as program:
        outcome = program.boot()
        program.board.light_sleep(outcome.sleep_ms)
        outcome = go_on(program)
        fed_us = program.board.now_us
        with pytest.raises(BoardStopped) as stopped:
            program.board.light_sleep(outcome.sleep_ms)
        assert stopped.value.outcome.cause is ResetCause.WATCHDOG
        assert program.board.now_us - fed_us == pytest.approx(32_000_000, abs=1000)
        program.runtime.stop()


@RUNTIMES
def test_deep_sleep_resets_and_the_clock_goes_on(tmp_path: Path, runtime: str) -> None:
    source = "import machine, time\nprint(machine.reset_cause(), time.time())\n"
    source += "machine.deepsleep(7000)\n"
    with Program(tmp_path, runtime, source, kind=STM32) as program:
        outcome = program.boot()
        assert (outcome.cause, outcome.sleep_ms) == (ResetCause.DEEP_SLEEP, 7000)
        program.board.sleep(outcome.sleep_ms)
        program.boot(ResetCause.DEEP_SLEEP)
        assert program.said == ["1 473385600", "4 473385607"]  # 2015, from 2000


def test_an_error_in_firmware_that_resumes_is_told(tmp_path: Path) -> None:
    source = "import machine\nmachine.lightsleep(2000)\nprint(1 // 0)\n"
    with Program(tmp_path, "cpython", source, kind=STM32) as program:
        program.boot()
        assert go_on(program).cause is None
        assert "ZeroDivisionError" in program.said[-1]


def test_the_figures_of_the_kind() -> None:
    kind = board_kind("stm32wb55")
    assert not kind.has_wifi
    with pytest.raises(ValueError, match="stm32wb55"):
        board_kind("stm32")
