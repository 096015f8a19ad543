"""What stays of sensors that were let go: what they have seen, and what they remember."""

from filmgauge.compat import Namespace, const

_SIZE = const(13)  # the most that a memory takes (charge/__init__.py)


def plain_sample(sampler):
    """Return what a sampler has seen last, without the sampler."""
    return Namespace(
        faults=sampler.faults,
        voltage_uv=sampler.voltage_uv,
        current_pa=sampler.current_pa,
        temperature_cdeg=sampler.temperature_cdeg,
        drain_pa=sampler.drain_pa,
        drained_pc=sampler.drained_pc,
    )


class PackedMemory:
    """What a sensor remembers, without its driver."""

    def __init__(self, memory):
        self._packed = bytearray(_SIZE)
        memory.pack_into(self._packed, 0)

    def pack_into(self, buffer, offset: int) -> None:
        """Write it."""
        buffer[offset : offset + _SIZE] = self._packed
