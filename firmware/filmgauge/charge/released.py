"""What stays of sensors that were let go: what they have seen, and what they remember."""

from filmgauge.charge.charge_memory import MEMORY_SIZE
from filmgauge.compat import Namespace

_RESULTS = (
    "faults voltage_uv current_pa temperature_cdeg model_cdeg is_usable drain_pa drained_pc"
    " doubt_pc moved_pc carried_pc guess_pa gap"
)


def plain_sample(sampler):
    """Return what a sampler has seen last, without the sampler."""
    sample = Namespace()
    for name in _RESULTS.split():
        setattr(sample, name, getattr(sampler, name, None))
    return sample


class Packed:
    """What a sampler remembers, without it."""

    def __init__(self, memory):
        self._bytes = bytearray(MEMORY_SIZE)
        memory.pack_into(self._bytes, 0)

    def pack_into(self, buffer, offset: int) -> None:
        """Write it."""
        buffer[offset : offset + MEMORY_SIZE] = self._bytes
