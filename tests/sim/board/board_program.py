"""Small programs on a virtual board: on the real interpreter and in this process."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bare_board import BareWorld, bare_board

from filmgauge_sim.board.firmware_image import firmware_sources
from filmgauge_sim.board.inprocess import InProcessRuntime
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.outcome import Outcome, ResetCause

JOIN = """
import network
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("lab", "secret")
import time
while not wlan.isconnected():
    time.sleep_ms(10)
"""
# What a program uses that asks the firmware for its board, a journal or the date. All of the
# firmware would take seconds to get its short names, for each program anew.
_PARTS = (
    "filmgauge/__init__",
    "filmgauge/compat",
    "filmgauge/board/",
    "filmgauge/store/",
    "filmgauge/uplink/__init__",
    "filmgauge/uplink/set_date",
)


def with_firmware(source: str) -> dict[str, str]:
    """Return the sources of a board that runs `source` beside these parts of the firmware."""
    parts = {path: text for path, text in firmware_sources().items() if path.startswith(_PARTS)}
    return {**parts, "main.py": source}


class Program:
    """A board that runs `source` at each boot. Use as a context: it ends its processes."""

    def __init__(
        self,
        folder: Path,
        runtime: str,
        source: str,
        guard_s: float = 30.0,
        sources: Mapping[str, str] | None = None,
        **board: Any,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.world = BareWorld()
        self.board = bare_board(folder, **{"world": self.world, **board})
        install(self.board.flash, {"/there.txt": b"from the start"})
        self._console = folder / "console"
        sources = {"main.py": source, **(sources or {})}
        self.runtime: MicroPythonRuntime | InProcessRuntime
        if runtime == "micropython":
            flash = self.board.flash.path
            self.runtime = MicroPythonRuntime(
                flash, self._console, sources=sources, guard_s=guard_s
            )
        else:
            self.runtime = InProcessRuntime(self._console, sources=sources)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.runtime.close()
        self.board.flash.close()

    def boot(self, cause: ResetCause = ResetCause.POWER_ON) -> Outcome:
        self.board.boot(cause)
        return self.runtime.run(self.board)

    @property
    def said(self) -> list[str]:
        return self._console.read_text().splitlines()


def slow_interpreter(folder: Path) -> Path:
    """Return an interpreter that waits for a second before it does anything."""
    script = folder / "slow-micropython"
    real = Path(sys.executable).parent / "micropython"
    script.write_text(f'#!/bin/sh\nsleep 1\nexec {real} "$@"\n')
    script.chmod(0o755)
    return script


def both(
    folder: Path, source: str, causes: Sequence[ResetCause] = (ResetCause.POWER_ON,), **board: Any
) -> tuple[list[str], list[Outcome]]:
    """Run a program on both runtimes, once for each cause of boot; return its lines and outcomes.

    Both must print the same, end the same, ask for the same, and take the same virtual time.
    """
    source += "\nimport machine\nmachine.deepsleep(1)\n"  # tells the time that has passed
    seen = []
    for runtime in ("micropython", "cpython"):
        with Program(folder / runtime, runtime, source, **board) as program:
            outcomes = [program.boot(cause) for cause in causes]
            virtual = program.board
            cost = virtual.now_us, virtual.requests, virtual.flash.programs, virtual.flash.erases
            seen.append((program.said, outcomes, cost, virtual.rtc_memory))
    assert seen[0] == seen[1]
    return seen[0][0], seen[0][1]
