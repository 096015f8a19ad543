"""What a wake has left that did not come to its end; loaded where there was one."""

from filmgauge.record import FAULT_BACKLOG, FAULT_RESET, FAULT_STORE
from filmgauge.state import MOST_RESETS, NO_RESETS


def after_wake_cut_short(state, is_reset: bool, capacity: int) -> None:
    """Count a reset by the watchdog or a brown-out, for the next record to tell, and store the
    record that was being sent. It stays where flash does not take it."""
    if is_reset:
        state.faults |= FAULT_RESET
        state.resets = 1 if state.resets == NO_RESETS else min(MOST_RESETS, state.resets + 1)
        print("filmgauge: reset", state.resets)
    if not state.has_sent_record():
        return
    from filmgauge.store.backlog import PATH, Backlog

    try:
        if Backlog(PATH, capacity).add(state.sent_record()):
            state.faults |= FAULT_BACKLOG
        state.clear_sent_record()
    except OSError as error:
        state.faults |= FAULT_STORE
        print("filmgauge: backlog:", error)
