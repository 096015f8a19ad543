"""AES-CCM (RFC 3610) from the cipher of one block, as BTHome and its receivers use it."""

from filmgauge.compat import const

_LENGTH_BYTES = const(2)  # 15 less the nonce of 13 bytes


def seal(encrypt, nonce: bytes, text: bytes, mic_size: int) -> "tuple[bytes, bytes]":
    """Return (cipher text, integrity code). The nonce has 13 bytes; no further data."""
    if len(nonce) != 15 - _LENGTH_BYTES:
        raise ValueError("nonce must have 13 bytes, not %d" % len(nonce))
    flags = (mic_size - 2) // 2 << 3 | _LENGTH_BYTES - 1
    mark = encrypt(bytes((flags,)) + nonce + _counter(len(text)))
    sealed = b""
    for at in range(0, len(text), 16):
        block = text[at : at + 16]
        mark = encrypt(_xor(block + bytes(16 - len(block)), mark))
        sealed += _xor(block, _stream(encrypt, nonce, at // 16 + 1))
    return sealed, _xor(mark, _stream(encrypt, nonce, 0))[:mic_size]


def _stream(encrypt, nonce, number):
    return encrypt(bytes((_LENGTH_BYTES - 1,)) + nonce + _counter(number))


def _counter(value):
    return bytes((value >> 8 & 255, value & 255))


def _xor(one, other):
    return bytes(one[i] ^ other[i] for i in range(min(len(one), len(other))))
