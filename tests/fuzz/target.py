"""What a fuzzer needs to know of a door: what comes in, and how a guest is judged.

A target's `run` returns True for an input that was accepted, False for one that was refused as it
should be, and raises for anything else: an exception that is no refusal is a crash, and an
accepted input that breaks the promise of its door is an AssertionError.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence


class Target(ABC):
    """A door. words: what is worth writing into an input. tried: inputs of a short campaign."""

    name: str
    tried = 400
    words: Sequence[bytes] = ()

    @abstractmethod
    def seeds(self) -> list[bytes]:
        """Return inputs to begin with: accepted, or nearly."""

    @abstractmethod
    def run(self, data: bytes) -> bool:
        """Let an input in; return whether it was accepted."""


def refused(sentence: object) -> bool:
    """Return False for a refusal; raise AssertionError where its sentence says nothing."""
    text = str(sentence)
    if not text.strip() or len(text) > 2000:
        raise AssertionError(f"a refusal says {text[:100]!r}")
    return False
