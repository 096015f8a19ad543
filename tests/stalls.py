"""A machine that stalls again and again, as one does that has too much to do."""

import ctypes
import threading


class Stalls:
    """As a context: holds every thread of this process for most of each second, at no cost."""

    def __init__(self, stall_s: float = 0.4, between_s: float = 0.2) -> None:
        self._hold_us = ctypes.PyDLL(None).usleep  # PyDLL: the interpreter's lock is kept
        self._stall_us = round(stall_s * 1e6)
        self._between_s = between_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Stalls":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._between_s):
            self._hold_us(self._stall_us)
