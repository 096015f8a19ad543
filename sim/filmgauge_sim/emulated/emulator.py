"""Runs an image on rp2040py (PyPI; the extra `emulate`): the only file that knows how."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from filmgauge_sim.emulated.pico_wiring import PicoWiring

_BOARD = "pico_w"
_POLL_S = 0.5  # of real time; the chip takes milliseconds of it at a time


class EmulatorError(RuntimeError):
    """The emulator is not there, or has stopped by itself; one sentence."""


class Emulator:
    """An emulated Pico W with `wiring` on its pins and a UF2 file in its flash.

    console: gets what it writes over USB. Raises EmulatorError without rp2040py.
    """

    def __init__(self, uf2: Path, wiring: PicoWiring, console: Callable[[bytes], None]) -> None:
        try:
            boards, device = import_module("rp2040py.boards"), import_module("rp2040py.device")
        except ModuleNotFoundError:
            raise EmulatorError("there is no rp2040py here: make emulate installs it") from None
        board = boards.BOARDS[_BOARD]
        board = replace(board, image=uf2, extras=(*board.extras, lambda: wiring))
        self._device: Any = device.BaseDevice(board=board)
        self._device.cdc.on_serial_data = lambda data: console(bytes(data))

    @property
    def flash(self) -> bytearray:
        """The flash from its beginning on, as it is now."""
        return self._device.mcu.flash

    def run(self, is_done: Callable[[], bool]) -> None:
        """Run until `is_done`, which is asked now and then. Raises EmulatorError."""
        asyncio.run(self._run(is_done))

    async def _run(self, is_done: Callable[[], bool]) -> None:
        boot = self._device.start_async  # returns at once; its future waits for USB
        self._device.simulator.bind_loop()
        boot(timeout=None)
        try:
            while not is_done():
                await asyncio.sleep(_POLL_S)
                error = self._device.simulator.engine_room_error
                if error is not None:
                    raise EmulatorError(f"the emulator has stopped: {error!r}")
        finally:
            self._device.stop()
