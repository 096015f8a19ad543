"""The serial port byte by byte, with pyserial and no help of mpremote."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import serial
from board_program import slow_interpreter
from patience import PATIENCE_S, until, until_said
from stalls import Stalls

from filmgauge_sim.board.executable import InterpreterError
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.board.serial_interpreter import SerialInterpreter
from filmgauge_sim.nodes.serial_bench import bench_board
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario

RAW = b"raw REPL; CTRL-B to exit\r\n>"
AHEAD_S = 0.005  # a board works on before its time has come, by less than this


@pytest.fixture
def board(tmp_path: Path) -> Iterator[SerialBoard]:
    with bench_board("esp32-c3", tmp_path, SerialOptions(speed=20)) as made:
        yield made


@pytest.fixture
def port(board: SerialBoard) -> Iterator[serial.Serial]:
    until_said(board, b">>> ")
    with serial.Serial(str(board.port.path), timeout=PATIENCE_S) as opened:
        yield opened


def read_to(port: serial.Serial, end: bytes) -> bytes:
    heard = port.read_until(end)
    assert heard.endswith(end), heard
    return heard


def test_the_friendly_prompt(port: serial.Serial) -> None:
    port.write(b"x = 20\rx + 3\r")
    heard = read_to(port, b"23\r\n>>> ")
    assert b"x + 3\r\n" in heard  # what is typed is shown
    port.write(b"for i in range(2):\r print(i)\r\r")
    read_to(port, b"0\r\n1\r\n>>> ")
    port.write(b"junk\x7f\x7f\x7f\x7f7\r")
    read_to(port, b"7\r\n>>> ")
    port.write(b"half a line\x03")
    read_to(port, b"\r\n>>> ")
    port.write(b"\x02")
    assert b"MicroPython v1.29.0" in read_to(port, b">>> ")


def test_the_raw_prompt_without_flow_control(port: serial.Serial) -> None:
    port.write(b"\x01")
    read_to(port, RAW)
    port.write(b"print('a')\nprint('b')\x04")
    assert read_to(port, b"\x04>") == b"OKa\r\nb\r\n\x04\x04>"
    port.write(b"print(1)\x03print(2)\x04")  # Ctrl-C begins the line anew
    assert read_to(port, b"\x04>") == b"OK2\r\n\x04\x04>"
    port.write(b"1/0\x04")
    heard = read_to(port, b"\x04>")
    assert heard.startswith(b"OK\x04Traceback")
    assert b"ZeroDivisionError" in heard


def test_raw_paste_grants_windows(port: serial.Serial) -> None:
    port.write(b"\x01")
    read_to(port, RAW)
    port.write(b"\x05A\x01")
    assert port.read(5) == b"R\x01\x80\x00\x01"  # a window of 128 bytes, twice
    program = b"print(len('" + b"x" * 230 + b"'))"
    port.write(program[:128])
    assert port.read(1) == b"\x01"
    port.write(program[128:] + b"\x04")
    assert read_to(port, b"\x04>") == b"\x04230\r\n\x04\x04>"
    port.write(b"\x05A\x01")
    assert port.read(5) == b"R\x01\x80\x00\x01"
    port.write(b"print(1\x03")  # given up
    assert b"KeyboardInterrupt" in read_to(port, b"\x04>")


def test_a_soft_reset_forgets_and_stays_raw(port: serial.Serial) -> None:
    port.write(b"\x01")
    read_to(port, RAW)
    port.write(b"x = 1\x04")
    read_to(port, b"\x04>")
    port.write(b"\x04")
    assert b"OK\r\nMPY: soft reboot\r\n" in read_to(port, RAW)
    port.write(b"x\x04")
    assert b"NameError" in read_to(port, b"\x04>")


def test_bytes_pass_unchanged(port: serial.Serial) -> None:
    port.write(b"\x01")
    read_to(port, RAW)
    port.write(
        b"import micropython, sys\nmicropython.kbd_intr(-1)\n"
        b"sys.stdout.buffer.write(sys.stdin.buffer.read(256))\nmicropython.kbd_intr(3)\x04"
    )
    assert port.read(2) == b"OK"
    every = bytes(range(256))
    port.write(every)
    assert port.read(256) == every
    read_to(port, b"\x04>")


LEFT_OPEN = b"""
import os
for i in range(300):
    left = open('/left%d' % (i % 3), 'wb')
    left.write(b'z' * 700)
    with open('/kept', 'wb') as kept:
        kept.write(bytes(200 + i))
print(os.stat('/kept')[6])
"""


def test_files_that_nobody_closes_end_amid_other_requests(port: serial.Serial) -> None:
    """A finaliser ends them while garbage is collected, with the heap locked."""
    port.write(b"\x01")
    read_to(port, RAW)
    port.write(LEFT_OPEN + b"\x04")
    assert read_to(port, b"\x04>") == b"OK499\r\n\x04\x04>"


def test_a_cable_that_is_pulled_and_put_back(board: SerialBoard, port: serial.Serial) -> None:
    boots = board.boots
    board.pull(loses_power=False)
    with pytest.raises((serial.SerialException, OSError)):
        port.write(b"\r" + port.read(1))
    board.plug()
    with serial.Serial(str(board.port.path), timeout=PATIENCE_S) as again:
        again.write(b"\r1+1\r")
        read_to(again, b"2\r\n>>> ")
    assert board.boots == boots


def test_power_that_goes_in_a_sleep_and_comes_after_its_end(
    board: SerialBoard, port: serial.Serial
) -> None:
    port.write(b"import time\rtime.sleep(6)\r")  # 0.3 s here
    read_to(port, b"sleep(6)\r\n")
    time.sleep(0.1)
    board.pull()
    time.sleep(0.6)  # nobody is there to be told that the sleep is over
    boots = board.boots
    board.plug()
    until(lambda: board.boots == boots + 1)
    with serial.Serial(str(board.port.path), timeout=PATIENCE_S) as again:
        again.write(b"\r1+1\r")
        read_to(again, b"2\r\n>>> ")


def test_a_watchdog_bites_at_the_prompt(board: SerialBoard, port: serial.Serial) -> None:
    port.write(b"import machine\rw = machine.WDT(timeout=8000)\r")
    read_to(port, b"8000)\r\n>>> ")
    boots = board.boots
    board.let_pass(7)
    port.write(b"w.feed()\r")
    read_to(port, b"feed()\r\n>>> ")
    board.let_pass(7)
    assert board.boots == boots
    board.let_pass(2)
    read_to(port, b">>> ")
    assert "watchdog" in board.notes


def test_what_is_sent_to_a_board_in_deep_sleep_is_lost(
    board: SerialBoard, port: serial.Serial
) -> None:
    port.write(b"import machine; machine.deepsleep(1000000)\r")
    until(lambda: board.board.load.time_us["deep sleep"] > 0)
    received = board.port.received
    port.write(b"print('lost')\r")
    until(lambda: board.port.received > received)
    board.let_pass(1000)
    heard = read_to(port, b">>> ")
    assert b"lost" not in heard


def test_a_board_whose_interpreter_does_not_run_takes_no_processor(tmp_path: Path) -> None:
    """It waits for what its board does next, and asks for nothing meanwhile."""
    with bench_board("esp32-c3", tmp_path) as board:
        interpreter = SerialInterpreter(board.board, 80, 1.0, 1.0, bytearray().extend)
        assert interpreter.wait_s() > 0
        interpreter.close()


def test_a_host_that_reads_late_misses_nothing(board: SerialBoard, port: serial.Serial) -> None:
    requests = board.board.requests
    port.write(b"for i in range(40000): print('%06d' % i)\r\r")
    until(lambda: board.board.requests > requests)
    said = read_to(port, b"039999\r\n>>> ")
    lines = said[said.index(b"000000") :].split()
    assert lines[:-1] == [b"%06d" % number for number in range(40000)]


def test_a_board_that_is_reset_while_its_interpreter_still_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROPYTHON", str(slow_interpreter(tmp_path)))
    with bench_board("esp32-c3", tmp_path) as board:
        board.press_reset()
        board.pull()
        board.plug()
        until_said(board, b">>> ")
        assert board.is_alive


def test_a_machine_that_stalls_costs_a_board_no_time(tmp_path: Path) -> None:
    """The clock runs as the host's does, as far as the host can see it through the port."""

    def compared() -> tuple[float, float, float]:
        """Return when it was asked for the board's clock, that clock, and when it had it."""
        asked_s = time.monotonic()
        port.write(b"print(time.time_ns())\r")
        clock_ns = int(re.findall(rb"(\d+)\r\n>>> ", read_to(port, b"\n>>> "))[0])
        return asked_s, clock_ns / 1e9, time.monotonic()

    with bench_board("esp32-c3", tmp_path) as board, Stalls():
        until_said(board, b">>> ")
        with serial.Serial(str(board.port.path), timeout=PATIENCE_S) as port:
            port.write(b"import machine, time; w = machine.WDT(timeout=2000)\r")
            read_to(port, b"2000)\r\n>>> ")
            begin = compared()
            boots = board.boots
            for code in (b"time.sleep(0.5)", b"w.feed()", b"machine.deepsleep(500)"):
                port.write(code + b"\r")
                read_to(port, b"\n>>> ")
            port.write(b"import time\r")
            read_to(port, b"\n>>> ")
            end = compared()
    assert board.boots == boots + 1
    assert end[0] - begin[2] - AHEAD_S <= end[1] - begin[1] <= end[2] - begin[0] + AHEAD_S


def test_no_more_than_its_room(tmp_path: Path) -> None:
    with bench_board("esp32-c3", tmp_path, SerialOptions(speed=200), blocks=32) as board:
        until_said(board, b">>> ")
        with serial.Serial(str(board.port.path), timeout=PATIENCE_S) as port:
            port.write(b"f = open('y', 'w'); x = [f.write(bytes(4096)) for i in range(32)]\r")
            read_to(port, b"OSError: 28\r\n>>> ")  # ENOSPC, as littlefs numbers it
            assert board.is_alive


def test_an_image_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"short")
    with pytest.raises(ValueError, match="must have 2097152 bytes, not 5"):
        bench_board("esp32-c3", tmp_path, image=tmp_path / "image")


def test_a_supply_that_does_not_last_for_a_boot_is_tried_again(tmp_path: Path) -> None:
    node = load_scenario("window").node[0]
    weak = varied(node.description, {"capacitor.capacitance_uf": 100.0})
    with bench_board(weak, tmp_path, SerialOptions(speed=20), surroundings=node.world) as made:
        until(lambda: made.notes.count("brown-out") >= 3)


def test_an_interpreter_that_dies_at_the_prompt_is_a_crash(board: SerialBoard) -> None:
    until_said(board, b">>> ")
    (helper,) = psutil.Process().children()
    (interpreter,) = helper.children()
    said = len(board.log)
    interpreter.kill()
    until_said(board, b">>> ", said)
    assert (board.boots, board.notes) == (2, ["the interpreter ended"])
    with serial.Serial(str(board.port.path), timeout=PATIENCE_S) as port:
        port.write(b"6 * 7\r")
        read_to(port, b"42\r\n>>> ")


def test_a_board_whose_helper_has_died_ends(tmp_path: Path) -> None:
    board = bench_board("esp32-c3", tmp_path, SerialOptions(speed=20))
    board.start()
    until_said(board, b">>> ")
    (helper,) = psutil.Process().children()
    helper.kill()
    until(lambda: not board.is_alive)
    with pytest.raises(InterpreterError, match="helper process has ended"):
        board.close()
    assert not board.port.path.exists()
