"""How much a node says on the air, chosen by the energy at hand.

    policy = AdvertisingPolicy(config)
    policy.choose(level)        # of service: control/service_level.py
    policy.interval_ms, policy.connectable

An advertisement that nobody may answer is half of what one costs that takes a connection, and a
connection costs more than all of them: a node that saves takes none.
"""

from filmgauge.compat import const
from filmgauge.energy_budget import MEAN_DELAY_MS

_LONGEST_MS = const(10240)  # of an advertising interval
_USUAL_INTERVAL_US = const(30000)  # of a connection, until the stack tells of another (assumed)
_ALL = const(0)  # levels of service
_SAVING = const(1)


class AdvertisingPolicy:
    """interval_ms is 0 where the node is silent."""

    def __init__(self, config):
        self._usual_ms = config.ble_interval_ms
        self._takes = config.ble_connected_ms > 0
        self._report_nj = config.report_nj
        self._advert_nj = config.advert_nj
        self._event_nj = config.event_nj
        self._awake_uw = config.awake_uw
        self._waking_nj = config.waking_nj
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

    def taken_nj(self, advertised_ms: int, link) -> int:
        """Return what a report has taken out of the buffer capacitor: its advertisements, the
        events of its connection, and the processor that was awake for both."""
        adverts = advertised_ms // (self.interval_ms + MEAN_DELAY_MS) + 1
        events = link.connected_ms * 1000 // (link.interval_us or _USUAL_INTERVAL_US)
        taken = self._report_nj + adverts * self._advert_nj + events * self._event_nj
        return taken + link.awake_ms() * self._awake_uw + link.dozes * self._waking_nj
