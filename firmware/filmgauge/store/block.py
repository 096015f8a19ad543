"""A sealed block: magic, sequence, payload, CRC-32. What is torn or foreign does not open."""

import binascii
import struct

from filmgauge.compat import const

_MAGIC = const(0x4746)
_HEAD = const("<HHI")
HEAD_SIZE = const(8)
OVERHEAD = const(12)


def seal(buffer, length: int, sequence: int) -> None:
    """Close the block: the payload is buffer[HEAD_SIZE:HEAD_SIZE + length]."""
    struct.pack_into(_HEAD, buffer, 0, _MAGIC, length, sequence)
    body = memoryview(buffer)[: HEAD_SIZE + length]
    struct.pack_into("<I", buffer, HEAD_SIZE + length, binascii.crc32(body))


def unseal(buffer, length: int) -> "int | None":
    """Return the sequence of a whole block with a payload of `length`, None for anything else."""
    if len(buffer) < length + OVERHEAD:
        return None
    magic, stored, sequence = struct.unpack_from(_HEAD, buffer, 0)
    if magic != _MAGIC or stored != length:
        return None
    body = memoryview(buffer)[: HEAD_SIZE + length]
    if struct.unpack_from("<I", buffer, HEAD_SIZE + length)[0] != binascii.crc32(body):
        return None
    return sequence
