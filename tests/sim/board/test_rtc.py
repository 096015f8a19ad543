"""The clock that tells the date, as each port has it: anybody may set it, ticks stay."""

import calendar
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bare_board import KIND
from board_program import Program, both, with_firmware

from filmgauge_sim.board.outcome import ResetCause
from filmgauge_sim.nodes.boards import BOARDS

KINDS = {"esp32": KIND, "rp2": BOARDS["pico-w"], "stm32": BOARDS["stm32wb55"]}
BEGIN = {"esp32": (2000, 1, 1), "rp2": (2021, 1, 1), "stm32": (2015, 1, 1)}  # main.c of each
EPOCH = {"esp32": 2000, "rp2": 1970, "stm32": 2000}
PORTS = pytest.mark.parametrize("port", KINDS)


def since_epoch(port: str, *date: int) -> int:
    """Return seconds from the epoch of a port to a date, by the calendar of this machine."""
    return calendar.timegm((*date, 0, 0, 0)[:6]) - calendar.timegm((EPOCH[port], 1, 1, 0, 0, 0))


@PORTS
def test_a_date_begins_with_power_as_on_the_port(tmp_path: Path, port: str) -> None:
    source = (
        "import time, machine\n"
        "print(time.time(), time.time_ns() // 1000000000, time.gmtime()[:6],"
        " time.localtime()[:3])\n"
        "print(machine.RTC().datetime()[:3], time.mktime((2024, 2, 29, 12, 30, 15, 0, 0)))\n"
    )
    said, _ = both(tmp_path, source, kind=KINDS[port])
    begin = BEGIN[port]
    seconds = since_epoch(port, *begin)
    assert said[0] == f"{seconds} {seconds} {(*begin, 0, 0, 0)} {begin}"
    leap_s = calendar.timegm((2024, 2, 29, 12, 30, 15)) - calendar.timegm(
        (EPOCH[port], 1, 1, 0, 0, 0)
    )
    assert said[1] == f"{begin} {leap_s}"


@PORTS
def test_a_date_that_was_set_moves_the_time_but_no_ticks(tmp_path: Path, port: str) -> None:
    source = (
        "import time, machine\n"
        "rtc = machine.RTC()\n"
        "ticks = time.ticks_ms()\n"
        "rtc.datetime((2026, 11, 29, 0, 13, 45, 10, 250000))\n"
        "print(rtc.datetime())\n"
        "print(time.ticks_diff(time.ticks_ms(), ticks) < 5, time.time(), time.gmtime())\n"
        "try:\n    rtc.datetime((2026, 11, 29))\nexcept ValueError as error:\n    print(error)\n"
    )
    said, _ = both(tmp_path, source, kind=KINDS[port])
    sunday = 7 if port == "stm32" else 6
    fields = [int(field) for field in said[0].strip("()").split(",")]
    assert fields[:7] == [2026, 11, 29, sunday, 13, 45, 10]
    part_us = {"esp32": 250_000, "rp2": 0, "stm32": 0}[port]
    assert part_us <= fields[7] < part_us + 1000
    when = datetime(2026, 11, 29, 13, 45, 10, tzinfo=UTC)
    seconds = int(when.timestamp()) - calendar.timegm((EPOCH[port], 1, 1, 0, 0, 0))
    assert said[1] == f"True {seconds} {(2026, 11, 29, 13, 45, 10, 6, 333)}"
    assert said[2] == "requested length 8 but object has length 3"


@pytest.mark.parametrize(
    ("port", "cause", "is_kept"),
    [
        ("esp32", ResetCause.DEEP_SLEEP, True),
        ("esp32", ResetCause.WATCHDOG, True),
        ("esp32", ResetCause.POWER_ON, False),
        ("stm32", ResetCause.WATCHDOG, True),
        ("stm32", ResetCause.POWER_ON, False),
        ("rp2", ResetCause.WATCHDOG, False),
        ("rp2", ResetCause.POWER_ON, False),
    ],
)
@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_what_a_date_outlives(
    tmp_path: Path, runtime: str, port: str, cause: ResetCause, is_kept: bool
) -> None:
    source = (
        "import machine\n"
        "rtc = machine.RTC()\n"
        "print(rtc.datetime()[0])\n"
        "rtc.datetime((2031, 5, 6, 0, 7, 8, 9, 0))\n"
        "machine.reset()\n"
    )
    with Program(tmp_path, runtime, source, kind=KINDS[port]) as program:
        program.boot()
        program.boot(cause)
        assert program.said[1] == str(2031 if is_kept else BEGIN[port][0])


@pytest.mark.parametrize("port", ["rp2", "stm32"])
@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_a_date_that_is_set_in_a_light_sleep_is_known_after_it(
    tmp_path: Path, runtime: str, port: str
) -> None:
    source = (
        "import machine, time\n"
        "begun = time.time()\n"
        "ticks = time.ticks_ms()\n"
        "machine.lightsleep(2000)\n"
        "date = time.time_ns() // 1000000\n"
        "print(date // 1000 - begun, time.ticks_diff(time.ticks_ms(), ticks) // 1000)\n"
        "machine.reset()\n"
    )
    with Program(tmp_path, runtime, source, kind=KINDS[port]) as program:
        outcome = program.boot()
        program.board.clock.offset_us -= 3600_000_000
        program.board.light_sleep(outcome.sleep_ms)
        program.runtime.run(program.board)
        # Of one the ticks stand still, of the other the date.
        assert program.said == ["-3598 0" if port == "stm32" else "-3600 2"]


DATED = """
import time
from filmgauge.board import this_board
from filmgauge.uplink.set_date import renew_date, set_date
board = this_board()
set_date(board.clock, 1800000000)
for _ in range(3):
    time.sleep_ms(400)
    board.sleep(1200000)
    print(time.time() - 1800000000, board.clock_leapt(0), board.clock_ms() // 1000)
    renew_date(board.clock)
    print(time.time() - 1800000000)
import machine
machine.reset()
"""


@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_the_firmware_renews_a_date_that_stands_still_in_sleep(
    tmp_path: Path, runtime: str
) -> None:
    sources = with_firmware(DATED)
    with Program(tmp_path, runtime, DATED, sources=sources, kind=KINDS["rp2"]) as program:
        board = program.board
        board.sleep_unbroken(1 << 60)
        outcome = program.boot()
        while outcome.cause is None:
            assert outcome.resumes, program.said
            if outcome.sleep_ms:
                board.light_sleep(outcome.sleep_ms)
            outcome = program.runtime.run(board)
        said = program.said
    assert said == [
        "0 False 1200",
        "1200",
        "1200 False 2400",
        "2400",
        "2400 False 3601",
        "3601",
    ]
