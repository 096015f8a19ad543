"""The state of charge that people see: it never moves against the current.

It follows the estimate while charge flows the same way, waits while the estimate has gone the
other way, and stays at 99 % or 1 % until full or empty has been confirmed at an end.
"""

import struct

from filmgauge.compat import const

_PPM = const(1000000)
_ALMOST_FULL = const(990000)
_ALMOST_EMPTY = const(10000)
_FASTER = const(3)  # it catches up at most at this many times the pace of the charge itself
_LEAST_STEP = const(200)
_FORMAT = const("<iB")
SIZE = const(5)


class DisplayedSoc:
    """`ppm` is shown. None until it was given a first value."""

    def __init__(self):
        self.ppm = None
        self._confirmed = 0  # 1 empty, 2 full

    def reached_end(self, full: bool) -> None:
        """Note that an end has been reached."""
        self._confirmed = 2 if full else 1

    def update(self, estimate_ppm: int, moved_ppm: int) -> None:
        """Move towards the estimate after `moved_ppm` of the capacity has flowed."""
        goal = estimate_ppm
        if goal > _ALMOST_FULL and self._confirmed != 2:
            goal = _ALMOST_FULL
        elif goal < _ALMOST_EMPTY and self._confirmed != 1:
            goal = _ALMOST_EMPTY
        if self.ppm is None:
            self.ppm = goal
        step = max(_LEAST_STEP, _FASTER * abs(moved_ppm))
        if moved_ppm > 0 and goal > self.ppm:
            self.ppm = min(goal, self.ppm + step)
        elif moved_ppm < 0 and goal < self.ppm:
            self.ppm = max(goal, self.ppm - step)
        if (self._confirmed == 2 and estimate_ppm < _ALMOST_FULL) or (
            self._confirmed == 1 and estimate_ppm > _ALMOST_EMPTY
        ):
            self._confirmed = 0

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        struct.pack_into(
            _FORMAT, buffer, offset, -1 if self.ppm is None else self.ppm, self._confirmed
        )

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        ppm, self._confirmed = struct.unpack_from(_FORMAT, buffer, offset)
        self.ppm = None if ppm < 0 else ppm
