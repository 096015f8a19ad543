"""What the board's boot tells of the wake before it; loaded where that may not have ended well."""

from filmgauge import sent_record
from filmgauge.board import POWER_ON, WATCHDOG
from filmgauge.record import FAULT_BACKLOG, FAULT_RESET, FAULT_STORE
from filmgauge.state import MOST_RESETS, NO_RESETS


def classify_boot(state, cause: int, remembers: bool, capacity: int) -> bool:
    """Note a boot for which the power or the watchdog is the cause, or after which there is a
    record that was being sent; return whether it was a reset. It is counted, and the next record
    tells. `remembers`: memory has outlived it, so it was no loss of power but a brown-out.

    The record goes into flash, or stays where it is as long as flash does not take it.
    """
    is_reset = cause in (POWER_ON, WATCHDOG)
    if cause == POWER_ON and not remembers:
        state.resets = 0
        is_reset = False
    if is_reset:
        state.faults |= FAULT_RESET
        state.resets = 1 if state.resets == NO_RESETS else min(MOST_RESETS, state.resets + 1)
        print("filmgauge: reset", state.resets)
    data = sent_record.read(state.buffer)
    if not data:
        return is_reset
    from filmgauge.store.backlog import PATH, Backlog

    try:
        if Backlog(PATH, capacity).add(data):
            state.faults |= FAULT_BACKLOG
        sent_record.clear(state.buffer)
    except OSError as error:
        state.faults |= FAULT_STORE
        print("filmgauge: backlog:", error)
    return is_reset
