"""The connection to a board on a serial port, over the raw REPL of its interpreter.

    with BoardLink("/dev/ttyACM0") as link:
        link.enter()                        # interrupts what runs; waits for a board that sleeps
        link.run("import os\\nprint(os.listdir('/'))", timeout_s=10)
        link.write_file("/config.json", data)
    # the prompt is left; `reset` boots the board

It uses mpremote's transport, with a deadline on every wait. Errors are LinkError, one sentence
each: LinkLost when the port went away, BoardError when the board's code raised.
"""

import ast
import base64
import contextlib
import hashlib
import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from filmgauge_host.errors import FilmgaugeError

CHUNK = 3072  # bytes of a file a request: with base64 they are 4096
_BAUD = 115200
_KNOCK_S = 0.05  # how often a board that does not answer is interrupted
_REOPEN_S = 0.1
_OPEN_S = 2.0
_RAW = b"raw REPL; CTRL-B to exit\r\n>"
_GUARD_MS = 8000  # what every port's watchdog can be set to

# Some ports have their file system at /flash; the firmware, and all that is said here of paths,
# has it at /, as launch.py sees to.
_ROOT = """\
import os, sys
if 'flash' in os.listdir('/'):
    import vfs
    for _system, _path in vfs.mount():
        if _path == '/flash':
            vfs.umount(_path)
            vfs.mount(_system, '/')
            os.chdir('/')
            sys.path[:] = [_each.replace('/flash', '') for _each in sys.path]
"""

# Runs on the board: names and sizes of all files, without what a host has mounted.
_WALK = """\
import os
def _walk(path):
    for entry in os.ilistdir(path or '/'):
        name = path + '/' + entry[0]
        if entry[1] & 0x4000:
            if name not in ('/rom', '/remote'):
                print(repr((name + '/', 0)))
                _walk(name)
        else:
            print(repr((name, entry[3])))
_walk(%r)
"""

_HASH = """\
import hashlib
def _hash(path):
    total = hashlib.sha256()
    part = memoryview(bytearray(512))
    with open(path, 'rb') as file:
        while True:
            count = file.readinto(part)
            if not count:
                break
            total.update(part[:count])
    return total.digest()
for _path in %r:
    try:
        print(repr((_path, _hash(_path))))
    except OSError:
        pass
"""


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


@dataclass(frozen=True, slots=True)
class Identity:
    """What the interpreter says of itself. mpy: bytecode version and, above it, sub-version."""

    platform: str
    machine: str
    version: tuple[int, int, int]
    mpy: int

    @property
    def bytecode(self) -> tuple[int, int]:
        """Version and sub-version of the bytecode that it loads."""
        return self.mpy & 0xFF, self.mpy >> 8 & 3


class BoardLink:
    """A board at the port `port`, a path or a pyserial address. Opened by `open` or `with`."""

    def __init__(self, port: str, patience_s: float = 90.0) -> None:
        self.port = port
        self.sent = 0  # bytes written to files, as they went over the wire
        self._patience_s = patience_s  # for a board that sleeps, or a port that is gone
        self._transport: SerialTransport | None = None
        self._guarded = False

    def __enter__(self) -> "BoardLink":
        self.open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def open(self) -> None:
        """Open the port; one that is just coming back is waited for. Raises LinkLost."""
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
        with contextlib.suppress(OSError, serial.SerialException):
            if transport.in_raw_repl:
                transport.exit_raw_repl()
        with contextlib.suppress(OSError, serial.SerialException):
            transport.close()

    def enter(self, on_wait: Callable[[float], None] | None = None) -> None:
        """Interrupt what runs and come to the raw REPL.

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
            if not answer.endswith(_RAW):
                continue
            try:
                self.settle()
            except LinkLost:
                answer = b""
                continue
            return
        raise LinkLost(
            f"the board at {self.port} does not answer after {self._patience_s:.0f} s: press its "
            "reset button while this waits, and see that MicroPython is on it"
        )

    def run(self, code: str, timeout_s: float = 10.0) -> str:
        """Run code on the board; return what it printed. `timeout_s` without a byte is the end.

        Raises BoardError with the traceback, LinkLost.
        """
        if self._guarded:
            code = "_guard.feed()\n" + code
        transport = self._connected()
        try:
            output, error = transport.exec_raw(code, timeout=math.ceil(timeout_s))
        except Exception as lost:  # also struct.error of a short answer
            self._lose()
            raise LinkLost(f"the board at {self.port} stopped answering ({lost})") from None
        if error:
            raise BoardError(error.decode(errors="replace"))
        return output.decode(errors="replace")

    def value(self, expression: str, timeout_s: float = 10.0) -> object:
        """Return the value of an expression on the board, a literal of Python."""
        return ast.literal_eval(self.run(f"print(repr({expression}))", timeout_s).strip())

    def guard(self) -> None:
        """Let a watchdog run from now on, fed with every `run`.

        The node's own watchdog cannot be stopped and would bite in the middle; and when the
        cable is pulled, a board that stands at its prompt comes back to life by itself.
        """
        self.run(f"import machine\n_guard = machine.WDT(timeout={_GUARD_MS})")
        self._guarded = True

    def identity(self) -> Identity:
        """Ask the interpreter what it is. Raises LinkError when it is not MicroPython."""
        found = self.value(
            "(__import__('sys').platform, getattr(__import__('sys').implementation, '_machine', "
            "''), tuple(__import__('sys').implementation[1][:3]), "
            "getattr(__import__('sys').implementation, '_mpy', 0))"
        )
        assert isinstance(found, tuple)
        platform, machine, version, mpy = found
        return Identity(platform, machine, version, mpy)

    def files(self, path: str = "") -> dict[str, int]:
        """Return the files below a directory: absolute path -> size; directories end with /."""
        lines = self.run(_WALK % path, timeout_s=30).splitlines()
        return dict(ast.literal_eval(line) for line in lines if line)

    def hashes(self, paths: list[str]) -> dict[str, bytes]:
        """Return the SHA-256 of files on the board; files that are not there are left out."""
        found: dict[str, bytes] = {}
        for at in range(0, len(paths), 16):
            lines = self.run(_HASH % (paths[at : at + 16],), timeout_s=30).splitlines()
            found |= dict(ast.literal_eval(line) for line in lines if line)
        return found

    def read_file(self, path: str) -> bytes:
        """Return the content of a file. Raises BoardError when it is not there."""
        text = self.run(
            "import binascii\n"
            f"with open({path!r}, 'rb') as file:\n"
            " while True:\n"
            "  part = file.read(384)\n"
            "  if not part: break\n"
            "  print(binascii.b2a_base64(part).decode(), end='')\n",
            timeout_s=30,
        )
        return b"".join(base64.b64decode(line) for line in text.split())

    def write_file(
        self, path: str, data: bytes, on_progress: Callable[[int], None] | None = None
    ) -> None:
        """Write a file so that it is whole or as it was: beside it first, then renamed.

        on_progress gets the bytes of each part. Raises LinkError when the hash differs.
        """
        part_path = path + ".part"
        self.run(f"import os, binascii\n_file = open({part_path!r}, 'wb')")
        self.send(data, on_progress)
        self.run("_file.close()")
        if self.hashes([part_path]).get(part_path) != hashlib.sha256(data).digest():
            raise LinkError(f"{path} arrived damaged on the board: try again")
        self.run(f"os.rename({part_path!r}, {path!r})")

    def send(self, data: bytes, on_progress: Callable[[int], None] | None = None) -> None:
        """Write data to the file that is open on the board as `_file`."""
        for at in range(0, len(data), CHUNK):
            part = data[at : at + CHUNK]
            text = base64.b64encode(part).decode()
            self.sent += len(text)
            self.run(f"_file.write(binascii.a2b_base64('{text}'))", timeout_s=20)
            if on_progress is not None:
                on_progress(len(part))

    def reset(self) -> None:
        """Boot the board as its reset button does; `listen` or `close` comes next."""
        transport = self._connected()
        try:
            transport.exec_raw_no_follow(
                "import time, machine\ntime.sleep_ms(50)\nmachine.reset()"
            )
            time.sleep(0.02)  # until the command has left the port
        except (OSError, serial.SerialException, TransportError):
            pass  # gone already
        transport.in_raw_repl = False
        self._guarded = False

    def listen(self, until: Callable[[bytes], bool], timeout_s: float) -> bytes:
        """Return what the board prints until `until` is true of it or time is over.

        A port that vanishes meanwhile is opened again.
        """
        heard = b""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s and not until(heard):
            if self._transport is None and not self._try_open():
                time.sleep(_REOPEN_S)
                continue
            port = self._port(self._connected())
            try:
                heard += port.read(port.in_waiting)
            except (OSError, serial.SerialException):
                self._lose()
            time.sleep(0.01)
        return heard

    def settle(self) -> None:
        """Boot the interpreter anew at its prompt: what ran has left no room on the heap."""
        guarded, self._guarded = self._guarded, False
        transport = self._connected()
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # where mpremote prints what it heard
                transport.enter_raw_repl(soft_reset=True, timeout_overall=5)
        except (OSError, serial.SerialException, TransportError):
            self._lose()
            raise LinkLost(f"the board at {self.port} does not come to its prompt") from None
        self.run(_ROOT)
        if guarded:
            self.guard()

    def _try_open(self) -> bool:
        try:
            transport = SerialTransport(self.port, baudrate=_BAUD, timeout=5.0)
        except (OSError, serial.SerialException, TransportError):
            return False
        transport.is_pty = False  # or it would wait for ever for a byte
        self._port(transport).write_timeout = 5.0
        self._transport = transport
        return True

    @staticmethod
    def _port(transport: SerialTransport) -> serial.Serial:
        port = transport.serial
        assert isinstance(port, serial.Serial)  # no folder is mounted through this link
        return port

    def _connected(self) -> SerialTransport:
        if self._transport is None:
            raise LinkLost(f"the port {self.port} is not open")
        return self._transport

    def _lose(self) -> None:
        """Forget a port that is gone."""
        transport, self._transport = self._transport, None
        self._guarded = False
        if transport is not None:
            with contextlib.suppress(OSError, serial.SerialException):
                transport.serial.close()

    def _knock(self) -> bytes:
        port = self._port(self._connected())
        port.write(b"\r\x03\x03\r\x01")
        time.sleep(_KNOCK_S)
        count = port.in_waiting
        return port.read(count) if count else b""
