"""Built-in modules of the interpreter, for firmware that runs in this process."""

import array
import binascii
import errno
import hashlib
import io
import json
import math
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from filmgauge_sim.board.board_kind import Port
from filmgauge_sim.board.inprocess_tls import tls_engine
from filmgauge_sim.board.littlefs_on_board import BoardFiles
from filmgauge_sim.board.shims import _protocol

_UNUSED = ("rmdir", "statvfs")  # of `os`: only a version over the air, which has a launcher


def built_in_modules(
    files: BoardFiles, console: Callable[[bytes], None], port: Port
) -> dict[str, ModuleType]:
    """Return module name -> module, as far as shims and firmware import them."""
    modules = {
        "array": array,
        "binascii": binascii,
        "errno": errno,
        "hashlib": hashlib,
        "io": io,
        "json": json,
        "math": math,
        "struct": struct,
        "ustruct": struct,
    }
    made: dict[str, dict[str, Any]] = {
        "gc": {"collect": lambda: 0, "threshold": lambda amount: None},
        "sys": {
            "print_exception": lambda error, file=None: _print_trace(error, file, console),
            "platform": _protocol.PLATFORMS[port],
            # With this name, and no module `micropython`, the firmware keeps what it made where
            # there is room, and lets go of nothing.
            "implementation": SimpleNamespace(name="cpython", version=(1, 29, 0)),
            "exit": sys.exit,
            "modules": {},  # what the firmware lets go of stays loaded for its next boot
        },
        "uos": {
            name: getattr(files, name, None)
            for name in ("ilistdir", "listdir", "mkdir", "remove", "rename", "stat", *_UNUSED)
        },
        "utime": {"gmtime": time.gmtime},
        "usocket": {
            "AF_INET": socket.AF_INET,
            "SOCK_STREAM": socket.SOCK_STREAM,
            "getaddrinfo": socket.getaddrinfo,
            "socket": _StreamSocket,
        },
        "uselect": {"POLLIN": 1, "poll": _Poll},
    }
    modules["_tls_engine"] = tls_engine()
    for name, members in made.items():
        module = ModuleType(name)
        vars(module).update(members)
        modules[name] = module
    return modules


def _print_trace(
    error: BaseException, file: io.StringIO | None, console: Callable[[bytes], None]
) -> None:
    text = "".join(traceback.format_exception(error))
    if file is None:
        console(text.encode())
    else:
        file.write(text)


class _StreamSocket:
    """A socket with the stream methods of the unix port: None where it would block."""

    def __init__(self, family: int, kind: int) -> None:
        self._socket = socket.socket(family, kind)

    def settimeout(self, seconds: float | None) -> None:
        self._socket.settimeout(seconds)

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self._socket.setsockopt(level, option, value)

    def setblocking(self, flag: bool) -> None:
        self._socket.setblocking(flag)

    def connect(self, address: tuple[str, int]) -> None:
        try:
            self._socket.connect(address)
        except TimeoutError:
            raise OSError(errno.ETIMEDOUT, "") from None

    def write(self, data: Any) -> int | None:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return None

    def readinto(self, buffer: Any) -> int | None:
        try:
            return self._socket.recv_into(buffer)
        except BlockingIOError:
            return None

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()


class _Poll:
    """`poll` for one stream socket."""

    def register(self, stream: _StreamSocket, mask: int) -> None:
        import select

        self._poll = select.poll()
        self._poll.register(stream.fileno(), mask)

    def poll(self, timeout_ms: int) -> list[tuple[int, int]]:
        return self._poll.poll(timeout_ms)
