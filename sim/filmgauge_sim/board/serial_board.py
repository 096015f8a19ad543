"""A virtual board with a serial port: what is on its file system runs, and a host can talk to it.

A thread serves the board: its cable, its power and its boots here, what runs between two boots in
`serial_interpreter`.
"""

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filmgauge_sim.board.board import VERSION, VirtualBoard, identity
from filmgauge_sim.board.outcome import BoardStopped, Outcome, ResetCause
from filmgauge_sim.board.serial_interpreter import TICK_S, SerialInterpreter
from filmgauge_sim.board.serial_port import SerialPort

_REENUMERATION_S = 0.3  # assumed: until a port that vanishes in a reset is back
_NEVER_S = float("inf")
_LONGEST_WAIT_US = 3_600_000_000  # for the supply, at a time

Order = Callable[[], bool | None]  # False: not yet


@dataclass(frozen=True)
class SerialOptions:
    """How the board is played.

    guard_s: processor time without a request after which firmware counts as hanging, where a
    watchdog runs; well above the half second after which a Ctrl-C gets through to it. vanishes: a
    reset takes the port away for a moment, as with USB of the chip itself.
    """

    speed: float = 1.0
    version: tuple[int, int, int] = VERSION
    mpy: int | None = None  # of the kind, unless given
    machine: str | None = None
    guard_s: float = 10.0
    heap_kb: int | None = None  # of the kind, unless given
    vanishes: bool = False


@dataclass
class _Cut:
    """The cable will be pulled once `left` more bytes have come and been worked on."""

    left: int
    requests: int

    @property
    def is_due(self) -> bool:
        return self.left <= 0


class SerialBoard:
    """Serves `board` in a thread from `start` to `close`. The port's name is `port`."""

    def __init__(self, board: VirtualBoard, port: Path, options: SerialOptions) -> None:
        mpy = board.kind.mpy if options.mpy is None else options.mpy
        board.identity = identity(options.version, mpy, options.machine or board.kind.machine)
        self.board = board
        self.port = SerialPort(port)
        self.notes: list[str] = []
        self.log = bytearray()  # everything that the board has said
        self.boots = 0
        self._options = options
        self._orders: list[tuple[Order, threading.Event]] = []
        self._wake_read, self._wake_write = os.pipe()
        self._ended = False
        self._powered = False
        self._boot_cause: ResetCause | None = None  # of the next boot, None while there is none
        self._boot_s = _NEVER_S
        self._port_back_s = _NEVER_S
        self._cut: _Cut | None = None
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
        self._do(lambda: self._stop(Outcome(ResetCause.HARD, reason="reset button")))

    def pull_after(self, count: int, requests: int = 0) -> None:
        """Pull the cable, and with it the power, once `count` more bytes have come.

        What has come by then is still worked on, for so many requests of the firmware at most.
        """
        self._do(lambda: self._plan_cut(_Cut(count, requests)))

    def let_pass(self, seconds: float) -> None:
        """Let time pass at once for a board that waits at its prompt, or sleeps."""
        self._do(lambda: self._skip(seconds))

    def _do(self, order: Order) -> None:
        """Have the thread do something, and wait until it is done."""
        done = threading.Event()
        self._orders.append((order, done))
        with contextlib.suppress(OSError):  # the thread has ended
            os.write(self._wake_write, b"\0")
        while not done.wait(0.2):
            if not self._thread.is_alive():
                return

    # What follows runs in the thread

    def _serve(self) -> None:
        options = self._options
        with contextlib.ExitStack() as stack:
            for descriptor in (self._wake_read, self._wake_write):
                stack.callback(os.close, descriptor)
            stack.callback(self.port.close)
            try:
                self._interpreter = SerialInterpreter(
                    self.board,
                    options.heap_kb or self.board.kind.heap_kb,
                    options.speed,
                    options.guard_s,
                    self._send,
                )
                stack.callback(self._interpreter.close)
                while not self._ended:
                    self._step()
            except BaseException as error:
                self._error = error
        for _, done in self._orders:
            done.set()

    def _step(self) -> None:
        """Wait for something to happen, and do what is due."""
        self._wait()
        while self._orders and self._carried_out(self._orders[0][0]):
            self._orders.pop(0)[1].set()
        self._carried_out(self._go_on)
        now_s = time.monotonic()
        if now_s >= self._port_back_s:
            self._port_back_s = _NEVER_S
            self.port.open()
        if now_s >= self._boot_s:
            self._boot()

    def _wait(self) -> None:
        """Wait until there is something to do, at most a tick."""
        interpreter, port = self._interpreter, self.port
        due_s = min(self._boot_s, self._port_back_s) - time.monotonic()
        wait_s = min(TICK_S, max(0.0, due_s), interpreter.wait_s())
        reads: list[int] = [self._wake_read]
        if not port.is_full:
            reads += interpreter.descriptors()
        if self._takes_input and port.can_read:
            reads.append(port.fileno())
        writes = [port.fileno()] if port.wants_to_write else []
        ready, writable, _ = select.select(reads, writes, [], wait_s)
        if writable:
            port.flush()
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)

    def _carried_out(self, order: Order) -> bool:
        """Do what may end the run; return whether it could be done."""
        try:
            return order() is not False
        except BoardStopped as stopped:
            self._stop(stopped.outcome)
        return True

    def _go_on(self) -> None:
        """Let the firmware go on as far as it can."""
        if not self.port.is_full:  # else what it writes waits for the host to read
            self._interpreter.serve()
        if self._takes_input:
            self._interpreter.receive(self._read_port())
        if self._cut is not None and self._cut.is_due and self._interpreter.awaits_input:
            self._pull(True)
        self._interpreter.advance()

    @property
    def _takes_input(self) -> bool:
        is_cut = self._cut is not None and self._cut.is_due
        return self.port.is_open and not is_cut and self._interpreter.takes_input

    def _read_port(self) -> bytes:
        """Return what the host has sent, up to where a cable is to be pulled."""
        data = self.port.read()
        cut = self._cut
        if cut is None:
            return data
        kept = data[: cut.left]
        cut.left -= len(data)
        if cut.is_due:
            self.board.cut_at_request = self.board.requests + 1 + cut.requests
        return kept

    def _send(self, data: bytes) -> None:
        self.log += data
        self.port.write(data)

    def _stop(self, outcome: Outcome) -> None:
        """End the run, and boot again when that is due."""
        if not self._powered:
            return
        if self._cut is not None and self._cut.is_due:
            self._pull(True)
            return
        now_s = time.monotonic()
        self._interpreter.stop(now_s)
        if outcome.reason:
            self.notes.append(outcome.reason)
        self._boot_cause = outcome.cause
        self._boot_s = _NEVER_S
        if outcome.cause is None:
            return
        begun_us = self.board.now_us
        if outcome.cause is ResetCause.DEEP_SLEEP:
            self.board.sleep(outcome.sleep_ms)
        elif self._options.vanishes and self.port.is_open:
            self.port.close()
            self._port_back_s = now_s + _REENUMERATION_S
        slept_s = (self.board.now_us - begun_us) / 1e6  # as long as its clock makes it
        other_s = 0.0 if slept_s else outcome.sleep_ms / 1000
        self._boot_s = now_s + (slept_s + other_s) / self._options.speed + self._boot_takes_s

    @property
    def _boot_takes_s(self) -> float:
        return self.board.kind.boot_us / 1e6 / self._options.speed

    def _boot(self) -> None:
        assert self._boot_cause is not None
        due_s, self._boot_s = self._boot_s, _NEVER_S
        if not self.board.load.await_power(self.board.now_us + _LONGEST_WAIT_US):
            self._boot_s = time.monotonic() + TICK_S
            return
        self.boots += 1
        try:
            self.board.boot(self._boot_cause)
        except BoardStopped as stopped:  # its supply does not even last for that
            self._stop(stopped.outcome)
            return
        self._interpreter.start(due_s=due_s)

    def _plug(self) -> None:
        if not self.port.is_open:
            self.port.open()
        if not self._powered:
            self._powered = True
            self._boot_cause = ResetCause.POWER_ON
            self._boot_s = time.monotonic()

    def _plan_cut(self, cut: _Cut) -> None:
        self._cut = cut

    def _pull(self, loses_power: bool) -> None:
        self._cut = None
        self.board.cut_at_request = None
        self._port_back_s = _NEVER_S
        self.port.close()
        if loses_power:
            self._stop(Outcome(None, reason="the cable was pulled"))
            self._powered = False

    def _skip(self, duration_s: float) -> bool:
        if self._interpreter.is_running:
            return self._interpreter.skip(duration_s)
        self._boot_s = max(time.monotonic(), self._boot_s - duration_s / self._options.speed)
        return True

    def _end(self) -> None:
        self._ended = True
