"""A program on a virtual board on the air, and a bumble central that speaks to it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bare_board import KIND
from board_program import Program
from bumble.att import ATT_Error
from bumble.core import UUID
from bumble.device import Device, Peer

from filmgauge_sim.air.air import Air

STM32 = replace(KIND, port="stm32", keeps_ram=True, radio_core=True)
ADDRESS = "C1:02:03:04:05:06"
RUNTIMES = pytest.mark.parametrize("runtime", ["micropython", "cpython"])
GO = "ble.gap_advertise(100000, b'\\x02\\x01\\x06', resp_data=b'\\x05\\x09node')\n"
Central = Callable[[Device], Awaitable[Any]]


def play(folder: Path, runtime: str, source: str, central: Central) -> tuple[list[str], Any]:
    """Run a program with a central around; return what it said and what the central returns."""
    air = Air(seed=1)
    device = air.device("central")
    try:
        radio_port = air.radio_port("node")
        with Program(folder, runtime, source, kind=STM32, radio_port=radio_port) as program:
            task = air.loop.create_task(central(device))  # type: ignore[arg-type]
            program.boot()
            said = program.said
        assert task.done(), said
        return said, task.result()
    finally:
        air.close()


async def refused(work: Awaitable[Any]) -> int:
    try:
        await work
    except ATT_Error as error:
        return int(error.error_code)
    return 0


def value(peer: Peer, uuid: str) -> Any:
    (found,) = peer.get_characteristics_by_uuid(UUID(uuid))
    return found
