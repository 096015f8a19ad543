"""UF2: a file of blocks that a boot loader copies into flash.

Source: github.com/microsoft/uf2 (README, families in utils/uf2families.json).
"""

import struct

BLOCK_BYTES = 512
FLASH_BEGIN = 0x10000000  # XIP_BASE, RP2040 datasheet section 2.2
FLASH_BYTES = 2 * 1024 * 1024  # of a Pico W
RP2040_FAMILY = 0xE48BFF56
ERASED = b"\xff"

_PAGE = 256  # bytes of flash that a block carries
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_HAS_FAMILY = 0x00002000  # flag
_HEAD = struct.Struct("<8I")  # magic twice, flags, address, bytes, number, blocks, family
_END = struct.Struct("<I")
_ROOM = BLOCK_BYTES - _HEAD.size - _END.size


class ImageError(ValueError):
    """A file is not the image that is needed; one sentence."""


def read_uf2(data: bytes) -> bytes:
    """Return the flash of a Pico W as a file makes it of an erased one. Raises ImageError."""
    if not data or len(data) % BLOCK_BYTES:
        raise ImageError(f"it is not UF2: {len(data)} bytes are no blocks of {BLOCK_BYTES}")
    flash = bytearray(ERASED * FLASH_BYTES)
    blocks = len(data) // BLOCK_BYTES
    for index in range(blocks):
        block = data[index * BLOCK_BYTES : (index + 1) * BLOCK_BYTES]
        *magic, flags, address, size, number, count, family = _HEAD.unpack_from(block)
        if (*magic, *_END.unpack_from(block, _HEAD.size + _ROOM)) != (*_MAGIC, _MAGIC_END):
            raise ImageError(f"it is not UF2: block {index} has other magic numbers")
        if not flags & _HAS_FAMILY or family != RP2040_FAMILY:
            raise ImageError(f"it is not for an RP2040: block {index} has family {family:08x}")
        if (number, count) != (index, blocks):
            raise ImageError(f"it is damaged: block {index} of {blocks} is {number} of {count}")
        begin = address - FLASH_BEGIN
        if size > _ROOM or not 0 <= begin <= FLASH_BYTES - size:
            raise ImageError(f"it is not for a Pico W: {size} bytes at {address:08x}")
        flash[begin : begin + size] = block[_HEAD.size : _HEAD.size + size]
    return bytes(flash)


def write_uf2(flash: bytes) -> bytes:
    """Return the file that makes `flash` of an erased one; erased pages are left out."""
    offsets = [at for at in range(0, len(flash), _PAGE) if flash[at : at + _PAGE].strip(ERASED)]
    blocks = bytearray()
    for number, at in enumerate(offsets):
        page = flash[at : at + _PAGE]
        place = FLASH_BEGIN + at, len(page), number, len(offsets)
        blocks += _HEAD.pack(*_MAGIC, _HAS_FAMILY, *place, RP2040_FAMILY)
        blocks += page.ljust(_ROOM, b"\0") + _END.pack(_MAGIC_END)
    return bytes(blocks)
