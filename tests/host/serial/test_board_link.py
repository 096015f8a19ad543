"""The link to a board whose port is on another machine, behind a pyserial address."""

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wired_board import AT_PROMPT

from filmgauge_host.errors import InputError
from filmgauge_host.serial.board_link import BoardError, BoardLink, LinkError
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.nodes.serial_bench import bench_board

# What `vfs` has before MicroPython 1.25: nothing that tells what is mounted where.
OLD_VFS = b"""\
import sys, vfs
class Old:
    umount = vfs.umount
    def mount(self, system, path):
        vfs.mount(system, path)
sys.modules["vfs"] = Old()
"""


@contextmanager
def passed_on(port: Path) -> Iterator[str]:
    """Yield the address of a server that passes one connection at a time on to a port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_pass_on, args=(server, port), daemon=True).start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def _pass_on(server: socket.socket, port: Path) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        board = os.open(port, os.O_RDWR | os.O_NOCTTY)
        ways = {client.fileno(): board, board: client.fileno()}
        with client:
            while all(_moved(source, ways) for source in select.select([*ways], [], [])[0]):
                pass
        os.close(board)


def _moved(source: int, ways: dict[int, int]) -> bool:
    try:
        data = os.read(source, 4096)
        os.write(ways[source], data)
    except OSError:
        return False
    return bool(data)


def test_a_port_of_another_machine(tmp_path: Path) -> None:
    board = bench_board("esp32-c3", tmp_path)
    install(board.board.flash, AT_PROMPT)
    with board, passed_on(board.port.path) as address:
        for _ in range(2):
            with BoardLink(address) as link:
                link.enter()
                assert link.run("print('x' * 3000)") == "x" * 3000 + "\r\n"
                with pytest.raises(BoardError, match="ZeroDivisionError"):
                    link.run("1 / 0")


def test_an_interpreter_too_old_to_mount_the_file_system_is_named(tmp_path: Path) -> None:
    board = bench_board("stm32wb55", tmp_path, SerialOptions(version=(1, 24, 1)))
    install(board.board.flash, {**AT_PROMPT, "/boot.py": OLD_VFS})
    with board, BoardLink(str(board.port.path)) as link:
        sentence = r"the board runs MicroPython 1\.24\.1, .*put MicroPython 1\.29 on it first"
        with pytest.raises(LinkError, match=sentence):
            link.enter()


def test_a_port_of_a_kind_that_nobody_knows_is_wrong_input() -> None:
    with pytest.raises(InputError, match=r"--port foo://: .*protocol 'foo' not known"):
        BoardLink("foo://").open()
