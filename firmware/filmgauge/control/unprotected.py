"""The protection of a node without a readable profile: the interface of Protection
(protection.py). The node has let go of what charges its cell (node.py)."""


class Unprotected:
    """A node without a profile knows no limits of its cell, and switches nothing."""

    def _nothing(self, *_):
        """Do nothing, return None: nobody knows. A packed state keeps what is in it."""

    update = set_switch = limits_word = request_zero = _nothing
    pack_into = unpack_from = _nothing

    def sees_zero(self) -> bool:
        """Return False: the switch is not used."""
        return False

    def service_level(self) -> int:
        """Return the whole of it."""
        return 0

    def report_every(self, wakes: int) -> int:
        """Return `wakes`."""
        return wakes

    def period(self, duration_ms: int) -> int:
        """Return `duration_ms`."""
        return duration_ms
