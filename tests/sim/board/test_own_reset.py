"""A reset that the firmware asks for, and one that it does not: the ports have one cause for both,
and the mark of the firmware tells them apart."""

from pathlib import Path

import pytest
from board_program import Program, with_firmware

from filmgauge.board import WATCHDOG
from filmgauge_sim.board.outcome import ResetCause
from filmgauge_sim.nodes.boards import BOARDS

BOTH = pytest.mark.parametrize("runtime", ["micropython", "cpython"])
MARKED = ("esp32-c3", "stm32wb55")
BOOT = """
from filmgauge.board import this_board
board = this_board()
print(board.cause, board.retained()[:4] == b"here")
board.mark_running(True)
{does}
import machine
machine.{ends}
"""
HARD, SOFT, POWER_ON, DEEP_SLEEP = (
    ResetCause.HARD,
    ResetCause.SOFT,
    ResetCause.POWER_ON,
    ResetCause.DEEP_SLEEP,
)
RETAIN = "board.retained(bytearray(b'here' + bytes(196)))"


def causes(
    folder: Path,
    runtime: str,
    name: str,
    boots: tuple[ResetCause, ...],
    does: str = "",
    ends: str = "reset()",
) -> list[str]:
    """Return what each of some boots says: its cause, and whether memory has outlived it."""
    source = BOOT.format(does=does, ends=ends)
    sources = with_firmware(source)
    kind = BOARDS[name]
    with Program(folder, runtime, source, sources=sources, kind=kind) as program:
        for cause in boots:
            program.boot(cause)
        return program.said


@BOTH
@pytest.mark.parametrize("name", MARKED)
def test_a_reset_that_nobody_asked_for_is_one_of_the_watchdog(
    tmp_path: Path, runtime: str, name: str
) -> None:
    said = causes(tmp_path, runtime, name, (POWER_ON, HARD, HARD, POWER_ON, SOFT), RETAIN)
    assert [int(line.split()[0]) for line in said] == [1, WATCHDOG, WATCHDOG, 1, WATCHDOG]
    if name == "esp32-c3":
        assert said[1].endswith("True")


@BOTH
def test_it_is_one_before_the_firmware_has_kept_anything(tmp_path: Path, runtime: str) -> None:
    said = causes(tmp_path, runtime, "esp32-c3", (POWER_ON, HARD, HARD))
    assert [int(line.split()[0]) for line in said] == [1, WATCHDOG, WATCHDOG]


@BOTH
@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize("does", ["board.reset()", "board.mark_running(False)"])
def test_a_reset_that_the_firmware_asks_for_is_none(
    tmp_path: Path, runtime: str, name: str, does: str
) -> None:
    said = causes(tmp_path, runtime, name, (POWER_ON, HARD, SOFT), f"{RETAIN}\n{does}")
    soft = 5 if name == "esp32-c3" else 0
    assert [int(line.split()[0]) for line in said] == [1, 2, soft]


@BOTH
def test_neither_is_one_in_deep_sleep(tmp_path: Path, runtime: str) -> None:
    boots = (POWER_ON, HARD, DEEP_SLEEP, HARD)
    said = causes(tmp_path, runtime, "esp32-c3", boots, f"{RETAIN}\nboard.sleep(60000)")
    assert [int(line.split()[0]) for line in said] == [1, 2, 4, 2]


@BOTH
def test_memory_of_a_version_without_a_clock_there_stays_as_it_is(
    tmp_path: Path, runtime: str
) -> None:
    source = BOOT.format(does="print(board.retained())", ends="reset()")
    sources = with_firmware(source)
    with Program(tmp_path, runtime, source, sources=sources) as program:
        program.board.memory_at_power_on = memory = b"here" + bytes(range(60))
        program.boot()
        assert program.said[-1] == repr(memory)
        assert program.board.rtc_memory == memory


@BOTH
def test_whoever_only_looks_at_a_board_leaves_no_mark(tmp_path: Path, runtime: str) -> None:
    """As the record of the safe mode does."""
    source = BOOT.replace("board.mark_running(True)\n", "").format(does=RETAIN, ends="reset()")
    sources = with_firmware(source)
    with Program(tmp_path, runtime, source, sources=sources) as program:
        program.boot()
        program.boot(HARD)
        assert [line.split()[0] for line in program.said] == ["1", "2"]
