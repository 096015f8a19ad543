"""The connection to a board on a serial port, over the raw REPL of its interpreter.

    with BoardLink("/dev/ttyACM0") as link:
        link.enter()                        # interrupts what runs; waits for a board that sleeps
        link.run("import os\\nprint(os.listdir('/'))", timeout_s=10)
    # the prompt is left; `reset` boots the board

Paths on the board begin at /, whatever the port has: see launch.py.

It uses mpremote's transport, with a deadline on every wait. Errors are LinkError, one sentence
each: LinkLost when the port went away, BoardError when the board's code raised.
"""

import ast
import contextlib
import io
import math
import time
from collections.abc import Callable
from typing import Any, cast

import serial
import serial.tools.list_ports
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.serial.launcher import GUARD_MS, MOUNT_AT_ROOT
from filmgauge_host.serial.read_ahead import MOST_AT_ONCE, ReadAheadPort

_BAUD = 115200
_KNOCK_S = 0.05  # how often a board that does not answer is interrupted
_REOPEN_S = 0.1
_OPEN_S = 2.0
_PORT_S = 5.0  # of a read or a write that must not fail where a board has much to do
_SLICE_S = 0.05  # of waiting for a byte: how late a deadline may be
ANSWER_S = 30.0  # without a byte: on a busy machine, or while a whole backlog is read
_BOOT_S = 10  # of the interpreter alone, on a board or a machine that has much to do
NEEDED_VERSION = (1, 29)  # of MicroPython: what the firmware is checked against
ARRIVED_DAMAGED = "what the board answered arrived damaged: try again"
_RAW = b"raw REPL; CTRL-B to exit\r\n>"


class LinkError(FilmgaugeError):
    """The board does not do what was asked of it."""


class LinkLost(LinkError):
    """The port went away, or nobody answers any more."""


class BoardError(LinkError):
    """Code on the board raised; `trace` is what it printed."""

    def __init__(self, trace: str) -> None:
        lines = trace.strip().splitlines()
        super().__init__(f"the board answered: {lines[-1] if lines else 'nothing'}")
        self.trace = trace


class PromptTransport(SerialTransport):
    """mpremote's transport, which takes an answer when it comes.

    mpremote looks for a byte each 10 ms, ten times as long as a board takes to answer a short
    command; only from a pseudo-terminal it waits for one.
    """

    def __init__(self, port: str) -> None:
        super().__init__(port, baudrate=_BAUD, timeout=_PORT_S)
        self.is_pty = False
        # Itself, or what a pyserial address leads to; no folder is mounted through this link.
        self._opened = cast(serial.Serial, self.serial)
        self._opened.write_timeout = _PORT_S
        self.port = ReadAheadPort(self._opened)
        self.serial = self.port

    def close(self) -> None:
        """Let the port go, with its lines as mpremote leaves them."""
        self.serial = self._opened
        super().close()

    def read_available(self) -> bytes:
        """Return what has come. A port behind a socket knows of one byte at a time."""
        taken = b""
        while len(taken) < MOST_AT_ONCE and (count := self.port.in_waiting):
            taken += self.port.read(count)
        return taken

    def read_until(self, *args: Any, **kwargs: Any) -> bytes:
        """See mpremote. A read that has waited for a while gives it a look at its deadlines."""
        self.port.timeout, self.is_pty = _SLICE_S, True
        try:
            return super().read_until(*args, **kwargs)
        finally:
            self.port.timeout, self.is_pty = _PORT_S, False


def find_port(given: str | None) -> str:
    """Return the port to use: the one that is given, or the only one with USB.

    Raises InputError when there is none or more than one to choose from.
    """
    if given is not None:
        return given
    found = sorted(port.device for port in serial.tools.list_ports.comports() if port.vid)
    if not found:
        raise InputError("no board with USB is connected: connect one, or name its --port")
    if len(found) > 1:
        raise InputError(f"there are {len(found)} ports: name one as --port: {', '.join(found)}")
    return found[0]


class BoardLink:
    """A board at the port `port`, a path or a pyserial address. Opened by `open` or `with`."""

    def __init__(self, port: str, patience_s: float = 90.0) -> None:
        self.port = port
        self._patience_s = patience_s  # for a board that sleeps, or a port that is gone
        self._transport: PromptTransport | None = None
        self._guarded = False
        self._marks = 0

    def __enter__(self) -> "BoardLink":
        self.open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def open(self) -> None:
        """Open the port; one that is just coming back is waited for.

        Raises LinkLost, InputError for an address that pyserial does not know.
        """
        deadline_s = time.monotonic() + _OPEN_S
        while not self._try_open():
            if time.monotonic() < deadline_s:
                time.sleep(_REOPEN_S)
                continue
            raise LinkLost(
                f"port {self.port} cannot be opened: is the board connected, the port in use "
                "by another program, or not yours to use?"
            )

    def close(self) -> None:
        """Leave the prompt as it was found and close the port."""
        transport, self._transport = self._transport, None
        if transport is None:
            return
        with contextlib.suppress(OSError, serial.SerialException), contextlib.closing(transport):
            if transport.in_raw_repl:
                transport.exit_raw_repl()

    def enter(self, on_wait: Callable[[float], None] | None = None) -> None:
        """Interrupt what runs and come to the raw REPL of an interpreter that has booted anew.

        Raises LinkLost as `interrupt` does, and LinkError as `soft_reset` does.
        """
        deadline_s = time.monotonic() + self._patience_s
        while True:
            self.interrupt(on_wait)
            try:
                self.soft_reset()
            except LinkLost:
                if time.monotonic() < deadline_s:
                    continue
                raise
            return

    def interrupt(self, on_wait: Callable[[float], None] | None = None) -> None:
        """Interrupt what runs and come to the raw REPL, with its memory as it is.

        A board that sleeps deeply answers only once it wakes, and a port may be gone as long:
        both are waited for. on_wait is called with the seconds so far. Raises LinkLost.
        """
        self._guarded = False
        began_s = time.monotonic()
        answer = b""
        while (waited_s := time.monotonic() - began_s) < self._patience_s:
            if on_wait is not None:
                on_wait(waited_s)
            if self._transport is None and not self._try_open():
                time.sleep(_REOPEN_S)
                continue
            try:
                # Ctrl-C twice: a handler may have eaten the first; Ctrl-A for the raw REPL.
                answer = (answer + self._knock())[-4096:]
            except (OSError, serial.SerialException):
                self._lose()
                continue
            if answer.endswith(_RAW):
                if not self._prompted():
                    answer = b""
                    continue
                self._connected().in_raw_repl = True
                return
        raise LinkLost(
            f"the board at {self.port} does not answer after {self._patience_s:.0f} s: press its "
            "reset button while this waits, and see that MicroPython is on it"
        )

    def run(self, code: str, timeout_s: float = ANSWER_S) -> str:
        """Run code on the board; return what it printed. `timeout_s` without a byte is the end.

        Raises BoardError with the traceback, LinkLost.
        """
        if self._guarded:
            code = "_guard.feed()\n" + code
        transport = self._connected()
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what is odd
                output, error = transport.exec_raw(code, timeout=math.ceil(timeout_s))
        except Exception as lost:  # also struct.error of a short answer
            self._lose()
            raise LinkLost(f"the board at {self.port} stopped answering ({lost})") from None
        if error:
            raise BoardError(error.decode(errors="replace"))
        return output.decode(errors="replace")

    def values(self, code: str, timeout_s: float = ANSWER_S) -> list[Any]:
        """Run code that prints a literal of Python a line; return them. Raises LinkError."""
        try:
            return [ast.literal_eval(line) for line in self.run(code, timeout_s).splitlines()]
        except (ValueError, SyntaxError):
            raise LinkError(ARRIVED_DAMAGED) from None

    def guard(self) -> None:
        """Let a watchdog run from now on, fed with every `run`.

        The node's own watchdog cannot be stopped and would bite in the middle; and when the
        cable is pulled, a board that stands at its prompt comes back to life by itself.
        """
        self.run(f"import machine\n_guard = machine.WDT(timeout={GUARD_MS})")
        self._guarded = True

    def reset(self) -> None:
        """Boot the board as its reset button does; `listen` or `close` comes next."""
        self.start("import time, machine\ntime.sleep_ms(50)\nmachine.reset()")

    def start(self, code: str) -> None:
        """Let the board begin with code that may take the port away; `interrupt`, `enter`,
        `listen` or `close` comes next."""
        transport = self._connected()
        try:
            transport.exec_raw_no_follow(code)
            time.sleep(0.02)  # until the command has left the port
        except (OSError, serial.SerialException, TransportError):
            pass  # gone already
        transport.in_raw_repl = False
        self._guarded = False

    @property
    def is_open(self) -> bool:
        """Whether the port is there."""
        return self._transport is not None

    def listen(self, until: Callable[[bytes], bool], timeout_s: float) -> bytes:
        """Return what the board prints until `until` is true of it or time is over.

        A port that vanishes meanwhile is opened again.
        """
        output = b""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s and not until(output):
            if self._transport is None and not self._try_open():
                time.sleep(_REOPEN_S)
                continue
            try:
                output += self._connected().read_available()
            except (OSError, serial.SerialException):
                self._lose()
            time.sleep(0.01)
        return output

    def read_available(self) -> bytes:
        """Return what the board has printed, at once. Raises LinkLost where the port is gone."""
        try:
            return self._connected().read_available()
        except (OSError, serial.SerialException):
            self._lose()
            raise LinkLost(f"the port {self.port} has gone") from None

    def soft_reset(self) -> None:
        """Boot the interpreter anew at its prompt: what ran has left no room on the heap.

        Raises LinkLost, LinkError for an interpreter that is too old.
        """
        guarded, self._guarded = self._guarded, False
        transport = self._connected()
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it received
                transport.enter_raw_repl(soft_reset=True, timeout_overall=_BOOT_S)
        except (OSError, serial.SerialException, TransportError):
            self._lose()
            raise LinkLost(f"the board at {self.port} does not come to its prompt") from None
        self._mount_at_root()
        if guarded:
            self.guard()

    def _mount_at_root(self) -> None:
        try:
            self.run(MOUNT_AT_ROOT)
        except BoardError:
            (version,) = self.values("import sys\nprint(repr(tuple(sys.implementation[1][:3])))")
            if version[:2] >= NEEDED_VERSION:
                raise
            found, needed = (".".join(map(str, each)) for each in (version, NEEDED_VERSION))
            raise LinkError(
                f"the board runs MicroPython {found}, which cannot run the firmware: "
                f"put MicroPython {needed} on it first"
            ) from None

    def _try_open(self) -> bool:
        try:
            self._transport = PromptTransport(self.port)
        except (OSError, serial.SerialException, TransportError):
            return False
        except ValueError as error:  # of pyserial, about an address
            raise InputError(f"--port {self.port}: {error}") from None
        return True

    def _connected(self) -> PromptTransport:
        if self._transport is None:
            raise LinkLost(f"the port {self.port} is not open")
        return self._transport

    def _lose(self) -> None:
        """Forget a port that is gone."""
        transport, self._transport = self._transport, None
        self._guarded = False
        if transport is not None:
            with contextlib.suppress(OSError, serial.SerialException):
                transport.port.close()

    def _prompted(self) -> bool:
        """Read all answers to the knocks, up to the prompt that mpremote reads first.

        However late they are, they come before that to a question which was not asked before.
        """
        self._marks += 1
        mark = f"prompted {self._marks}".encode()
        said = b"OK" + mark + b"\r\n\x04\x04"
        try:
            transport = self._connected()
            transport.port.write(b"print('" + mark + b"')\x04")
            return transport.read_until(1, said, timeout=2).endswith(said)
        except (OSError, serial.SerialException, LinkLost):
            self._lose()
            return False

    def _knock(self) -> bytes:
        transport = self._connected()
        transport.port.write(b"\r\x03\x03\r\x01")
        time.sleep(_KNOCK_S)
        return transport.read_available()
