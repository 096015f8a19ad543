"""Waits for what happens beside a test: in real time, and long, since a machine may be busy.

A wait that is over in time costs no more than that, so no test has a patience of its own.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filmgauge_sim.board.serial_board import SerialBoard

PATIENCE_S = 120.0


def until(true: Callable[[], object]) -> None:
    """Wait until `true()`; fail when it stays false. A long wait asks less often: what is waited
    for needs the processor."""
    began_s = time.monotonic()
    while not true():
        waited_s = time.monotonic() - began_s
        assert waited_s < PATIENCE_S, "waited in vain"
        time.sleep(min(0.005 + waited_s / 50.0, 0.1))


def until_said(board: "SerialBoard", text: bytes, since: int = 0) -> None:
    """Wait until a virtual board has said something on its serial port."""
    until(lambda: text in board.log[since:] or not board.is_alive)
    assert text in board.log[since:], bytes(board.log[-3000:])
