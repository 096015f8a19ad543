"""The record that is being sent, behind the state in memory that outlives a reset."""

from filmgauge.compat import const
from filmgauge.state import BLOCK

SIZE = const(128)  # record/record.py


def write(buffer, data: bytes) -> None:
    """Let a record outlive a reset."""
    buffer[BLOCK : BLOCK + SIZE] = data + bytes(SIZE - len(data))


def read(buffer) -> bytes:
    """Return it, nothing where there is none."""
    return bytes(buffer[BLOCK : BLOCK + SIZE]) if any(buffer[BLOCK : BLOCK + 1]) else b""


def clear(buffer) -> None:
    """Forget it: it has come to its end, or is in flash."""
    buffer[BLOCK] = 0
