"""How unsure the unknowns of the gauge are, and how much the error of one tells of another's.

covariance = Covariance()
covariance.set_sigma_ppm(CAPACITY, 25000)
covariance.row[CAPACITY] = -1.0        # by how much each counts in what is looked at
expected = covariance.expect(0.0)      # its variance; `gain` is then the covariance times row
covariance.reduce(expected + noise)    # it was looked at
"""

from array import array

from filmgauge.compat import const

STORED = const(0)
CAPACITY = const(1)
TAU = const(2)
ENERGY = const(3)
LOSS = const(4)
N = const(5)
_LEAST = const(1e-14)  # of a variance
_PPM = const(1000000)


class Covariance:
    """N unknowns; all buffers are made once."""

    def __init__(self):
        self._values = array("f", [0.0] * (N * N))
        self.row = array("f", [0.0] * N)
        self.gain = array("f", [0.0] * N)

    def variance(self, index: int) -> float:
        """Return the variance of an unknown."""
        return self._values[index * (N + 1)]

    def sigma(self, index: int) -> float:
        """Return the standard deviation of an unknown, never quite 0."""
        return max(self._values[index * (N + 1)], _LEAST) ** 0.5

    def set_sigma_ppm(self, index: int, sigma_ppm: int) -> None:
        """Let an unknown be as unsure as that."""
        self._values[index * (N + 1)] = (sigma_ppm / _PPM) ** 2

    def add(self, index: int, variance: float) -> None:
        """Make an unknown less sure, which tells nothing of the others."""
        self._values[index * (N + 1)] += variance

    def shared(self) -> float:
        """Return by how much the capacity is off for each of the stored charge."""
        return self._values[CAPACITY] / max(self._values[0], _LEAST)

    def expect(self, expected: float) -> float:
        """Add the variance that the row sees; leave the covariance times it in the gain."""
        values, row, gain = self._values, self.row, self.gain
        for i in range(N):
            part = 0.0
            for j in range(N):
                if row[j]:
                    part += values[i * N + j] * row[j]
            gain[i] = part
            expected += part * row[i]
        return expected

    def reduce(self, total: float) -> None:
        """Note that what the row sees was looked at; its variance and the noise are `total`."""
        values, gain = self._values, self.gain
        for i in range(N):
            for j in range(i, N):
                value = values[i * N + j] - gain[i] * gain[j] / total
                if i == j:
                    value = max(value, _LEAST)  # which rounding would take it below
                values[i * N + j] = values[j * N + i] = value

    def mix(self, stored: float, share: float, other: int) -> None:
        """Put so much of the stored charge and such a share of another unknown in its place."""
        values = self._values
        for j in range(N):
            values[j] = stored * values[j] + share * values[other * N + j]
        for i in range(0, N * N, N):
            values[i] = stored * values[i] + share * values[i + other]

    def scale(self, index: int, factor: float) -> None:
        """Make an unknown so many times as unsure, and as telling of the others as before."""
        values = self._values
        for j in range(N):
            values[index * N + j] *= factor
            values[j * N + index] *= factor

    def upper(self) -> list:
        """Return the 15 values on and above the diagonal."""
        return [self._values[i * N + j] for i in range(N) for j in range(i, N)]

    def set_upper(self, values) -> None:
        """Be what `upper` returned."""
        at = 0
        for i in range(N):
            for j in range(i, N):
                self._values[i * N + j] = self._values[j * N + i] = values[at]
                at += 1
