"""What a record says of the node itself: its number and time, its counters, the last readings."""

from filmgauge.compat import const
from filmgauge.record import FAULT_CELL, FAULT_COUNTER
from filmgauge.state import MOST_SEQ, NO_RESETS

_MOST_AWAKE_MS = const(65534)


def add_counters(fields, state, now_ms: int) -> None:
    """Add the number of the next record, its time and what the node has counted."""
    if state.seq > MOST_SEQ:
        state.boot += 1
        state.seq = 0
    fields.life, fields.boot, fields.seq = state.life, state.boot, state.seq
    fields.up_s = max(0, now_ms - state.base_ms) // 1000
    fields.resets = None if state.resets == NO_RESETS else state.resets
    fields.refused, fields.restarts = state.refused, state.restarts


def add_readings(fields, state, sampler, now_ms: int, faults: int) -> None:
    """Add all that the node itself has for its next record, with the lasting `faults`, to what
    gauge_fields.py has for it."""
    add_counters(fields, state, now_ms)
    fields.voltage_uv, fields.current_pa = sampler.voltage_uv, sampler.current_pa
    fields.temperature_cdeg = sampler.temperature_cdeg
    fields.faults |= state.faults | faults
    if state.counters_lost:
        fields.faults |= FAULT_COUNTER
    fields.awake_ms = min(state.awake_ms, _MOST_AWAKE_MS)
    if state.cell_changed:  # the lines of the ledger of the cell before
        fields.faults |= FAULT_CELL
        fields.measured_nah, fields.booked_nah, fields.corrected_nah = state.closed_nah
