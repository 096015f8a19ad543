"""The interpreter of a board with a serial port, answered in real time.

What the firmware does and sleeps passes `speed` times as fast as real time; waiting for the port
passes as real time does, since the other end of the port is real. What the host sends is under
way for a millisecond of the board's time: it reaches the firmware where it waits or sleeps, or
between two requests a millisecond apart. So whether a byte comes before or after a request does
not depend on how busy this machine is.

A busy machine plays the board late. At speed 1, where both ends have the same time, the clock is
put right whenever the firmware waits for the port: a host that reads it there always finds what
a board would show, and no watchdog bites for what the machine was late by.
"""

import os
import time
from collections.abc import Callable

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.executable import InterpreterError
from filmgauge_sim.board.firmware_image import rom
from filmgauge_sim.board.launcher import HELPER_ENDED, Launcher, Request
from filmgauge_sim.board.outcome import BoardStopped, LightSleep, Outcome, ResetCause
from filmgauge_sim.board.serial_console import SerialConsole
from filmgauge_sim.board.shims import _protocol

TICK_S = 0.05  # a wait for the port counts so much at once for a watchdog, however late the thread
_CONSOLE = (
    _protocol.CONSOLE_READ,
    _protocol.CONSOLE_POLL,
    _protocol.CONSOLE_INTERRUPTS,
    _protocol.CONSOLE_MODE,
)
_LATENCY_US = 1000  # of a port over USB: a frame
_AHEAD_S = 0.002  # by so little the board may be ahead of its time
_BUSY_S = 0.5  # after so much work without a request, a Ctrl-C goes to the interpreter as a signal
_AFTER_CRASH_MS = 1000  # assumed: panic handler and boot loader
# What a board has in C and takes room on the heap here: the prompt and its streams, 6.1 KB, and
# the stand-ins for built-in modules, 12.5 KB, both measured. Less is added, so that firmware
# without room to spare is still found out.
_PROMPT_KB = 12


class SerialInterpreter:
    """Runs what is on the board's file system; `send` gets what it writes to the port.

    It works until its next request, has an answer pending, or waits for the port. guard_s:
    processor time without a request after which it counts as hanging. `serve` and `advance` raise
    BoardStopped where the board stops the firmware.
    """

    def __init__(
        self,
        board: VirtualBoard,
        heap_kb: int,
        speed: float,
        guard_s: float,
        send: Callable[[bytes], None],
    ) -> None:
        self.is_running = False
        self._board = board
        self._speed = speed
        self._guard_s = guard_s
        self._send = send
        self._console = SerialConsole()
        self._output, output = os.pipe()
        os.set_blocking(self._output, False)
        heap = f"{heap_kb + _PROMPT_KB}wK"
        self._launcher = Launcher(rom({}), board.flash.path, output, heap, guard_s, ("serial",))
        os.close(output)
        self._pending: tuple[int, bytes] | None = None  # an answer that waits for its time
        self._due_s = 0.0  # real time at which the board's present time is due
        self._late_s = 0.0  # by which the board's time is behind, until a wait for the port
        self._input_us = 0  # board time from which on a byte reaches firmware that works
        self._input_lost = False  # it sleeps lightly
        self._interrupted = False  # a Ctrl-C goes with the next answer

    def start(self, raw: bool = False, due_s: float | None = None) -> None:
        """Boot, into the raw prompt or into what the board shall run.

        due_s: the real time for which the board's stands; unless given, time goes on as it was.
        """
        self._due_s = self._due_s if due_s is None else due_s
        self._console.reset()
        self._console.raw = raw
        self._pending = None
        self._input_us = 0
        self._input_lost = self._interrupted = False
        self._launcher.boot()
        self.is_running = True

    def stop(self, now_s: float | None = None) -> None:
        """End the interpreter as a loss of power does.

        now_s: the real time from which on another part of the board counts; unless given, time
        goes on as it was.
        """
        if now_s is not None and self.is_running:
            self._fall_behind(now_s)
        self._launcher.kill()
        self._pass_on_output()
        self._pending = None  # or its answer would reach what starts interpreters
        self.is_running = False

    def close(self) -> None:
        """End everything."""
        self._launcher.close()
        os.close(self._output)

    @property
    def awaits_input(self) -> bool:
        """Whether the firmware has read all that the port has brought, and waits for more."""
        return self.is_running and self._console.is_waiting

    @property
    def takes_input(self) -> bool:
        """Whether what the host sends arrives now, to be read or to be lost."""
        if not self.is_running or self._input_lost or self.awaits_input:
            return True
        if self._works:
            return self._launcher.silent_s > _BUSY_S
        return not self._is_due or self._board.now_us >= self._input_us

    def descriptors(self) -> list[int]:
        """Return what to wait for before `serve` is called again."""
        link = [self._launcher.link.fileno()] if self.is_running else []
        return [self._output, *link]

    def wait_s(self) -> float:
        """Return how long to wait for them at most."""
        if not self.is_running:
            return TICK_S
        if self._works:
            return 0.0 if self._launcher.has_received else TICK_S
        if self.awaits_input:
            return max(0.0, (self._console.deadline_us - self._board.now_us) / 1e6)
        return max(0.0, self._due_s - _AHEAD_S - time.monotonic())

    def serve(self) -> None:
        """Pass on what was printed, and play a request if there is one.

        Raises InterpreterError where nothing can run here any more.
        """
        self._pass_on_output()
        if not self.is_running:
            return
        try:
            request = self._launcher.receive(wait=False)
        except BlockingIOError:
            return
        self._pass_on_output()
        if request is None:
            ended = Outcome(ResetCause.HARD, _AFTER_CRASH_MS, "the interpreter ended")
            raise BoardStopped(ended)
        assert self._works, "a request came before the answer to the last one"
        before_us = self._board.now_us
        try:
            answer = self._play(request)
        except LightSleep as asleep:
            self._input_lost = True
            self._board.light_sleep(asleep.outcome.sleep_ms)
            answer = 0, b""
        took_us = self._board.now_us - before_us
        now_s = time.monotonic()
        self._fall_behind(now_s)
        self._due_s = max(now_s, self._due_s) + took_us / 1e6 / self._speed
        self._pending = answer  # None: not yet

    def receive(self, data: bytes) -> None:
        """Take what the port has brought; asleep it is lost."""
        self._input_us = self._board.now_us + _LATENCY_US
        if not data or not self.is_running or self._input_lost:
            return
        if self._console.receive(data):
            if self._works:
                self._launcher.interrupt()
            else:
                self._interrupted = True
                self._due_s = min(self._due_s, time.monotonic())

    def advance(self) -> None:
        """Let time pass for firmware that waits, and answer what is due."""
        if self._works:
            self._check_hang()
        elif self.awaits_input:
            self._pass_wait()
            answer = self._console.answer(self._board.now_us, at_once=self._interrupted)
            if answer is not None:
                self._send_answer(0, answer)
        elif self._pending is not None and self._is_due:
            self._send_answer(*self._pending)

    def skip(self, duration_s: float) -> bool:
        """Let time pass at once; return False where the firmware neither waits nor sleeps.

        Raises BoardStopped.
        """
        if self._works:
            return False
        if self._pending is not None:
            self._due_s = max(time.monotonic(), self._due_s - duration_s / self._speed)
        else:
            self._board.load.work(round(duration_s * 1e6))
        return True

    @property
    def _works(self) -> bool:
        return self.is_running and self._pending is None and not self._console.is_waiting

    @property
    def _is_due(self) -> bool:
        return time.monotonic() >= self._due_s - _AHEAD_S

    def _play(self, request: Request) -> tuple[int, bytes] | None:
        """Return status and answer, None where there is none (yet)."""
        operation, small, argument, elapsed, data = request
        if operation == _protocol.SOFT_RESET:
            self.stop()
            self._board.soft_reset()
            self.start(raw=bool(small))
            return None
        if operation in _CONSOLE:
            self._board.request(_protocol.SLEEP_US, 0, 0, b"", elapsed)
            answer = self._console.request(operation, small, argument, self._board.now_us)
            return None if answer is None else (0, answer)
        if operation == _protocol.CONSOLE_WRITE:
            self._send(data)
            return self._board.request(_protocol.SLEEP_US, 0, 0, b"", elapsed)
        return self._board.request(operation, small, argument, data, elapsed)

    def _fall_behind(self, now_s: float) -> None:
        """Let the board be behind by what it is late; the next wait for the port makes it good."""
        self._late_s += max(0.0, now_s - self._due_s)

    def _pass_wait(self) -> None:
        """Let the time pass that the firmware has waited for the port."""
        now_s = time.monotonic()
        waited_s = max(0.0, now_s - self._due_s)
        watched_s = min(waited_s, TICK_S)
        late_s, self._late_s = self._late_s + waited_s - watched_s, 0.0
        self._due_s = max(now_s, self._due_s)
        load = self._board.load
        if late_s and self._speed == 1.0:
            load.work_unwatched(round(late_s * 1e6))
        load.work(round(watched_s * 1e6))

    def _send_answer(self, status: int, answer: bytes) -> None:
        self._pending = None
        self._input_lost = False
        if self._interrupted:
            self._interrupted = False
            status |= _protocol.INTERRUPTED
        self._launcher.answer(status, answer, self._board.reading_us())

    def _check_hang(self) -> None:
        """Let a watchdog bite where the firmware works for too long without a request."""
        if self._launcher.silent_s > self._guard_s:
            outcome = self._board.load.hang()
            if outcome.cause is not None:  # else a program at the prompt takes its time
                raise BoardStopped(outcome)

    def _pass_on_output(self) -> None:
        """Send what was printed, with the line ends of a port."""
        while True:
            try:
                text = os.read(self._output, 65536)
            except BlockingIOError:
                return
            if not text:  # nobody is left who could print
                raise InterpreterError(HELPER_ENDED)
            self._send(text.replace(b"\n", b"\r\n"))
