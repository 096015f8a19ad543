"""Processes behind a virtual board: which interpreter runs, and that none stays behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from board_program import Program, slow_interpreter
from patience import until

from filmgauge_sim.board.executable import InterpreterError
from filmgauge_sim.board.launcher import Launcher
from filmgauge_sim.board.outcome import ResetCause

HOST = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from board_program import Program
Program(Path({folder!r}), "micropython", "print('up')\\nwhile True:\\n    pass\\n").boot()
"""


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_the_users_own_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MICROPYTHON", str(Path(sys.executable).parent / "micropython"))
    source = "import machine, sys\nprint(sys.implementation[0])\nmachine.deepsleep(7)\n"
    with Program(tmp_path, "micropython", source) as program:
        for _ in range(2):
            assert program.boot().sleep_ms == 7
        assert program.said == ["micropython"] * 2


def test_an_interpreter_without_processor_time_is_not_taken_for_one_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MICROPYTHON", str(slow_interpreter(tmp_path)))
    source = "import machine\nmachine.deepsleep(7)\n"
    with Program(tmp_path / "board", "micropython", source, guard_s=0.3) as program:
        assert program.boot().sleep_ms == 7


@pytest.mark.parametrize("name", ["/nonexistent/micropython", "no-such-micropython"])
def test_a_wrong_interpreter_is_told_in_one_sentence(tmp_path, monkeypatch, name):
    monkeypatch.setenv("MICROPYTHON", name)
    with pytest.raises(InterpreterError, match="MICROPYTHON") as told:
        Program(tmp_path, "micropython", "")
    assert name in str(told.value)
    assert "\n" not in str(told.value)


def test_closing_leaves_no_process(tmp_path: Path):
    before = set(psutil.Process().children(recursive=True))
    with Program(tmp_path, "micropython", "while True:\n    pass\n", guard_s=0.3) as program:
        helpers = set(psutil.Process().children(recursive=True)) - before
        assert len(helpers) == 1
        assert program.boot().cause is None
        assert set(psutil.Process().children(recursive=True)) - before == helpers
    assert set(psutil.Process().children(recursive=True)) <= before


def test_each_boot_is_a_new_interpreter(tmp_path: Path):
    source = """
import sys, machine
print(hasattr(sys.modules.get("time"), "mark"))
import time
time.mark = 1
machine.deepsleep(1)
"""
    with Program(tmp_path, "micropython", source) as program:
        for cause in (ResetCause.POWER_ON, ResetCause.DEEP_SLEEP, ResetCause.DEEP_SLEEP):
            program.boot(cause)
        assert program.said == ["False"] * 3


def test_a_killed_host_leaves_no_process(tmp_path: Path):
    host = HOST.format(here=str(Path(__file__).parent), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", host])
    console = tmp_path / "console"
    try:
        until(lambda: console.exists() and "up" in console.read_text())
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 2  # the helper and the interpreter
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    until(lambda: all(gone(child) for child in children))


def test_half_a_request_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nobody is told that there is something to receive, and asks for it again and again."""
    script = tmp_path / "interpreter"
    script.write_text("#!/bin/sh\nprintf half >&3\nexec sleep 100\n")
    script.chmod(0o755)
    monkeypatch.setenv("MICROPYTHON", str(script))
    with (tmp_path / "console").open("wb") as console:
        launcher = Launcher(tmp_path, tmp_path / "flash", console.fileno(), "1K", 30.0)

    def has_come() -> bool:
        with contextlib.suppress(BlockingIOError):
            return launcher.link.recv(100, socket.MSG_PEEK).endswith(b"half")
        return False

    launcher.boot()
    until(has_come)
    with pytest.raises(BlockingIOError):
        launcher.receive(wait=False)
    assert not launcher.has_received
    launcher.close()


def test_a_lost_helper_is_told(tmp_path: Path):
    others = psutil.Process().children()
    with Program(tmp_path, "micropython", "while True:\n    pass\n") as program:
        (helper,) = (child for child in psutil.Process().children() if child not in others)
        helper.kill()
        with pytest.raises(InterpreterError, match="helper process"):
            program.boot()
