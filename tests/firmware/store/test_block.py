"""The sealed block: what is torn or foreign does not open."""

import binascii
import struct

from noise import Noise

from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal, unseal

LENGTH = 40


def block(sequence=7, length=LENGTH, seed=41):
    """Return a sealed block with a random payload."""
    buffer = bytearray(length + OVERHEAD)
    buffer[HEAD_SIZE : HEAD_SIZE + length] = Noise(seed).octets(length)
    seal(buffer, length, sequence)
    return buffer


def test_round_trip():
    for length in (0, 1, 40, 120):
        for sequence in (0, 1, 2**31, 2**32 - 1):
            assert unseal(block(sequence, length), length) == sequence


def test_layout():
    data = block(0x01020304)
    assert data[:8] == b"FG" + struct.pack("<HI", LENGTH, 0x01020304)
    assert data[8:-4] == Noise(41).octets(LENGTH)
    assert data[-4:] == struct.pack("<I", binascii.crc32(data[:-4]))


def test_every_flipped_bit_is_refused():
    data = block()
    for bit in range(8 * len(data)):
        data[bit >> 3] ^= 1 << (bit & 7)
        assert unseal(data, LENGTH) is None
        data[bit >> 3] ^= 1 << (bit & 7)
    assert unseal(data, LENGTH) == 7


def test_every_truncation_is_refused():
    data = bytes(block())
    for length in range(len(data)):
        assert unseal(data[:length], LENGTH) is None


def test_every_torn_write_is_refused():
    old, new = block(7, seed=42), block(8, seed=43)
    for cut in range(1, len(old)):
        torn = new[:cut] + old[cut:]
        if torn not in (old, new):
            assert unseal(torn, LENGTH) is None


def test_what_follows_a_block_does_not_matter():
    assert unseal(bytes(block()) + b"rest", LENGTH) == 7


def test_another_length_is_refused():
    data = block()
    for length in (0, LENGTH - 1, LENGTH + 1, 2 * LENGTH):
        assert unseal(data, length) is None


def test_another_kind_of_block_is_refused():
    for at, value in ((0, b"XX"), (2, b"\0\0")):  # magic, length
        data = block()
        data[at : at + 2] = value
        data[-4:] = struct.pack("<I", binascii.crc32(data[:-4]))
        assert unseal(data, LENGTH) is None


def test_foreign_bytes_are_refused():
    noise = Noise(44)
    for data in (b"", bytes(LENGTH + OVERHEAD), b"\xff" * (LENGTH + OVERHEAD)):
        assert unseal(data, LENGTH) is None
    for _ in range(50):
        assert unseal(noise.octets(LENGTH + OVERHEAD), LENGTH) is None
