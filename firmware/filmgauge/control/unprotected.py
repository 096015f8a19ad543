"""The protection of a node without a readable profile: the interface of Protection
(protection.py). The node has let go of what charges its cell (node.py)."""

from filmgauge.compat import const

_REQUEST_ZERO = const(2)  # uplink/peer_context.py


class Unprotected:
    """A node without a profile knows no limits of its cell, and switches nothing."""

    def _nothing(self, *_):
        """Do nothing, return None: nobody knows. A packed state keeps what is in it."""

    limits_word = pack_into = unpack_from = _nothing

    def check(self, is_open: bool, state, *_) -> None:
        """Note that the switch is not used, and that nobody will look for the sensor's zero."""
        state.offset_running = state.sees_zero = 0
        state.requests &= ~_REQUEST_ZERO

    def service_level(self) -> int:
        """Return the whole of it."""
        return 0

    def report_every(self, wakes: int) -> int:
        """Return `wakes`."""
        return wakes

    def period(self, duration_ms: int) -> int:
        """Return `duration_ms`."""
        return duration_ms
