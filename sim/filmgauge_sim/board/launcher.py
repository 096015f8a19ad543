"""Starts the interpreter for each boot and ends it when the board loses power."""

import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from importlib.util import find_spec
from pathlib import Path

from filmgauge_sim.board import zygote
from filmgauge_sim.board.shims import _protocol

HEAP = "64wK"  # a 32-bit board's heap of 64 KB
_END_S = 5.0
_ENDED = "the interpreter's helper process has ended"


class InterpreterError(RuntimeError):
    """No interpreter could be found or started."""


def own_interpreter() -> str:
    """Return the user's own micropython, '' for the one that comes with the packages.

    Raises InterpreterError when there is neither.
    """
    chosen = os.environ.get("MICROPYTHON")
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise InterpreterError(f"MICROPYTHON names {chosen}, which cannot be run")
        return found
    if find_spec("micropython_module") is not None:
        return ""
    found = shutil.which("micropython")
    if found is None:
        raise InterpreterError("no micropython here: put one on PATH or name it in MICROPYTHON")
    return found


class InterpreterTimeout(Exception):
    """The interpreter has made no request for longer than the guard."""


class Launcher:
    """One zygote process and the link to it. `console` gets what the firmware prints.

    guard_s: how long in real time the interpreter may be silent. extra: more arguments for
    `_start.py`.
    """

    def __init__(
        self,
        rom: Path,
        flash_image: Path,
        console: int,
        heap: str,
        guard_s: float,
        extra: tuple[str, ...] = (),
    ) -> None:
        executable = own_interpreter()
        script = [str(rom / "shims" / "_start.py"), str(rom), str(flash_image), *extra]
        arguments = ["-X", f"heapsize={heap}", *script]
        self.link, theirs = socket.socketpair()
        command = [sys.executable, "-m", zygote.__name__, str(os.getpid()), executable]
        environment = {**os.environ, "MICROPYPATH": ".frozen"}
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
        seconds = int(guard_s)
        limit = struct.pack("@ll", seconds, round((guard_s - seconds) * 1e6))
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._child: int | None = None
        self._received = bytearray()

    @property
    def process_id(self) -> int | None:
        """The interpreter's process, None while there is none."""
        return self._child

    @property
    def has_received(self) -> bool:
        """Whether something was received that `receive` has not returned yet."""
        return bool(self._received)

    def boot(self) -> None:
        """Start the interpreter."""
        try:
            self.link.sendall(zygote.BOOT)
        except ConnectionError:
            raise InterpreterError(_ENDED) from None

    def receive(self) -> tuple[int, int, int, int, bytes] | None:
        """Return the next request (operation, small, argument, elapsed us, data).

        None when the interpreter has ended by itself. Raises InterpreterTimeout.
        """
        received = self._received
        while True:
            self._await(_protocol.REQUEST_SIZE)
            operation, small, length, argument, elapsed = struct.unpack_from(
                _protocol.REQUEST, received
            )
            self._await(_protocol.REQUEST_SIZE + length)  # until then nothing is taken away
            data = bytes(received[_protocol.REQUEST_SIZE : _protocol.REQUEST_SIZE + length])
            del received[: _protocol.REQUEST_SIZE + length]
            if operation == _protocol.STARTED:
                self._child = argument
            elif operation == _protocol.EXITED:
                self._child = None
                return None
            else:
                return operation, small, argument, elapsed, data

    def answer(self, status: int, data: bytes, clock_us: int) -> None:
        """Answer the last request."""
        self.link.sendall(struct.pack(_protocol.ANSWER, status, len(data), clock_us) + data)

    def await_read(self) -> None:
        """Wait until the interpreter has read its answer: what is left, its successor would read.

        Only needed to kill an interpreter that does not wait for an answer.
        """
        deadline_s = time.monotonic() + _END_S
        while self._child is not None and time.monotonic() < deadline_s:
            unread = fcntl.ioctl(self.link, termios.TIOCOUTQ, bytes(4))
            if not struct.unpack("@i", unread)[0]:
                return
            time.sleep(0.001)

    def kill(self) -> None:
        """End the interpreter as a loss of power does, and wait until it is gone."""
        if self._child is None:
            return
        os.kill(self._child, signal.SIGKILL)
        # Its last request may be torn: only the end of what it sent can be trusted.
        received = self._received
        deadline_s = time.monotonic() + _END_S
        while not _ends_with_exit(received):
            try:
                received += self._chunk()
            except InterpreterTimeout:
                if time.monotonic() > deadline_s:
                    raise
        received.clear()
        self._child = None

    def close(self) -> None:
        """End everything; no process is left."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)
        self.link.shutdown(socket.SHUT_WR)  # the helper reaps its child and ends by itself
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.link.close()

    def _await(self, count: int) -> None:
        """Wait until so many bytes have come. Raises InterpreterTimeout, with nothing lost."""
        while len(self._received) < count:
            self._received += self._chunk()

    def _chunk(self) -> bytes:
        """Return some bytes, at least one. Raises InterpreterTimeout, InterpreterError."""
        try:
            chunk = self.link.recv(65536)
        except BlockingIOError:
            raise InterpreterTimeout from None
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise InterpreterError(_ENDED)
        return chunk


def _ends_with_exit(received: bytearray) -> bool:
    """Return whether the helper has told the end of a killed interpreter, behind all it sent."""
    if len(received) < _protocol.REQUEST_SIZE:
        return False
    operation, small, length, status, elapsed = struct.unpack(
        _protocol.REQUEST, received[-_protocol.REQUEST_SIZE :]
    )
    return operation == _protocol.EXITED and not (small or length or elapsed or status >> 16)
