"""What a board's firmware reads from its serial port, and whether a Ctrl-C interrupts it."""

from filmgauge_sim.board.shims import _protocol

_CTRL_C = 3
_MOST_KEPT = 1 << 16
_FOR_EVER = 0xFFFFFFFF
_NEVER_US = 1 << 62


class SerialConsole:
    """Answers the requests that read; None as an answer means not yet. Times are the board's."""

    def __init__(self) -> None:
        self.interrupts = False
        self.raw = False  # where the next boot leads to
        self._received = bytearray()
        self._wanted: tuple[int, int, int] | None = None  # operation, argument, deadline in us

    def reset(self) -> None:
        """Begin a boot."""
        self.interrupts = False
        self._received.clear()
        self._wanted = None

    @property
    def is_waiting(self) -> bool:
        """Whether the firmware waits for the port."""
        return self._wanted is not None

    @property
    def deadline_us(self) -> int:
        """Until when it waits at most."""
        return self._wanted[2] if self._wanted else _NEVER_US

    def receive(self, data: bytes) -> bool:
        """Take bytes from the port; return whether a Ctrl-C among them interrupts."""
        interrupted = False
        if self.interrupts and _CTRL_C in data:
            data = data.replace(bytes((_CTRL_C,)), b"")
            interrupted = True
        self._received += data
        del self._received[:-_MOST_KEPT]
        return interrupted

    def request(self, operation: int, small: int, argument: int, now_us: int) -> bytes | None:
        """Begin a request; return its answer, None where it must wait."""
        if operation == _protocol.CONSOLE_INTERRUPTS:
            self.interrupts = bool(small)
            return b""
        if operation == _protocol.CONSOLE_MODE:
            raw, self.raw = self.raw, False
            return bytes((raw,))
        polls = operation == _protocol.CONSOLE_POLL and argument != _FOR_EVER
        self._wanted = operation, argument, now_us + argument * 1000 if polls else _NEVER_US
        return self.answer(now_us)

    def answer(self, now_us: int, at_once: bool = False) -> bytes | None:
        """Return the answer to what waits, None when there is none yet."""
        if self._wanted is None:
            return None
        operation, argument, deadline_us = self._wanted
        if not (self._received or at_once or now_us >= deadline_us):
            return None
        self._wanted = None
        if operation == _protocol.CONSOLE_POLL:
            return bytes(self._received[:1])
        answer = bytes(self._received[:argument])
        del self._received[: len(answer)]
        return answer
