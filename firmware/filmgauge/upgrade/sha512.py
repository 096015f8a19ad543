"""SHA-512 (FIPS 180-4) for what is short: no port of MicroPython has it.

digest = sha512(message, feed)      # 64 bytes; feed: called for each block of 128 bytes
"""

from filmgauge.compat import const, tidy

_ROUNDS = const(80)
_SIZE = const(640)  # of their constants
_MASK = 0xFFFFFFFFFFFFFFFF


def sha512(message: bytes, feed) -> bytes:
    """Return the digest of a message, whose length goes into its last block."""
    state, constants = _constants()
    padded = message + b"\x80" + bytes(-(len(message) + 17) % 128 + 8)
    padded += (len(message) * 8).to_bytes(8, "big")
    for begin in range(0, len(padded), 128):
        feed()
        _compress(state, constants, padded[begin : begin + 128])
        tidy()  # integers of 64 bits are objects: a block leaves some 100 KB of them
    return b"".join([word.to_bytes(8, "big") for word in state])


def _compress(state, constants, block):
    words = [int.from_bytes(block[i : i + 8], "big") for i in range(0, 128, 8)]
    a, b, c, d, e, f, g, h = state
    for i in range(_ROUNDS):
        word = words[i & 15]
        if i >= 16:
            x, y = words[i + 1 & 15], words[i + 14 & 15]
            x, y = x << 64 | x, y << 64 | y  # rotated by shifting
            word += ((x >> 1 ^ x >> 8) & _MASK) ^ (x & _MASK) >> 7
            word += ((y >> 19 ^ y >> 61) & _MASK) ^ (y & _MASK) >> 6
            word = words[i & 15] = word + words[i + 9 & 15] & _MASK
        x, y = e << 64 | e, a << 64 | a
        word += h + ((x >> 14 ^ x >> 18 ^ x >> 41) & _MASK) + (g ^ e & (f ^ g))
        word += int.from_bytes(constants[8 * i : 8 * i + 8], "big")
        y = ((y >> 28 ^ y >> 34 ^ y >> 39) & _MASK) + (a & b | c & (a | b))
        h, g, f, e = g, f, e, d + word & _MASK
        d, c, b, a = c, b, a, word + y & _MASK
    for i, value in enumerate((a, b, c, d, e, f, g, h)):
        state[i] = state[i] + value & _MASK


def _constants():
    """Return the first state and the constants of the rounds: 64 bits behind the point of the
    square roots of the first 8 primes, and of the cube roots of the first 80."""
    squares, cubes = [], bytearray(_SIZE)  # as integers they would take four times the room
    prime, square, cube, at = 1, 1 << 64, 1 << 64, 0
    while at < _SIZE:
        prime += 1
        if any(prime % i == 0 for i in range(2, prime)):
            continue
        if len(squares) < 8:
            square = _root(prime << 128, 2, square)
            squares.append(square & _MASK)
        cube = _root(prime << 192, 3, cube)
        cubes[at : at + 8] = (cube & _MASK).to_bytes(8, "big")
        at += 8
    return squares, cubes


def _root(number, degree, below):
    """Return the whole part of a root, by Newton's method from twice the root of the prime
    before, which is above it."""
    root = 2 * below
    while True:
        closer = ((degree - 1) * root + number // root ** (degree - 1)) // degree
        if closer >= root:
            return root
        root = closer
