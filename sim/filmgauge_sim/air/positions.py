"""Where devices are, and what that does to their signals."""

import math
from dataclasses import dataclass, field

_AT_ONE_METRE_DBM = -45.0  # assumed: 0 dBm sent, small antennas on both sides
_EXPONENT = 2.0  # free space
_SENSITIVITY_DBM = -95.0  # assumed: usual for 1 Mbit/s
_NEAREST_M = 0.1


@dataclass
class Places:
    """Positions in metres by address ('C1:02:...'); a device that has none is at the origin."""

    at_m: dict[str, tuple[float, float]] = field(default_factory=dict)

    def rssi_dbm(self, one: str, other: str) -> float:
        """Return what each receives of the other: path loss over distance."""
        origin = (0.0, 0.0)
        away_m = math.dist(self.at_m.get(one, origin), self.at_m.get(other, origin))
        return _AT_ONE_METRE_DBM - 10 * _EXPONENT * math.log10(max(away_m, _NEAREST_M))

    def hears(self, one: str, other: str) -> bool:
        """Return whether they are within reach of each other."""
        return self.rssi_dbm(one, other) >= _SENSITIVITY_DBM
