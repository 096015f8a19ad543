"""What stays of sensors that were let go: what they have seen, and what they remember."""

from filmgauge.charge import MEMORY_SIZE
from filmgauge.compat import Namespace


def plain_sample(sampler):
    """Return what a sampler has seen last, without the sampler."""
    return Namespace(
        faults=sampler.faults,
        voltage_uv=sampler.voltage_uv,
        current_pa=sampler.current_pa,
        temperature_cdeg=sampler.temperature_cdeg,
        model_cdeg=sampler.model_cdeg,
        is_usable=sampler.is_usable,
        drain_pa=sampler.drain_pa,
        drained_pc=sampler.drained_pc,
    )


def packed(memory):
    """Return what writes what a memory of `size` bytes would, without the memory."""
    return _Packed(memory)


class _Packed:
    def __init__(self, memory):
        self._bytes = bytearray(memory.size)
        memory.pack_into(self._bytes, 0)

    def pack_into(self, buffer, offset: int) -> None:
        """Write it."""
        buffer[offset : offset + len(self._bytes)] = self._bytes
