"""A set of whole numbers that come nearly in turn, kept as ranges."""

from bisect import bisect_right

_RANGES_MAX = 1000


class NumberRanges:
    """Numbers that were added. Of more than a thousand ranges the two lowest become one, and with
    them what lies between."""

    def __init__(self) -> None:
        self._ends: list[int] = []  # of each range its first number, and the one behind its last

    def add(self, number: int) -> bool:
        """Add a number; return whether it was not there."""
        ends = self._ends
        at = bisect_right(ends, number)
        if at % 2:
            return False
        follows = at > 0 and ends[at - 1] == number
        precedes = at < len(ends) and ends[at] == number + 1
        if follows and precedes:
            del ends[at - 1 : at + 1]
        elif follows:
            ends[at - 1] = number + 1
        elif precedes:
            ends[at] = number
        else:
            ends[at:at] = (number, number + 1)
            if len(ends) > 2 * _RANGES_MAX:
                del ends[1:3]
        return True
