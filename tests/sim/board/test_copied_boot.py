"""Boots that go on from where an earlier one has first asked for something: as if from cold."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from board_program import JOIN, Program
from patience import until

from filmgauge_sim.board.executable import InterpreterError
from filmgauge_sim.board.launcher import Launcher
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.outcome import Outcome, ResetCause

OWN = Path(sys.executable).parent / "micropython"  # of which the launcher keeps no copy
# Ticks and files before anything is asked for; then all that a boot may learn.
CURIOUS = """
import gc, machine, os, time
from binascii import crc32
begun = time.ticks_us()
with open("/there.txt") as file:
    text = file.read()
ready = time.ticks_us()
rtc = machine.RTC()
found = rtc.memory()
boots = found[0] + 1 if found else 1
rtc.memory(bytes([boots]))
print(boots, machine.reset_cause(), text, begun, ready, time.time_ns(), time.ticks_ms())
print(crc32(os.urandom(8)), time.localtime(), sorted(os.listdir("/")))
if boots == 3:
    with open("/third.txt", "w") as file:
        file.write("three")
if boots == 5:
    rtc.datetime((2020, 1, 1, 2, 3, 4, 5, 6))
gc.collect()
free = gc.mem_free()
print(free)
time.sleep_ms(7)
machine.deepsleep(boots * 100)
"""


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The clocks of the boots that have gone on from a copy."""
    clocks: list[int] = []
    boot_copy = Launcher.boot_copy

    def counted(launcher: Launcher, clock_us: int) -> None:
        clocks.append(clock_us)
        boot_copy(launcher, clock_us)

    monkeypatch.setattr(Launcher, "boot_copy", counted)
    return clocks


def change_file(program: Program) -> None:
    install(program.board.flash, {"/there.txt": b"from somebody else"})


def set_latency(program: Program) -> None:
    program.board.station.latency_us += 1000  # HELLO answers it


def life(program: Program, changes: dict[int, Callable[[Program], None]]) -> list[Any]:
    """Boot and sleep eight times, with some changes before a boot; return what came of it."""
    seen: list[Any] = []
    cause = ResetCause.POWER_ON
    for number in range(8):
        changes.get(number, lambda program: None)(program)
        outcome = program.boot(cause)
        seen.append((outcome, program.board.now_us, program.board.requests))
        program.board.sleep(outcome.sleep_ms)
        cause = outcome.cause or cause
    return [program.said, seen, bytes(program.board.flash.image[:])]


@pytest.mark.parametrize("changes", [{}, {2: change_file, 6: set_latency}])
def test_a_copy_lives_as_a_boot_from_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copies: list[int], changes
):
    with Program(tmp_path / "copied", "micropython", CURIOUS) as program:
        copied = life(program, changes)
    # From cold are the power-on, the first wake, what finds the file of the third boot and the
    # date of the fifth, and what finds somebody's change.
    assert len(copies) == 8 - 4 - len(changes)
    copies.clear()
    monkeypatch.setenv("MICROPYTHON", str(OWN))
    with Program(tmp_path / "from cold", "micropython", CURIOUS) as program:
        assert life(program, changes) == copied
    assert not copies


def test_the_power_may_go_at_every_request_of_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copies: list[int]
):
    def lives(folder: str) -> list[Any]:
        seen: list[Any] = []
        with Program(tmp_path / folder, "micropython", CURIOUS) as program:
            for request in range(1, 9):
                for _ in range(2):  # the second one wakes as the next one does
                    program.boot(ResetCause.DEEP_SLEEP)
                program.board.cut_at_request = program.board.requests + request
                seen.append((program.boot(ResetCause.DEEP_SLEEP), program.board.now_us))
            return [*seen, program.said]

    copied = lives("copied")
    assert len(copies) > 8
    monkeypatch.setenv("MICROPYTHON", str(OWN))
    assert lives("from cold") == copied


def test_what_was_printed_is_printed_at_each_boot(tmp_path: Path, copies: list[int]):
    source = "print('up')\nimport machine\nmachine.deepsleep(1)\n"
    with Program(tmp_path, "micropython", source) as program:
        for _ in range(3):
            program.boot(ResetCause.DEEP_SLEEP)
        assert program.said == ["up"] * 3
    assert not copies


def test_each_copy_has_its_own_memory(tmp_path: Path, copies: list[int]):
    source = """
import time, machine
marked = []
time.time_ns()
marked.append(1)
print(marked)
machine.deepsleep(1)
"""
    with Program(tmp_path, "micropython", source) as program:
        for _ in range(4):
            program.boot(ResetCause.DEEP_SLEEP)
        assert program.said == ["[1]"] * 4
    assert len(copies) == 3


ASKS = "import time\ntime.time_ns()\nprint('up')\nwhile True:\n    pass\n"


def test_a_copy_that_hangs_is_ended_and_the_next_one_boots(tmp_path: Path, copies: list[int]):
    before = set(psutil.Process().children(recursive=True))
    with Program(tmp_path, "micropython", ASKS, guard_s=0.2) as program:
        for _ in range(3):
            assert program.boot(ResetCause.DEEP_SLEEP).reason.startswith("the firmware hangs")
        assert program.said == ["up"] * 3
        helpers = set(psutil.Process().children(recursive=True)) - before
        assert len(helpers) == 2  # the helper, and what copies are made of
    assert len(copies) == 2
    until(lambda: set(psutil.Process().children(recursive=True)) <= before)


def test_a_watchdog_bites_in_a_copy(tmp_path: Path, copies: list[int]):
    source = "import machine, time\nmachine.WDT(timeout=50)\ntime.sleep_ms(100)\n"
    bites = Outcome(ResetCause.WATCHDOG, reason="watchdog")
    with Program(tmp_path, "micropython", source) as program:
        assert [program.boot(ResetCause.DEEP_SLEEP) for _ in range(3)] == [bites] * 3
    assert len(copies) == 2


def test_a_lost_helper_is_told_while_a_copy_is_kept(tmp_path: Path, copies: list[int]):
    others = psutil.Process().children()
    source = "import machine\nmachine.deepsleep(1)\n"
    with Program(tmp_path, "micropython", source) as program:
        (helper,) = (child for child in psutil.Process().children() if child not in others)
        program.boot(ResetCause.DEEP_SLEEP)
        (kept,) = helper.children()
        helper.kill()
        with pytest.raises(InterpreterError, match="helper process"):
            program.boot(ResetCause.DEEP_SLEEP)
        until(lambda: not kept.is_running())
    assert len(copies) == 1


HOST = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from board_program import JOIN, Program
Program(Path({folder!r}), "micropython", {source!r}).boot()
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[psutil.Process]:
    """A process in which a copy runs that never ends."""
    text = HOST.format(here=str(Path(__file__).parent), folder=str(tmp_path), source=ASKS)
    process = subprocess.Popen([sys.executable, "-c", text])
    console = tmp_path / "console"
    try:
        until(lambda: console.exists() and "up" in console.read_text())
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def test_a_killed_host_leaves_no_copy(host: psutil.Process):
    children = host.children(recursive=True)
    assert len(children) == 3
    host.kill()
    host.wait()
    until(lambda: not any(child.is_running() for child in children))


def test_a_kept_copy_that_ends_takes_the_running_one_with_it(host: psutil.Process):
    """Whoever ends it, nothing goes on that nobody waits for."""
    (helper,) = host.children()
    (kept,) = helper.children()
    (running,) = kept.children()
    kept.kill()
    until(lambda: not running.is_running())
    host.wait(20)  # the run has ended


# What a fork copies badly: each has something of this machine before its first request.
THREAD = """
import _thread
may_go, done = _thread.allocate_lock(), []
may_go.acquire()

def work():
    may_go.acquire()
    done.append(1)

_thread.start_new_thread(work, ())
import time
time.time_ns()
may_go.release()
for _ in range(5000):
    if done:
        break
    time.sleep_ms(1)
print("done" if done else "no thread")
"""
FILE = """
import time
rom = open("/rom/main.mpy", "rb")
time.time_ns()
print("all of it" if rom.read(1) == b"M" else "from the middle")
"""
SOCKET = """
import socket
peer = socket.socket()
{join}
peer.connect(("127.0.0.1", {port}))
peer.write(b"here")
peer.close()
print("sent")
"""


@pytest.mark.parametrize(("source", "says"), [(THREAD, "done"), (FILE, "all of it")])
def test_what_a_fork_does_not_copy_is_made_at_each_boot(
    tmp_path: Path, copies: list[int], source: str, says: str
):
    source += "import machine\nmachine.deepsleep(1)\n"
    with Program(tmp_path, "micropython", source, guard_s=1.0) as program:
        for _ in range(3):
            program.boot(ResetCause.DEEP_SLEEP)
        assert program.said == [says] * 3
    assert not copies


def test_no_boot_has_the_socket_of_another(tmp_path: Path, copies: list[int]):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        source = SOCKET.format(join=JOIN, port=server.getsockname()[1])
        with Program(tmp_path, "micropython", source) as program:
            for _ in range(3):
                program.boot(ResetCause.DEEP_SLEEP)
                peer, _ = server.accept()
                with peer:
                    assert peer.recv(100) == b"here"
            assert program.said == ["sent"] * 3
    assert not copies


RANDOM = """
import random, time
drawn = random.getrandbits(30)
time.time_ns()
print(drawn)
"""
TLS = """
import binascii, network, time, tls
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
time.time_ns()

class Wire:
    def readinto(self, buffer):
        return None

    def write(self, data):
        print(binascii.crc32(data))
        return len(data)

context.verify_mode = 0
context.wrap_socket(Wire(), do_handshake_on_connect=False).write(b"hello")
"""


@pytest.mark.parametrize("source", [RANDOM, TLS])
def test_what_is_drawn_at_one_boot_is_not_drawn_at_the_next(tmp_path: Path, source: str):
    source += "import machine\nmachine.deepsleep(1)\n"
    with Program(tmp_path, "micropython", source) as program:
        for _ in range(3):
            program.boot(ResetCause.DEEP_SLEEP)
        assert len(program.said) == len({*map(int, program.said)}) == 3


def test_an_image_from_elsewhere_is_read(tmp_path: Path, copies: list[int]):
    """It is put in place at once, as those do who try many ends of one beginning."""
    source = """
with open("/there.txt") as file:
    text = file.read()
import machine, time
time.time_ns()
print(text)
machine.deepsleep(1)
"""
    with Program(tmp_path, "micropython", source) as program:
        image = program.board.flash.image
        first = image[:]
        change_file(program)
        changed = image[:]
        for content in (first, changed, first):
            image[:] = content
            program.boot(ResetCause.DEEP_SLEEP)
        assert program.said == ["from the start", "from somebody else", "from the start"]
    assert not copies


def test_no_copy_begins_without_power(tmp_path: Path, copies: list[int]):
    class Failing:
        """A supply that fails once it is asked to."""

        now_us = 0
        fails = False

        def draw(self, current_ua: float, now_us: int, until_us: int) -> int | None:
            return now_us if self.fails and until_us > now_us else None

        def restore(self, until_us: int) -> bool:
            return True

    supply = Failing()
    with Program(tmp_path, "micropython", CURIOUS, supply=supply) as program:
        program.boot(ResetCause.DEEP_SLEEP)
        program.boot(ResetCause.DEEP_SLEEP)
        assert len(copies) == 1
        program.board.boot(ResetCause.DEEP_SLEEP)
        supply.fails = True
        outcome = program.runtime.run(program.board)
        assert (outcome.cause, outcome.reason) == (ResetCause.POWER_ON, "brown-out")
        supply.fails = False
        assert program.boot(ResetCause.DEEP_SLEEP).cause is ResetCause.DEEP_SLEEP
    assert len(copies) == 2
