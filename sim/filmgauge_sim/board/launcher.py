"""Starts the interpreter for each boot and ends it when the board loses power."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from filmgauge_sim.board import zygote
from filmgauge_sim.board.executable import InterpreterError, RuntimeName, executable_of
from filmgauge_sim.board.shims import _protocol

# What a board has in C takes room on the heap here: on 32 bits the stand-ins for built-in modules
# take 16.9 KB of a board with Wi-Fi and 17.5 KB of one with Bluetooth. In turn a board's heap has
# the launcher and the index of its archive, 5.5 KB, which a run from the ROM folder has not. Less
# than the difference is added, so that firmware without room to spare is still found out.
_STAND_INS_KB = 12
_END_S = 5.0
_TICK_S = 0.1  # how often a wait for a request looks whether the interpreter hangs
HELPER_ENDED = "the interpreter's helper process has ended"

_HEAD = _protocol.REQUEST_SIZE
_unpack_request = struct.Struct(_protocol.REQUEST).unpack_from
_pack_answer = struct.Struct(_protocol.ANSWER).pack

Request = tuple[int, int, int, int, bytes]  # operation, small, argument, elapsed us, data


def heap_for(heap_kb: int) -> str:
    """Return the size of an interpreter's heap on which firmware has the room that it has on a
    32-bit board with `heap_kb`."""
    return f"{heap_kb + _STAND_INS_KB}wK"


class InterpreterTimeout(Exception):
    """The interpreter has worked for longer than the guard without a request."""


class Launcher:
    """One zygote process and the link to it. `console` gets what the firmware prints.

    guard_s: processor time that the interpreter may use between two requests: on a machine that
    is busy elsewhere it gets little of it in a second. extra: more arguments for `_start.py`.
    """

    def __init__(
        self,
        rom: Path,
        flash_image: Path,
        console: int,
        heap: str,
        guard_s: float,
        extra: tuple[str, ...] = (),
        runtime: RuntimeName = "micropython",
    ) -> None:
        executable = executable_of(runtime)
        arguments = ["-X", f"heapsize={heap}", "shims/_start.py", *extra]
        self.link, theirs = socket.socketpair()
        host = str(os.getpid())
        command = [sys.executable, "-m", zygote.__name__, host, str(rom), executable]
        # Nothing that an interpreter keeps in its heap is longer where folders have longer names.
        environment = {
            **os.environ,
            "MICROPYPATH": ".frozen",
            _protocol.FLASH_VARIABLE: str(flash_image.absolute()),
        }
        if not executable:  # children of the helper find what it would look up bound already
            environment["LD_BIND_NOW"] = "1"
        self._process = subprocess.Popen(
            [*command, *arguments],
            stdin=theirs.fileno(),
            stdout=console,
            stderr=console,
            env=environment,
            start_new_session=True,
        )
        theirs.close()
        # The kernel keeps the time: a Python timeout would cost a system call a request.
        limit = struct.pack("@ll", 0, round(_TICK_S * 1e6))
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._guard_s = guard_s
        self._silent_from_s: float | None = None  # of the interpreter's processor time
        self._booted = False
        self._child: int | None = None
        self._received = bytearray()
        self._console = console
        self._can_copy = not executable and not extra
        self._silent_bytes: int | None = None  # of the console, of a boot that wants a copy kept
        self._awaits_copy = False  # which has been asked for
        self._clock_us = 0  # that the interpreter has got last
        self.has_copy = False  # whether `boot_copy` can be called

    @property
    def has_received(self) -> bool:
        """Whether a whole request was received that `receive` has not returned yet."""
        received = self._received
        return len(received) >= _HEAD and len(received) >= _HEAD + _unpack_request(received)[2]

    @property
    def silent_s(self) -> float:
        """Processor time that the interpreter has used since this was first asked for after its
        last answer."""
        used_s = self._used_s()
        if self._silent_from_s is None:
            self._silent_from_s = used_s
        return used_s - self._silent_from_s

    def boot(self, keeps_copy: bool = False) -> None:
        """Start the interpreter. Raises InterpreterError.

        keeps_copy: where it has learned nothing yet but what HELLO answers, what is on flash and
        how long that took, it is kept for other boots to go on from there, if it can be copied.
        """
        if self.has_copy:
            self._drop_copy()
        keeps_copy = keeps_copy and self._can_copy
        self._silent_bytes = os.fstat(self._console).st_size if keeps_copy else None
        self._begin(zygote.BOOT)

    def boot_copy(self, clock_us: int) -> None:
        """Let a boot go on from there: it would have learned the same, and have had a clock of
        `clock_us` since HELLO. Raises InterpreterError."""
        self._begin(zygote.COPY + _pack_answer(0, 0, clock_us))

    def _begin(self, command: bytes) -> None:
        self._booted = True
        self._silent_from_s = None
        self._write(command)

    def _drop_copy(self) -> None:
        self.has_copy = False
        self._write(zygote.DROP)
        while self.receive() is not None:
            pass

    def receive(self, wait: bool = True) -> Request | None:
        """Return the next request, None when the interpreter has ended by itself.

        Raises InterpreterTimeout; BlockingIOError where it shall not wait and there is no whole
        request yet.
        """
        received = self._received
        while True:
            self._await(_HEAD, wait)
            operation, small, length, argument, elapsed = _unpack_request(received)
            data = b""
            if length:
                self._await(_HEAD + length, wait)  # until then nothing is taken away
                data = bytes(received[_HEAD : _HEAD + length])
            del received[: _HEAD + length]
            if operation == _protocol.STARTED:
                self._child = argument
                if small and self._awaits_copy:
                    self._awaits_copy, self.has_copy = False, True
                    self._answer_known()
            elif operation == _protocol.KNOWN:
                self._keep_copy()
            elif operation == _protocol.EXITED:
                self._child = None
                self._booted = self._awaits_copy = False
                return None
            else:
                return operation, small, argument, elapsed, data

    def answer(self, status: int, data: bytes, clock_us: int) -> None:
        """Answer the last request. Raises InterpreterError."""
        self._silent_from_s = None
        self._clock_us = clock_us
        self._write(_pack_answer(status, len(data), clock_us) + data)

    def _keep_copy(self) -> None:
        """Let the interpreter stay where it is, and a copy of it go on, if it can be copied."""
        gone = FileNotFoundError, ProcessLookupError
        with contextlib.suppress(*gone):  # then its end will be received
            if self._child is not None and self._is_all_memory(self._child):
                self._awaits_copy = True
                os.kill(self._child, zygote.PARK)
            else:
                self._answer_known()

    def _is_all_memory(self, child: int) -> bool:
        """Return whether a fork has all that an interpreter is by now: it has printed nothing,
        and has no thread, which a fork has not, nor a socket or a file but the flash image, which
        all forks share."""
        if self._silent_bytes is None or os.fstat(self._console).st_size != self._silent_bytes:
            return False
        files, inherited = (os.listdir(f"/proc/{n}/fd") for n in (child, self._process.pid))
        return len(files) <= len(inherited) + 1 and len(os.listdir(f"/proc/{child}/task")) == 1

    def _answer_known(self) -> None:
        self._silent_from_s = None
        self._write(_pack_answer(0, 0, self._clock_us))

    def interrupt(self) -> None:
        """Bring a Ctrl-C to an interpreter that makes no request."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGINT)

    def kill(self) -> None:
        """End the interpreter as a loss of power does, and wait until it is gone."""
        if not self._booted:
            return
        received = self._received
        if self._child is None:  # it was started only now: the first that comes is its number
            self._await(_HEAD)
            self._child = int(_unpack_request(received)[3])
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(self._child, signal.SIGKILL)
        # Its last request may be torn: only the end of what it sent can be trusted.
        while not _ends_with_exit(received):
            try:
                received += self._chunk()
            except BlockingIOError:
                continue
        received.clear()
        self._child = None
        self._booted = self._awaits_copy = False

    def close(self) -> None:
        """End everything; no process is left."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
        self.link.shutdown(socket.SHUT_WR)  # the helper reaps its child and ends by itself
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.link.close()

    def _write(self, data: bytes) -> None:
        try:
            self.link.sendall(data)
        except ConnectionError:
            raise InterpreterError(HELPER_ENDED) from None

    def _await(self, count: int, wait: bool = True) -> None:
        """Wait until so many bytes have come. Raises as `receive` does, with nothing lost."""
        while len(self._received) < count:
            try:
                self._received += self._chunk(0 if wait else socket.MSG_DONTWAIT)
            except BlockingIOError:
                if not wait:
                    raise
                if self.silent_s > self._guard_s:
                    raise InterpreterTimeout from None

    def _chunk(self, flags: int = 0) -> bytes:
        """Return some bytes, at least one. Raises BlockingIOError, InterpreterError."""
        try:
            chunk = self.link.recv(65536, flags)
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise InterpreterError(HELPER_ENDED)
        return chunk

    def _used_s(self) -> float:
        """Return the processor time that the interpreter has used, 0 where there is none."""
        if self._child is None:
            return 0.0
        try:
            return time.clock_gettime(~self._child << 3 | 2)  # as clock_getcpuclockid(3) has it
        except OSError:
            return 0.0


def _ends_with_exit(received: bytearray) -> bool:
    """Return whether the helper has told the end of a killed interpreter, behind all it sent."""
    if len(received) < _HEAD:
        return False
    operation, small, length, _, mark = _unpack_request(received, len(received) - _HEAD)
    return (operation, small, length, mark) == (_protocol.EXITED, 0, 0, _protocol.EXIT_MARK)
