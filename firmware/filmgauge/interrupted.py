"""What a wake has left that did not come to its end; loaded where there was one."""

from filmgauge import sent_record
from filmgauge.record import FAULT_BACKLOG, FAULT_RESET, FAULT_STORE
from filmgauge.state import MOST_RESETS, NO_RESETS, SIZE, State
from filmgauge.store.record_search import record_position


def is_stale(state, journal) -> bool:
    """Return whether flash knows better than the memory that a reset has left: a brown-out may
    leave what was there long ago."""
    saved = State(0, state.size > SIZE)
    if not (journal.load(saved.buffer) and saved.unpack()):
        return False
    # A wake that has saved and was cut short before its memory followed is known by its sample.
    now = state.boot, state.wakes, state.last_ms
    return saved.life != state.life or (saved.boot, saved.wakes, saved.last_ms) > now


def after_cut_short(state, is_reset: bool, capacity: int) -> None:
    """Count a reset by the watchdog, a brown-out or a failure of the interpreter, for the next
    record to tell, and put the record that was being sent into flash. It stays where it is as long
    as flash does not take it.
    """
    if is_reset:
        state.faults |= FAULT_RESET
        state.resets = 1 if state.resets == NO_RESETS else min(MOST_RESETS, state.resets + 1)
        print("filmgauge: reset", state.resets)
    data = sent_record.read(state)
    if not data:
        return
    from filmgauge.store.backlog import PATH, Backlog

    try:
        backlog = Backlog(PATH, capacity)
        if not _has(backlog, data) and backlog.add(data):
            state.faults |= FAULT_BACKLOG
        sent_record.clear(state)
        if is_reset:
            state.wakes += 1  # that wake has made its record
    except OSError as error:
        state.faults |= FAULT_STORE
        print("filmgauge: backlog:", error)


def _has(backlog, data):
    """Return whether a record had reached flash when its wake was cut short."""
    life, boot, seq = record_position(data)
    number, end = backlog.after(life, boot, seq - 1)
    return number < end and backlog.read(backlog.name(number)) == data
