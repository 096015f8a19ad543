"""The disconnect switch: open on a fault and on empty, and now and then to see the sensor's zero.

A fault always opens, whatever else is wanted. Empty opens too, but a charge closes again: the
voltage of a cell at rest recovers and tells nothing. Zeroing opens for one interval, and waits
while anything forbids it.
"""

import struct

from filmgauge.compat import const
from filmgauge.control.limits import FAULT, LIMIT, NONE, SENSOR, UNDER_VOLTAGE

CLOSED = const(0)
FAULTY = const(1)
EMPTY = const(2)
ZEROING = const(3)

_FORMAT = const("<BH")
SIZE = const(3)


class Disconnect:
    """`state` is CLOSED or why the switch is open.

    `zero_every` is the number of wakes from one zeroing to the next, 0 for never.
    """

    def __init__(self, zero_every: int = 0):
        self._zero_every = zero_every
        self._wakes = 0  # since the last zeroing
        self._zero_requested = False
        self.state = CLOSED

    def update(self, limits, charging: bool, busy: bool) -> int:
        """Decide for the interval to come.

        `charging` says that a source can charge the cell now; `busy` that the cell cannot be
        spared for an interval: a charge or a report is under way, or no buffer carries the node.
        """
        if self._wakes < 65535:
            self._wakes += 1
        was = self.state
        if limits.worst() == FAULT:
            self.state = FAULTY
        elif charging:
            self.state = CLOSED
        elif limits.level(UNDER_VOLTAGE) >= LIMIT:
            self.state = EMPTY
        elif self.state != EMPTY:  # an empty cell stays alone until something charges it
            self.state = CLOSED
        due = self._zero_requested or (self._zero_every and self._wakes >= self._zero_every)
        # A warning asks nothing of the switch; a sensor that does not answer shows no zero.
        sound = limits.worst() < LIMIT and limits.level(SENSOR) == NONE
        if due and sound and was == self.state == CLOSED and not busy:
            self.state = ZEROING
            self._zero_requested = False
            self._wakes = 0
        return self.state

    def request_zero(self) -> None:
        """Let the next zeroing be due now."""
        self._zero_requested = True

    def is_zeroing(self) -> bool:
        """Return whether it is open for the sensor's zero."""
        return self.state == ZEROING

    def protects(self) -> bool:
        """Return whether it is open for the cell's sake."""
        return self.state in (FAULTY, EMPTY)

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        struct.pack_into(_FORMAT, buffer, offset, self.state, self._wakes)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self.state, self._wakes = struct.unpack_from(_FORMAT, buffer, offset)
