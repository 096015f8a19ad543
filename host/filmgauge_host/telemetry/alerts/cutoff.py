"""Ends an exchange that a server draws out: the timeout of a socket holds for each wait alone, and
a byte now and then makes many.

with Cutoff(timeout_s, lambda: [connection.sock]):
    ...
"""

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from filmgauge_host.telemetry.alerts.delivery import DeliveryError

_WAITS = 4
_AGAIN_S = 1.0


class Cutoff:
    """Use as a context around what waits at most `timeout_s` each time for a server. After four
    such times in all, whatever it waits for fails, and leaving raises a DeliveryError on that.

    connections: gives the sockets, None for one that is not connected yet. has_passed: whether it
    came to that, by which what has come may be only a part.
    """

    def __init__(
        self, timeout_s: float, connections: Callable[[], Sequence[socket.socket | None]]
    ) -> None:
        self._limit_s = _WAITS * timeout_s
        self._connections = connections
        self.has_passed = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cutoff", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._ended.set()
        if self.has_passed and isinstance(error, DeliveryError):
            raise DeliveryError(f"it has not answered to the end in {self._limit_s:g} s") from None

    def _run(self) -> None:
        if self._ended.wait(self._limit_s):
            return
        self.has_passed = True
        while True:
            for each in self._connections():
                if each is not None:
                    with suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)
            if self._ended.wait(_AGAIN_S):  # else it was connecting
                return
