"""`sys` and `micropython` as a board with a serial port has them, and the streams of its port.

What `print` writes goes to standard output, where the host makes "\\r\\n" of "\\n" as ports do;
what is written to `sys.stdout.buffer` goes as it is.
"""

import os
import sys as _sys
from collections import namedtuple

import _board
import _link
import _protocol
import micropython as _micropython
import uos
import ustruct

for _name in dir(uos):  # a host asks for more of it than firmware does
    if not hasattr(os, _name):
        setattr(os, _name, getattr(uos, _name))

_READ_AT_ONCE = 256
_waiting = bytearray()  # received, not read yet

_Implementation = namedtuple(
    "Implementation", ("name", "version", "_machine", "_mpy", "_build", "_thread")
)
_platform, _, release, _, machine_name = os.uname()
_major, _minor, _micro, _mpy = ustruct.unpack_from("<BBBH", _board.hello, _protocol.VERSION_AT)


def write(data):
    """Send bytes as they are."""
    _link.call(_protocol.CONSOLE_WRITE, 0, 0, data)


def interrupts(enabled):
    """Let a Ctrl-C be KeyboardInterrupt from now on, or a byte like another one."""
    _link.call(_protocol.CONSOLE_INTERRUPTS, 1 if enabled else 0)


def read(count):
    """Return one to `count` bytes, waiting for the first."""
    global _waiting
    if not _waiting:
        return _link.call(_protocol.CONSOLE_READ, 0, count)
    taken = bytes(_waiting[:count])
    _waiting = _waiting[count:]
    return taken


def give_back(data):
    """Put bytes back that belong to whoever reads next."""
    global _waiting
    _waiting = bytearray(data) + _waiting


def ready(timeout_ms):
    """Wait at most so long for something to read; -1: for ever. Return whether there is."""
    if _waiting:
        return True
    return bool(_link.call(_protocol.CONSOLE_POLL, 0, timeout_ms))


class _Bytes:
    """`sys.stdin.buffer` and `sys.stdout.buffer`."""

    def read(self, count=-1):
        if count < 0:
            raise OSError(22)  # a port has no end
        data = bytearray(count)
        self.readinto(data)
        return bytes(data)

    def readinto(self, buffer, count=-1):
        view = memoryview(buffer)
        if count >= 0:
            view = view[:count]
        at = 0
        while at < len(view):
            data = read(min(len(view) - at, _READ_AT_ONCE))
            view[at : at + len(data)] = data
            at += len(data)
        return at

    def write(self, data, count=-1):
        view = memoryview(data)
        if count >= 0:
            view = view[:count]
        for at in range(0, len(view), 4096):
            write(view[at : at + 4096])
        return len(view)

    def flush(self):
        pass

    def await_data(self, timeout_us):
        """Wait until there is something to read; return whether there is."""
        return ready(-1 if timeout_us is None else timeout_us // 1000)


class _Text:
    def __init__(self, stream):
        self._stream = stream
        self.buffer = _Bytes()
        self.await_data = self.buffer.await_data

    def read(self, count=-1):
        return self.buffer.read(count).decode()

    def readline(self):
        line = b""
        while not line.endswith(b"\n"):
            line += self.buffer.read(1).replace(b"\r", b"\n")
        return line.decode()

    def write(self, text):
        return self._stream.write(text)

    def __getattr__(self, name):
        return getattr(self._stream, name)


class _Sys:
    platform = _platform
    version = "3.4.0; MicroPython v" + release
    implementation = _Implementation(
        "micropython", (_major, _minor, _micro, ""), machine_name, _mpy, "virtual", "GIL"
    )
    stdin = _Text(_sys.stdin)
    stdout = _Text(_sys.stdout)

    def __getattr__(self, name):
        return getattr(_sys, name)


class _MicroPython:
    def kbd_intr(self, char):
        interrupts(char == 3)

    def __getattr__(self, name):
        return getattr(_micropython, name)


_sys.modules["sys"] = _Sys()
_sys.modules["micropython"] = _MicroPython()
