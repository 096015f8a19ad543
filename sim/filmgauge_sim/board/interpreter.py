"""Runtimes `micropython` and `micropython32`: the firmware's bytecode on a real interpreter, a
process per boot."""

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.firmware_image import rom
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.launcher import InterpreterTimeout, Launcher, heap_for
from filmgauge_sim.board.outcome import INTERRUPTED, BoardStopped, LightSleep, Outcome
from filmgauge_sim.board.shims import _protocol


class MicroPythonRuntime:
    """Runs on a MicroPython interpreter with a heap of `heap`; prints go to the file `console`.

    sources: path on the board -> source text, the firmware unless given. An interpreter that
    works for `guard_s` of processor time without a request is taken for one that hangs. runtime:
    which interpreter.
    """

    def __init__(
        self,
        flash_image: Path,
        console: Path,
        heap: str = heap_for(64),
        sources: Mapping[str, str] | None = None,
        guard_s: float = 30.0,
        runtime: RuntimeName = "micropython",
    ) -> None:
        self._console = os.open(console, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            self._launcher = Launcher(
                rom(sources), flash_image, self._console, heap, guard_s, runtime=runtime
            )
        except BaseException:
            os.close(self._console)
            raise
        self._unanswered: tuple[int, bytes] | None = None  # of an interrupted run
        self._copy_of: tuple[Flash, int, bytes] | None = None  # by what the launcher keeps a copy

    def run(self, board: VirtualBoard) -> Outcome:
        """Run the firmware of a booted board until it sleeps, resets, loses power or ends.

        After an outcome that resumes, the next call goes on where the firmware was. Raises
        InterpreterError when the interpreter cannot be reached.
        """
        board.console = self._print
        launcher, load = self._launcher, board.load
        try:
            if self._unanswered is None:
                self._boot(board)
            else:
                status, answer = self._unanswered
                self._unanswered = None
                launcher.answer(status, answer or board.resume_answer(), board.reading_us())
            while (request := launcher.receive()) is not None:
                operation, small, argument, elapsed, data = request
                status, answer = board.request(operation, small, argument, data, elapsed)
                if load.now_us >= load.interrupt_us:
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
            return load.hang()
        return Outcome(cause=None, reason="the firmware ended and fell to the prompt")

    def _boot(self, board: VirtualBoard) -> None:
        """Boot; where that would be as at an earlier boot up to its second request, go on there.

        Before it the interpreter has the answer to HELLO, and has read from flash. Raises
        BoardStopped.
        """
        known = board.flash, board.flash.image.changes, board.greeting()
        if self._launcher.has_copy and self._copy_of == known:
            board.request(_protocol.HELLO, 0, 0, b"", 0)
            self._launcher.boot_copy(board.reading_us())
        else:
            self._copy_of = known
            self._launcher.boot(keeps_copy=not board.kind.keeps_ram)

    def stop(self) -> None:
        """End an interrupted run as a loss of power does."""
        self._unanswered = None
        self._launcher.kill()

    def close(self) -> None:
        """End the interpreter and close the console."""
        self._launcher.close()
        os.close(self._console)

    def _print(self, text: bytes) -> None:
        os.write(self._console, text)


@contextmanager
def one_processor() -> Iterator[None]:
    """Stay on the present processor; processes started meanwhile stay there too.

    Host and interpreter take turns and never work at the same time: on one processor a request
    costs half of what it costs when each answer has to wake another one. Does nothing where the
    system cannot do it.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    here = ctypes.CDLL(None).sched_getcpu()
    os.sched_setaffinity(0, {here} if here in before else before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
