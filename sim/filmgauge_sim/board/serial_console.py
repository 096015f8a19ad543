"""What a board's firmware reads from its serial port, and whether a Ctrl-C interrupts it."""

import struct

from filmgauge_sim.board.shims import _protocol

_CTRL_C = 3
_MOST_KEPT = 1 << 16
_FOR_EVER = 0xFFFFFFFF


class SerialConsole:
    """Answers the requests that read; None as an answer means not yet."""

    def __init__(self) -> None:
        self.interrupts = False
        self.raw = False  # where the next boot leads to
        self._received = bytearray()
        self._wanted: tuple[int, int, float] | None = None  # operation, argument, deadline

    def reset(self) -> None:
        """Begin a boot."""
        self.interrupts = False
        self._received.clear()
        self._wanted = None

    @property
    def is_waiting(self) -> bool:
        """Whether the firmware waits for the port."""
        return self._wanted is not None

    def receive(self, data: bytes) -> bool:
        """Take bytes from the port; return whether a Ctrl-C among them interrupts."""
        interrupted = False
        if self.interrupts and _CTRL_C in data:
            data = data.replace(bytes((_CTRL_C,)), b"")
            interrupted = True
        self._received += data
        del self._received[:-_MOST_KEPT]
        return interrupted

    def request(self, operation: int, small: int, argument: int, now_s: float) -> bytes | None:
        """Begin a request at a real time in s; return its answer, None where it must wait."""
        if operation == _protocol.CONSOLE_INTERRUPTS:
            self.interrupts = bool(small)
            return b""
        if operation == _protocol.CONSOLE_MODE:
            raw, self.raw = self.raw, False
            return bytes((raw,))
        wait_s = argument / 1000 if argument != _FOR_EVER else 1e9
        self._wanted = operation, argument, now_s + wait_s
        return self.answer(now_s)

    def answer(self, now_s: float, at_once: bool = False) -> bytes | None:
        """Return the answer to what waits, None when there is none yet."""
        if self._wanted is None:
            return None
        operation, argument, deadline_s = self._wanted
        if operation == _protocol.CONSOLE_POLL:
            if not (self._received or at_once or now_s >= deadline_s):
                return None
            answer = bytes(self._received[:1])
        elif self._received or at_once:
            answer = bytes(self._received[:argument])
            del self._received[: len(answer)]
        else:
            return None
        self._wanted = None
        return answer


def identity(version: tuple[int, int, int], mpy: int, machine: str) -> bytes:
    """Return what a board says of itself: interpreter, bytecode (`_mpy`) and name."""
    return struct.pack("<BBBH", *version, mpy) + machine.encode()
