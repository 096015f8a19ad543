"""Reproducible random numbers that are the same on both runtimes.

noise = Noise(7)
noise.below(10), noise.between(-5, 5), noise.octets(20)
"""


class Noise:
    """Marsaglia's xorshift32: period 2**32 - 1."""

    def __init__(self, seed):
        self._state = seed * 2654435761 % 4294967296 or 1

    def word(self):
        """Return 32 random bits."""
        x = self._state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self._state = x
        return x

    def below(self, bound):
        """Return an integer from 0 to bound - 1; good enough for bounds up to 2**60."""
        return (self.word() << 32 | self.word()) % bound

    def between(self, low, high):
        """Return an integer from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def octets(self, count):
        """Return random bytes."""
        return bytes([self.word() >> 11 & 255 for _ in range(count)])
