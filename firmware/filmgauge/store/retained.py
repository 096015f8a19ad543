"""The state that outlives deep sleep: a sealed block in RTC memory.

RTC memory keeps whatever bits survived a brown-out, so the block carries its own checksum.
"""

from filmgauge.store.block import seal, unseal


class Retained:
    """A payload of `payload_size` bytes in `memory`, a function like `machine.RTC().memory`."""

    def __init__(self, memory, payload_size: int):
        self._memory = memory
        self._size = payload_size

    def load(self, buffer) -> bool:
        """Read the block into `buffer`; return whether it was whole."""
        data = self._memory()
        if unseal(data, self._size) is None:
            return False
        end = min(len(buffer), len(data))
        buffer[:end] = data[:end]
        return True

    def save(self, buffer) -> None:
        """Seal the payload in `buffer` and keep it, with what follows it there."""
        seal(buffer, self._size, 0)
        self._memory(buffer)
