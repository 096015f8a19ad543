"""Retained memory: bits that survived a brown-out are not a state."""

from noise import Noise

from filmgauge.store.block import HEAD_SIZE, OVERHEAD
from filmgauge.store.retained import Retained

LENGTH = 30


class Memory:
    """RTC memory as the ESP32 has it: empty after power-on, and a copy of what was written."""

    def __init__(self):
        self.data = b""

    def __call__(self, data=None):
        if data is None:
            return self.data
        self.data = bytes(data)
        return None


def saved():
    """Return a memory that holds a state, and the payload."""
    memory = Memory()
    buffer = bytearray(LENGTH + OVERHEAD)
    payload = Noise(51).octets(LENGTH)
    buffer[HEAD_SIZE : HEAD_SIZE + LENGTH] = payload
    Retained(memory, LENGTH).save(buffer)
    return memory, payload


def load(memory):
    """Return the payload in the memory, None when there is none."""
    buffer = bytearray(LENGTH + OVERHEAD)
    if not Retained(memory, LENGTH).load(buffer):
        assert buffer == bytearray(LENGTH + OVERHEAD)
        return None
    return buffer[HEAD_SIZE : HEAD_SIZE + LENGTH]


def test_round_trip():
    memory, payload = saved()
    assert len(memory.data) == LENGTH + OVERHEAD
    assert load(memory) == payload


def test_empty_after_power_on():
    assert load(Memory()) is None


def test_every_flipped_bit_is_refused():
    memory, payload = saved()
    whole = memory.data
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit >> 3] ^= 1 << (bit & 7)
        memory.data = bytes(data)
        assert load(memory) is None
    memory.data = whole
    assert load(memory) == payload


def test_every_truncation_is_refused():
    memory, _ = saved()
    whole = memory.data
    for length in range(len(whole)):
        memory.data = whole[:length]
        assert load(memory) is None


def test_a_memory_of_fixed_size_works_too():
    memory, payload = saved()
    memory.data = memory.data + bytes(2048 - len(memory.data))
    assert load(memory) == payload
