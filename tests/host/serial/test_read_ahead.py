"""What mpremote's transport reads byte by byte is taken from the port in a few reads."""

import os
import pty
import tty
from collections.abc import Iterator

import pytest

from filmgauge_host.serial.board_link import PromptTransport

ANSWER = b"12 34\r\n" * 500  # what a terminal holds


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """The end of a board, and the path of the other one."""
    board, port = pty.openpty()
    tty.setraw(port)
    yield board, os.ttyname(port)
    os.close(board)
    os.close(port)


def test_a_long_answer_takes_few_reads(terminal: tuple[int, str]) -> None:
    board, path = terminal
    transport = PromptTransport(path)
    reads: list[int] = []
    read = transport._opened.read

    def counted(size: int = 1) -> bytes:
        reads.append(size)
        return read(size)

    transport._opened.read = counted  # type: ignore[method-assign]
    os.write(board, ANSWER + b"\x04what follows\x04>")
    assert transport.read_until(1, b"\x04", timeout=60) == ANSWER + b"\x04"
    assert transport.read_until(1, b"\x04", timeout=60) == b"what follows\x04"
    assert transport.port.in_waiting == 1
    assert transport.read_available() == b">"
    assert len(reads) < 20
    transport.close()


def test_what_has_not_come_is_waited_for_and_no_longer(terminal: tuple[int, str]) -> None:
    board, path = terminal
    transport = PromptTransport(path)
    os.write(board, b"R\x01\x80")
    assert transport.port.read(2) == b"R\x01"
    transport.port.timeout = 0.01
    assert transport.port.read(2) == b"\x80"  # half of it
    assert transport.port.read(2) == b""
    os.write(board, b"\x00>")
    transport.port.timeout = 60.0
    assert transport.port.read(2) == b"\x00>"
    transport.close()
