"""How much a node says on the air, chosen by the energy at hand.

    airtime = Airtime(config)
    airtime.choose(level)       # of service: control/shedding.py
    airtime.interval_ms, airtime.connectable

An advertisement that nobody may answer is half of what one costs that takes a connection, and a
connection costs more than all of them: a node that saves takes none.
"""

from filmgauge.compat import const

_LONGEST_MS = const(10240)  # of an advertising interval
_ALL = const(0)  # levels of service
_SAVING = const(1)


class Airtime:
    """interval_ms is 0 where the node is silent."""

    def __init__(self, config):
        self._usual_ms = config.ble_interval_ms
        self._takes = config.ble_connected_ms > 0
        self.interval_ms = self._usual_ms
        self.connectable = self._takes

    def choose(self, level: int) -> None:
        """Follow a level of service: all, twice the interval without connections, nothing."""
        self.connectable = self._takes and level == _ALL
        self.interval_ms = self._usual_ms
        if level == _SAVING:
            self.interval_ms = min(_LONGEST_MS, 2 * self._usual_ms)
        elif level > _SAVING:
            self.interval_ms = 0
