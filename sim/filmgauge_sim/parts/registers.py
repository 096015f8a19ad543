"""What every register-mapped part shares: a descriptor of a register and its bytes."""

from typing import NamedTuple


class Register(NamedTuple):
    """One register: width in bytes, value after reset, and the bits that a write stores.

    `writable` is 0 for a register that ignores writes; bits outside it are reserved or belong
    to the hardware.
    """

    width: int
    reset: int = 0
    writable: int = 0


RESERVED = Register(2)  # an address without a register reads 0 (assumed)


def encode(value: int, width: int, length: int) -> bytes:
    """Bytes of a register of `width` bytes as a reader of `length` bytes gets them.

    Most significant byte first; bytes beyond the register are FFh (assumed: nobody drives SDA).
    `value` is taken modulo the width, so a negative number becomes two's complement.
    """
    data = (value & ((1 << 8 * width) - 1)).to_bytes(width, "big")
    if length == width:
        return data
    return data[:length] + b"\xff" * (length - width)


def decode_word(data: bytes) -> int | None:
    """The 16-bit word that a write carries, or None if it is cut short.

    A cut write changes nothing and bytes after the second are dropped (both assumed).
    """
    return int.from_bytes(data[:2], "big") if len(data) >= 2 else None


def signed16(word: int) -> int:
    """Two's complement of a 16-bit word."""
    return word - 0x10000 if word & 0x8000 else word
