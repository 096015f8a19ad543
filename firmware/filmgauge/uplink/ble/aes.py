"""AES-128 of one block (FIPS 197), for ports without `cryptolib`: STM32WB in its usual build.

    encrypt = block_cipher(key)        # 16 bytes; ValueError for another length
    block = encrypt(block)             # 16 bytes

Where the port has `cryptolib`, that does the work.
"""

_ROUNDS = range(1, 10)


def block_cipher(key: bytes):
    """Return a function that encrypts one block of 16 bytes with the key."""
    if len(key) != 16:
        raise ValueError("key must have 16 bytes, not %d" % len(key))
    try:
        from cryptolib import aes
    except ImportError:
        return Aes(key).encrypt
    return aes(key, 1).encrypt  # 1: ECB


class Aes:
    """Written for size: a block takes some milliseconds, and an advertisement has four."""

    def __init__(self, key: bytes):
        self._box = box = _substitution()
        self._words = words = bytearray(176)
        words[:16] = key
        constant = 1
        for at in range(16, 176, 4):
            word = words[at - 4 : at]
            if at % 16 == 0:
                word = bytes((box[word[1]] ^ constant, box[word[2]], box[word[3]], box[word[0]]))
                constant = _double(constant)
            for i in range(4):
                words[at + i] = words[at - 16 + i] ^ word[i]

    def encrypt(self, block: bytes) -> bytes:
        """Return the block encrypted."""
        state = self._with_key(block, 0)
        for turn in _ROUNDS:
            state = self._with_key(_mixed(self._shifted(state)), turn)
        return bytes(self._with_key(self._shifted(state), 10))

    def _with_key(self, state, turn):
        words = self._words
        return bytearray(state[i] ^ words[16 * turn + i] for i in range(16))

    def _shifted(self, state):
        """Substitute the bytes and shift the rows, which run across the four columns."""
        box = self._box
        return bytearray(box[state[(5 * i) % 16]] for i in range(16))


def _mixed(state):
    """Mix each column of four bytes."""
    mixed = bytearray(16)
    for at in range(0, 16, 4):
        a, b, c, d = state[at : at + 4]
        everything = a ^ b ^ c ^ d
        mixed[at] = a ^ everything ^ _double(a ^ b)
        mixed[at + 1] = b ^ everything ^ _double(b ^ c)
        mixed[at + 2] = c ^ everything ^ _double(c ^ d)
        mixed[at + 3] = d ^ everything ^ _double(d ^ a)
    return mixed


def _double(value):
    """Return the value times x in GF(2**8)."""
    value <<= 1
    return value ^ 0x11B if value & 0x100 else value


def _substitution():
    """Return the S-box: the inverse in GF(2**8), then the affine map."""
    box = bytearray(256)
    power = inverse = 1
    while True:
        power ^= _double(power)  # times 3, which generates the field
        inverse ^= inverse << 1  # divided by 3
        inverse ^= inverse << 2
        inverse ^= inverse << 4
        inverse &= 255
        if inverse & 0x80:
            inverse ^= 0x09
        turned = inverse | inverse << 8
        box[power] = (turned ^ turned >> 7 ^ turned >> 6 ^ turned >> 5 ^ turned >> 4) & 255 ^ 0x63
        if power == 1:
            break
    box[0] = 0x63
    return box
