"""Runtime `micropython`: the firmware's bytecode on a real interpreter, a process per boot."""

import os
from collections.abc import Mapping
from pathlib import Path

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.firmware_image import rom
from filmgauge_sim.board.launcher import HEAP, InterpreterTimeout, Launcher
from filmgauge_sim.board.outcome import INTERRUPTED, BoardStopped, LightSleep, Outcome


class MicroPythonRuntime:
    """Runs on a MicroPython interpreter with a heap of `heap`; prints go to the file `console`.

    sources: path on the board -> source text, the firmware unless given. An interpreter that
    makes no request for `guard_s` of real time is taken for one that hangs.
    """

    def __init__(
        self,
        flash_image: Path,
        console: Path,
        heap: str = HEAP,
        sources: Mapping[str, str] | None = None,
        guard_s: float = 30.0,
    ) -> None:
        self._console = os.open(console, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            self._launcher = Launcher(rom(sources), flash_image, self._console, heap, guard_s)
        except BaseException:
            os.close(self._console)
            raise
        self._unanswered: tuple[int, bytes] | None = None  # of an interrupted run

    def run(self, board: VirtualBoard) -> Outcome:
        """See Runtime. Raises InterpreterError when the interpreter cannot be reached."""
        board.console = self._print
        launcher = self._launcher
        if self._unanswered is None:
            launcher.boot()
        else:
            status, answer = self._unanswered
            self._unanswered = None
            launcher.answer(status, answer or board.woken(), board.reading_us())
        try:
            while (request := launcher.receive()) is not None:
                operation, small, argument, elapsed, data = request
                status, answer = board.request(operation, small, argument, data, elapsed)
                if board.now_us >= board.interrupt_us:
                    self._unanswered = status, answer
                    return INTERRUPTED
                launcher.answer(status, answer, board.reading_us())
        except LightSleep as asleep:
            self._unanswered = 0, b""
            return asleep.outcome
        except BoardStopped as stopped:
            launcher.kill()
            return stopped.outcome
        except InterpreterTimeout:
            launcher.kill()
            return board.hang()
        return Outcome(cause=None, note="the firmware ended and fell to the prompt")

    def stop(self) -> None:
        """See Runtime."""
        self._unanswered = None
        self._launcher.kill()

    def close(self) -> None:
        """End the interpreter and close the console."""
        self._launcher.close()
        os.close(self._console)

    def _print(self, text: bytes) -> None:
        os.write(self._console, text)
