"""The first module of the firmware: makes room, then runs the node."""

import gc

from filmgauge.compat import const

_COLLECT_EVERY = const(32768)  # bytes


def start(trial=None) -> None:
    """Run the node for ever; `trial` is told how a new version does."""
    # Without this, what loading leaves behind splits the heap of a 64 KB board for good.
    gc.threshold(_COLLECT_EVERY)
    from filmgauge.node import run

    run(trial)
