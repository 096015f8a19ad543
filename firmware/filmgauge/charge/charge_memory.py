"""What a way of counting leaves for the next wake: so many bytes, and which way it was."""

from filmgauge.compat import const

MEMORY_SIZE = const(49)
SAMPLED = b"\xa5\x5a\xc3"  # where a memory is that of samples
SAMPLED_AT = const(45)


def clear_other(buffer, offset: int, config) -> bool:
    """Forget a memory that another way of counting has left than `config` asks for: a host has
    brought another configuration, which retained memory outlives. Return whether it was so: what
    has flowed since the last sample is lost."""
    samples = config.pin_sensors >= 0
    memory = buffer[offset : offset + MEMORY_SIZE]
    is_sampled = memory[SAMPLED_AT:][: len(SAMPLED)] == SAMPLED
    if is_sampled == samples or not any(memory):
        return False
    if samples and memory[0] <= 1 and memory[5] == 1 and not any(memory[25:]):
        return False  # of samples, by an earlier version
    for at in range(offset, offset + MEMORY_SIZE):
        buffer[at] = 0
    return True
