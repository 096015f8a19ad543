"""What a wake does at its end with what a peer has asked for; loaded where it has."""

from filmgauge.compat import const
from filmgauge.uplink.peer_context import (
    REQUEST_NEW_SESSION,
    REQUEST_REBOOT,
    REQUEST_REPORT,
    REQUEST_RESET,
    REQUEST_ZERO,
)

_MOST_COUNTED = const(65534)  # state.py
_NO_RESETS = const(255)


def apply_requests(peer, state) -> "tuple[bool, bool]":
    """Put into `state` what the next wakes are to do, and what was counted; return whether that
    must reach flash now, and whether the board is to boot."""
    requests, peer.requests = peer.requests, 0
    state.refused = min(_MOST_COUNTED, state.refused + peer.refused)
    peer.refused = 0
    left = state.requests & REQUEST_ZERO  # it waits until the cell can be spared
    state.requests = left | requests & (REQUEST_REPORT | REQUEST_ZERO | REQUEST_NEW_SESSION)
    resets = bool(requests & REQUEST_RESET)
    if resets:
        state.refused = state.restarts = state.memory_resets = 0
        if state.resets != _NO_RESETS:
            state.resets = 0
    reboots = bool(requests & REQUEST_REBOOT)
    return resets or reboots, reboots
