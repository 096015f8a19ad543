"""The record that is being sent, behind the state in memory that outlives a reset."""

from filmgauge.compat import const
from filmgauge.store.block import OVERHEAD

SIZE = const(128)  # record/record.py


def write(state, data: bytes) -> None:
    """Let a record outlive a reset."""
    at = state.size + OVERHEAD
    state.buffer[at : at + SIZE] = data + bytes(SIZE - len(data))


def read(state) -> bytes:
    """Return it, nothing where there is none."""
    at = state.size + OVERHEAD
    return bytes(state.buffer[at : at + SIZE]) if any(state.buffer[at : at + 1]) else b""


def clear(state) -> None:
    """Forget it: it has come to its end, or is in flash."""
    state.buffer[state.size + OVERHEAD] = 0
