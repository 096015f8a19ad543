"""The virtual board's serial port, used by an unmodified mpremote."""

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import PATIENCE_S, until_said

from filmgauge_sim.board.littlefs_outside import fetch, install, listing
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.nodes.serial_bench import bench_board

BLINK = b"""\
import time
print("main runs")
while True:
    time.sleep_ms(20)
"""


@pytest.fixture
def board(tmp_path: Path) -> Iterator[SerialBoard]:
    with bench_board("esp32-c3", tmp_path, SerialOptions(speed=20)) as made:
        yield made


def mpremote(board: SerialBoard, *arguments: str, fails: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", str(board.port.path), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_files_go_there_and_back(board: SerialBoard, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(5000)
    (tmp_path / "x.bin").write_bytes(content)
    tree = tmp_path / "tree" / "deep"
    tree.mkdir(parents=True)
    (tree / "a.txt").write_bytes(b"a")
    (tree.parent / "b.txt").write_bytes(content[:700])
    said = mpremote(
        board,
        *("cp", str(tmp_path / "x.bin"), ":x.bin", "+", "sha256sum", ":x.bin"),
        *("+", "cp", "-r", str(tree.parent), ":", "+", "ls", "tree", "+", "ls"),
        *("+", "cp", ":x.bin", str(tmp_path / "back.bin"), "+", "df"),
    )
    assert hashlib.sha256(content).hexdigest() in said
    assert (tmp_path / "back.bin").read_bytes() == content
    flash = board.board.flash
    assert fetch(flash, "/x.bin") == content
    assert fetch(flash, "/tree/deep/a.txt") == b"a"
    assert "700 b.txt" in said
    assert f"{flash.pages * 4096}" in said  # df: the size of its file system
    (rom,) = (line.split() for line in said.splitlines() if line.endswith(" /rom"))
    assert 10000 < int(rom[1]) == int(rom[2]) < 1000000
    assert rom[3:5] == ["0", "100"]
    mpremote(board, "mkdir", ":d", "+", "rm", ":x.bin", "+", "rm", "-r", ":tree", "+", "ls")
    assert {"d"} == set(listing(flash, "/")) - {".", ".."}


def test_programs_run_and_a_folder_of_the_host_is_mounted(
    board: SerialBoard, tmp_path: Path
) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    (folder / "there.py").write_text("print('imported', open('data.txt').read())\n")
    (folder / "data.txt").write_text("from the host")
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint('ran on', sys.implementation._machine)\n")
    said = mpremote(
        board,
        *("run", str(script), "+", "mount", str(folder), "+", "exec", "import there"),
        *("+", "exec", "f = open('made.txt', 'w')\nf.write('by the board')\nf.close()"),
    )
    assert "ran on ESP32C3 module with ESP32C3" in said
    assert "imported from the host" in said
    assert (folder / "made.txt").read_text() == "by the board"
    assert "ZeroDivisionError" in mpremote(board, "exec", "1/0", fails=True)


def test_after_a_reset_the_board_runs_what_was_copied(board: SerialBoard, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_bytes(BLINK)
    mpremote(board, "cp", str(tmp_path / "main.py"), ":main.py", "+", "soft-reset")
    boots = board.boots
    mpremote(board, "reset")
    until_said(board, b"main runs")
    assert board.boots == boots + 1
    # Ctrl-C ends it and leads to the prompt; a soft reset there does not run it.
    assert "42" in mpremote(board, "eval", "6*7")
    assert board.boots == boots + 1


def test_a_loop_without_any_request_is_interrupted(tmp_path: Path) -> None:
    with bench_board("esp32-c3", tmp_path) as board:
        until_said(board, b">>> ")
        install(board.board.flash, {"/main.py": b"print('begun')\nwhile True:\n    pass\n"})
        board.press_reset()
        until_said(board, b"begun")
        assert "7" in mpremote(board, "eval", "3+4")


def test_the_kinds_say_what_they_are(tmp_path: Path) -> None:
    said = {}
    for kind in ("esp32-c6", "pico-w", "stm32wb55"):
        (tmp_path / kind).mkdir()
        with bench_board(kind, tmp_path / kind) as board:
            said[kind] = mpremote(
                board,
                "exec",
                "import os, sys\nprint(sys.platform, sys.implementation._machine, os.getcwd())",
            )
    assert said["esp32-c6"] == "esp32 ESP32C6 module with ESP32C6 /\n"
    assert said["pico-w"] == "rp2 Raspberry Pi Pico W with RP2040 /\n"
    assert said["stm32wb55"] == "pyboard NUCLEO-WB55 with STM32WB55RGV6 /flash\n"
