"""A virtual board with a serial port: what is on its file system runs, and a host can talk to it.

A thread serves the board. Time: what the firmware does and sleeps passes `speed` times as fast as
real time; waiting for the port passes as real time does, since the other end of the port is real.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.firmware_image import rom
from filmgauge_sim.board.launcher import InterpreterTimeout, Launcher
from filmgauge_sim.board.outcome import BoardStopped, LightSleep, Outcome, ResetCause
from filmgauge_sim.board.serial_console import SerialConsole, identity
from filmgauge_sim.board.serial_port import SerialPort
from filmgauge_sim.board.shims import _protocol

_CONSOLE = (
    _protocol.CONSOLE_READ,
    _protocol.CONSOLE_POLL,
    _protocol.CONSOLE_INTERRUPTS,
    _protocol.CONSOLE_MODE,
)
_NAP_S = 0.05  # how long the thread waits for something to happen
_WHOLE_S = 0.05  # and, once a request has begun to come, for the rest of it at a time
_AHEAD_S = 0.002  # by so little the board may be ahead of its time
_SILENT_S = 0.5  # without a request for so long, a Ctrl-C goes to the interpreter as a signal
_REENUMERATION_S = 0.3  # assumed: until a port that vanishes in a reset is back
_AFTER_CRASH_S = 1.0  # assumed: panic handler and boot loader
_VERSION = (1, 29, 0)
# What a board has in C and takes room on the heap here: the prompt and its streams, 6.1 KB, and
# the stand-ins for built-in modules, 12.5 KB, both measured. Less is added, so that firmware
# without room to spare is still found out.
_PROMPT_KB = 12


@dataclass(frozen=True)
class SerialOptions:
    """How the board is played.

    guard_s: real time without a request after which firmware counts as hanging, where a watchdog
    runs. vanishes: a reset takes the port away for a moment, as with USB of the chip itself.
    """

    speed: float = 1.0
    version: tuple[int, int, int] = _VERSION
    mpy: int | None = None  # of the kind, unless given
    machine: str | None = None
    guard_s: float = 10.0
    heap_kb: int | None = None  # of the kind, unless given
    vanishes: bool = False


class SerialBoard:
    """Serves `board` in a thread from `start` to `close`. The port's name is `port`."""

    def __init__(self, board: VirtualBoard, port: Path, options: SerialOptions) -> None:
        self.board = board
        self.port = SerialPort(port)
        self.notes: list[str] = []
        self.log = bytearray()  # everything that the board has said
        self.boots = 0
        self._options = options
        kind = board.kind
        self._identity = identity(
            options.version,
            kind.mpy if options.mpy is None else options.mpy,
            options.machine or kind.machine,
        )
        self._console = SerialConsole()
        self._orders: list[tuple[Callable[[], None], threading.Event]] = []
        self._wake_read, self._wake_write = os.pipe()
        self._ended = False
        self._powered = False
        self._running = False  # an interpreter runs
        self._pending: tuple[int, bytes] | None = None  # an answer that waits for its time
        self._deaf = False  # asleep: what the port brings is lost
        self._boot_next: ResetCause | None = None
        self._due_s = 0.0  # when the pending answer or the next boot is due
        self._silent_since_s = 0.0
        self._interrupt_wanted = False
        self._idle_since_s = 0.0
        self._cut_at: int | None = None  # bytes received
        self._cut_requests = 0
        self._is_cut = False  # no more bytes come: the power follows
        self._port_back_s: float | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        """Put the cable in; the board boots."""
        self._thread.start()
        self.plug()

    def close(self) -> None:
        """End everything; raises what ended the thread, if it was an error."""
        self._do(self._end)
        self._thread.join()
        if self._error is not None:
            raise self._error

    @property
    def is_alive(self) -> bool:
        """Whether the board is served."""
        return self._thread.is_alive()

    def __enter__(self) -> "SerialBoard":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def plug(self) -> None:
        """Put the cable in, which gives the board power if it had none."""
        self._do(self._plug)

    def pull(self, loses_power: bool = True) -> None:
        """Pull the cable; without another supply the board stops where it is."""
        self._do(lambda: self._pull(loses_power))

    def press_reset(self) -> None:
        """Press the reset button."""
        self._do(lambda: self._stop(Outcome(ResetCause.HARD, note="reset button")))

    def pull_after(self, count: int, requests: int = 0) -> None:
        """Pull the cable, and with it the power, once `count` more bytes have come.

        What has come by then is still worked on, for so many requests of the firmware at most.
        """
        self._do(lambda: self._prepare_cut(count, requests))

    def let_pass(self, seconds: float) -> None:
        """Let time pass at once for a board that waits at its prompt."""
        self._do(lambda: self._idle(round(seconds * 1e6)))

    def _do(self, action: Callable[[], None]) -> None:
        """Have the thread do something, and wait until it is done."""
        done = threading.Event()
        self._orders.append((action, done))
        with contextlib.suppress(OSError):  # the thread has ended
            os.write(self._wake_write, b"\0")
        while not done.wait(0.2):
            if not self._thread.is_alive():
                return

    # What follows runs in the thread

    def _serve(self) -> None:
        self._stdout, writes = os.pipe()
        os.set_blocking(self._stdout, False)
        folder = rom({})
        guard_s = _WHOLE_S
        heap = f"{(self._options.heap_kb or self.board.kind.heap_kb) + _PROMPT_KB}wK"
        self._launcher = Launcher(
            folder, self.board.flash.path, writes, heap, guard_s, ("serial",)
        )
        os.close(writes)
        try:
            while not self._ended:
                self._turn()
        except BaseException as error:
            self._error = error
        finally:
            self._launcher.close()
            self.port.close()
            for descriptor in (self._stdout, self._wake_read, self._wake_write):
                os.close(descriptor)
            for _, done in self._orders:
                done.set()

    def _turn(self) -> None:
        """Wait for something to happen, and do what is due."""
        now_s = time.monotonic()
        wait_s = _NAP_S
        if self._pending is not None or self._boot_next is not None:
            wait_s = min(wait_s, max(0.0, self._due_s - now_s))
        reads: list[int] = [self._wake_read, self._stdout]
        writes: list[int] = []
        if self._running and self._pending is None and not self._console.is_waiting:
            reads.append(self._launcher.link.fileno())
            if self._launcher.has_received:
                wait_s = 0.0
        if self.port.is_open and not self._is_cut:
            reads.append(self.port.fileno())
            if self.port.wants_to_write:
                writes.append(self.port.fileno())
        ready, writable, _ = select.select(reads, writes, [], wait_s)
        if writable:
            self.port.flush()
        if self._stdout in ready:
            self._pass_on_output()
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
            while self._orders:
                action, done = self._orders.pop(0)
                action()
                done.set()
        if self.port.is_open and self.port.fileno() in ready:
            self._receive()
        asked = self._launcher.link.fileno() in ready or self._launcher.has_received
        if asked and self._running and self._pending is None and not self._console.is_waiting:
            self._request()
        self._due(time.monotonic())

    def _due(self, now_s: float) -> None:
        """Answer and boot where the time has come, and let it pass at the prompt."""
        if self._port_back_s is not None and now_s >= self._port_back_s:
            self._port_back_s = None
            self.port.open()
        if self._pending is not None and now_s >= self._due_s:
            self._give(*self._pending)
        if self._boot_next is not None and now_s >= self._due_s:
            self._boot(self._boot_next)
        if not self._running:
            return
        if self._console.is_waiting:
            idle_s, self._idle_since_s = now_s - self._idle_since_s, now_s
            self._idle(round(idle_s * 1e6))
            self._answer_console(now_s)
            if self._is_cut and self._console.is_waiting:
                self._pull(True)
        elif self._pending is None:
            self._mind_silence(now_s)

    def _mind_silence(self, now_s: float) -> None:
        """Deal with firmware that makes no request."""
        silent_s = now_s - self._silent_since_s
        process = self._launcher.process_id
        if self._interrupt_wanted and silent_s > _SILENT_S and process is not None:
            self._interrupt_wanted = False
            os.kill(process, signal.SIGINT)
        if silent_s > self._options.guard_s:
            self._silent_since_s = now_s
            outcome = self.board.hang()
            if outcome.cause is not None:  # else a program at the prompt takes its time
                self._stop(outcome)

    def _answer_console(self, now_s: float, at_once: bool = False) -> None:
        answer = self._console.answer(now_s, at_once)
        if answer is not None:
            self._give(0, answer)

    def _idle(self, duration_us: int) -> None:
        """Let time pass while the firmware waits."""
        if not self._running:
            return
        try:
            self.board.request(_protocol.SLEEP_US, 0, duration_us, b"", 0)
        except BoardStopped as stopped:
            self._stop(stopped.outcome)

    def _give(self, status: int, answer: bytes) -> None:
        self._pending = None
        self._deaf = False
        self._silent_since_s = time.monotonic()
        if self._interrupt_wanted and self._console.interrupts:
            self._interrupt_wanted = False
            status |= _protocol.INTERRUPTED
        self._launcher.answer(status, answer, self.board.reading_us())

    def _request(self) -> None:
        """Play one request of the interpreter."""
        try:
            request = self._launcher.receive()
        except InterpreterTimeout:
            return  # it is not whole yet, or was that of an interpreter that is gone
        self._pass_on_output()
        if request is None:
            self._running = False
            self._stop(Outcome(ResetCause.HARD, note="the interpreter ended"))
            self._due_s += _AFTER_CRASH_S
            return
        operation, small, argument, elapsed, data = request
        before_us = self.board.now_us
        try:
            answered = self._play(operation, small, argument, data, elapsed)
        except LightSleep as asleep:
            self._sleep_lightly(asleep.outcome.sleep_ms, before_us)
            return
        except BoardStopped as stopped:
            self._stop(stopped.outcome)
            return
        if answered is not None:
            self._pending = answered
            self._owe(before_us)

    def _play(
        self, operation: int, small: int, argument: int, data: bytes, elapsed: int
    ) -> tuple[int, bytes] | None:
        """Return status and answer, None where the firmware waits for the port."""
        if operation == _protocol.IDENTITY:
            return 0, self._identity
        if operation == _protocol.CONSOLE_WRITE:
            self._say(data)
            operation = _protocol.SLEEP_US
        elif operation == _protocol.SOFT_RESET:
            self._console.raw = bool(small)
            self._kill()
            self._start_interpreter()
            return None
        elif operation in _CONSOLE:
            self.board.request(_protocol.SLEEP_US, 0, 0, b"", elapsed)
            now_s = self._idle_since_s = time.monotonic()
            answer = self._console.request(operation, small, argument, now_s)
            return None if answer is None else (0, answer)
        return self.board.request(operation, small, argument, data, elapsed)

    def _owe(self, before_us: int) -> None:
        """Let the pending answer wait as long as the request took."""
        took_s = (self.board.now_us - before_us) / 1e6 / self._options.speed
        now_s = time.monotonic()
        if took_s > _AHEAD_S:
            self._due_s = now_s + took_s
            return
        assert self._pending is not None
        self._give(*self._pending)

    def _sleep_lightly(self, duration_ms: int, before_us: int) -> None:
        self._deaf = True
        try:
            self.board.light_sleep(duration_ms)
        except BoardStopped as stopped:
            self._stop(stopped.outcome)
            return
        self._pending = 0, b""
        self._due_s = (
            time.monotonic() + (self.board.now_us - before_us) / 1e6 / self._options.speed
        )

    def _receive(self) -> None:
        """Take what the host has sent."""
        data = self.port.read()
        if self._cut_at is not None and self.port.received >= self._cut_at:
            data = data[: len(data) - (self.port.received - self._cut_at)]
            self._cut_at = None
            self._is_cut = True
            self.board.cut_at_request = self.board.requests + 1 + self._cut_requests
        self._hear(data)

    def _hear(self, data: bytes) -> None:
        if not data or not self._running or self._deaf:
            return
        if self._console.receive(data):
            self._interrupt()
        elif self._console.is_waiting:
            self._answer_console(time.monotonic())

    def _interrupt(self) -> None:
        """Bring a Ctrl-C to the firmware."""
        self._interrupt_wanted = True
        if self._console.is_waiting:
            self._answer_console(time.monotonic(), at_once=True)
        elif self._pending is not None:
            self._give(*self._pending)

    def _pass_on_output(self) -> None:
        """Send what was printed, with the line ends of a port."""
        while True:
            try:
                text = os.read(self._stdout, 65536)
            except BlockingIOError:
                return
            if not text:
                return
            self._say(text.replace(b"\n", b"\r\n"))

    def _say(self, data: bytes) -> None:
        self.log += data
        self.port.write(data)

    def _stop(self, outcome: Outcome) -> None:
        """End the run, and boot again when that is due."""
        if not self._powered:
            return
        if self._is_cut and self.port.is_open:
            self._pull(True)
            return
        if self._running:
            self._kill()
        self._pending = None
        if outcome.note:
            self.notes.append(outcome.note)
        self._boot_next = outcome.cause
        self._due_s = time.monotonic()
        if outcome.cause is ResetCause.DEEP_SLEEP:
            self._deaf = True
            self._due_s += outcome.sleep_ms / 1000 / self._options.speed
            self.board.sleep(outcome.sleep_ms)
        elif self._options.vanishes and outcome.cause is not None and self.port.is_open:
            self.port.close()
            self._port_back_s = self._due_s + _REENUMERATION_S

    def _kill(self) -> None:
        """End the interpreter, which may have been started only now."""
        if self._launcher.process_id is None:
            self._launcher.receive()
        self._launcher.await_read()
        self._launcher.kill()
        self._pass_on_output()
        self._running = False

    def _boot(self, cause: ResetCause) -> None:
        self._boot_next = None
        self.boots += 1
        self.board.boot(cause)
        self._console.raw = False
        self._start_interpreter()

    def _start_interpreter(self) -> None:
        self._console.reset()
        self._deaf = False
        self._pending = None
        self._interrupt_wanted = False
        self._silent_since_s = time.monotonic()
        self._launcher.boot()
        self._running = True

    def _plug(self) -> None:
        if not self.port.is_open:
            self.port.open()
        if not self._powered:
            self._powered = True
            self._boot_next = ResetCause.POWER_ON
            self._due_s = time.monotonic()

    def _prepare_cut(self, count: int, requests: int) -> None:
        self._cut_at = self.port.received + count
        self._cut_requests = requests

    def _pull(self, loses_power: bool) -> None:
        self._cut_at = None
        self.board.cut_at_request = None
        self._port_back_s = None
        self.port.close()
        if loses_power and self._powered:
            self._stop(Outcome(None, note="the cable was pulled"))
            self._powered = False
        self._is_cut = False

    def _end(self) -> None:
        self._ended = True
