"""What a clock goes on with after a boot: BLOCK bytes of memory that outlive it.

For a port that boots anew after each sleep.
"""

import struct
import time

from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, seal, unseal

_FORMAT = const("<QqI")  # what had passed, the date then, the sleep that was asked for
_SIZE = const(20)
BLOCK = const(32)  # with its seal
_LONGEST_WAKE_MS = const(600000)  # that a reset can have ended
RUNNING_MS = const(0)  # asked for where the firmware runs, and nobody expects a boot
RESET_MS = const(1)  # where the next boot is not a failure


def seal_clock(clock, block, asked_ms: int) -> None:
    """Write what a clock goes on with after a sleep that was asked for, or a reset."""
    now_ms = clock.now_ms()
    struct.pack_into(_FORMAT, block, HEAD_SIZE, now_ms, clock.date_ms, asked_ms)
    seal(block, _SIZE, 0)


def go_on(clock, block, has_slept: bool) -> "int | None":
    """Let a new clock go on from a block, and return the sleep that was asked for; None where the
    block is not whole. Unless the sleep came to its end, the board was reset some time before, or
    in the wake after it."""
    if unseal(block, _SIZE) is None:
        return None
    clock.passed_ms, clock.date_ms, asked_ms = struct.unpack_from(_FORMAT, block, HEAD_SIZE)
    expected_ms = asked_ms + time.ticks_ms()  # which began with the boot
    if has_slept:
        clock.pass_to(expected_ms, 0, 0)
    else:
        clock.pass_to(expected_ms, expected_ms, _LONGEST_WAKE_MS)
    return asked_ms
