"""How the first cycles open a film: its capacity grows as the profile says, turn by turn.

The closed part falls by a factor exp(-n / n_act) in n equivalent full cycles; the capacity is
that of the formed film times 1 - u closed, with u the part that is closed as built. Like the
film itself, the gauge lets growth take effect where a charge follows a discharge.
"""

import math
import struct

from filmgauge.compat import const

_PPM = const(1000000)
_TURN = const(200)  # a turn is one when this share of the capacity (1 / n) has flowed back
_CLOSED = const(1000)  # below this the film counts as formed
_FORMAT = const("<iiiB")
SIZE = const(13)


class Activation:
    """What is still closed of a film."""

    def __init__(self, profile):
        self._profile = profile
        self._design_uc = profile.full_pc() // _PPM
        self.closed_ppm = 0
        self._moved_uc = 0  # since growth took effect last
        self._back_uc = 0  # against the present direction
        self._charging = True

    def begin(self) -> None:
        """Take the film for one as built."""
        self.closed_ppm = _PPM

    def factor_ppm(self) -> int:
        """Return the capacity over that of the formed film."""
        unopened = _PPM - self._profile.fresh_share_ppm
        return _PPM - unopened * self.closed_ppm // _PPM

    def count(self, moved_uc: int) -> bool:
        """Note charge; return whether a charge has just begun, so that growth takes effect."""
        if not self.closed_ppm or not moved_uc:
            return False
        self._moved_uc += abs(moved_uc)
        if (moved_uc > 0) == self._charging:
            self._back_uc = 0
            return False
        self._back_uc += abs(moved_uc)
        if self._back_uc * _TURN < self._design_uc:
            return False
        self._back_uc = 0
        self._charging = moved_uc > 0
        return self._charging and self.turn()

    def turn(self) -> bool:
        """Let growth take effect now; return whether there is any."""
        if not self.closed_ppm or not self._moved_uc:
            return False
        mcycles = self._moved_uc * 500.0 / self._design_uc
        self._moved_uc = 0
        closed = self.closed_ppm * math.exp(-mcycles / self._profile.activation_mcycles)
        self.closed_ppm = int(closed) if closed > _CLOSED else 0
        return True

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        moved = self.closed_ppm, self._moved_uc, self._back_uc
        struct.pack_into(_FORMAT, buffer, offset, *moved, self._charging)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self.closed_ppm, self._moved_uc, self._back_uc = values[:3]
        self._charging = bool(values[3])
