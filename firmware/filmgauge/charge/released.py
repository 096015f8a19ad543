"""What stays of sensors that were let go: what they have seen, and what they remember."""

from filmgauge.compat import Namespace


_RESULTS = (
    "faults voltage_uv current_pa temperature_cdeg model_cdeg is_usable drain_pa drained_pc"
    " moved_pc carried_pc doubt_pc guess_pa has_lost begins_anew"
)


def plain_sample(sampler):
    """Return what a sampler has seen last, without the sampler."""
    sample = Namespace()
    for name in _RESULTS.split():
        setattr(sample, name, getattr(sampler, name, None))
    return sample


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
