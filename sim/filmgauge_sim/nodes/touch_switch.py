"""The switch in the supply of a node that is awake only while somebody touches it."""

from typing import Protocol

from filmgauge_sim.circuit.ambient import NEVER_US, Touches


class Switched(Protocol):
    """What the switch needs of a node."""

    @property
    def now_us(self) -> int:
        """Its true time."""
        ...

    def cut_power(self, off_us: int = 0) -> None:
        """Take board and sensors off their supply for a time."""
        ...


class TouchSwitch:
    """next_us: when it opens next; never without touches."""

    def __init__(self, touches: Touches | None) -> None:
        self._touches = touches
        self.next_us = NEVER_US if touches is None or touches.is_touched(0) else 0
        if touches is not None and touches.is_touched(0):
            self.next_us = touches.for_us

    def run_due(self, node: Switched) -> None:
        """Open where the finger has gone; it is closed again when the next one has come."""
        touches = self._touches
        if touches is None or node.now_us < self.next_us:
            return
        begin_us = node.now_us
        if not touches.is_touched(begin_us):
            begin_us = touches.holds_until_us(begin_us)
            node.cut_power(begin_us - node.now_us)
        self.next_us = touches.holds_until_us(begin_us)
