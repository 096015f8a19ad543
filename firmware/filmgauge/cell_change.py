"""Another cell on a node that remembers one: closes the ledger of the old cell.

Loaded when it happens. What was learned of the old cell is forgotten; the sensor's offset, boot
and seq are the node's and go on.
"""

from filmgauge.compat import const
from filmgauge.gauge.fuel_gauge import OFFSET_AT, SIZE, was_opened
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.state import GAUGE_AT

_MOST = const(0x7FFFFFFF)  # nAh that a record holds


def close_ledger(state, offset) -> None:
    """Move the lines of the old ledger to where the next record finds them, and clear the rest.

    `offset` is the sensor's in the new gauge, None where there is none.
    """
    old = LedgerOnly()
    old.unpack_from(state.buffer, GAUGE_AT)
    # Added to what no record has said yet of an earlier change.
    sums = zip(state.closed_nah, old.ledger.sums_nah())
    state.closed_nah = tuple(max(-_MOST, min(_MOST, before + now)) for before, now in sums)
    state.cell_changed = 1
    state.info_sent = state.offset_running = state.sees_zero = 0
    if offset is not None and was_opened(state.buffer, GAUGE_AT):
        offset.unpack_from(state.buffer, GAUGE_AT + OFFSET_AT)
    state.buffer[GAUGE_AT : GAUGE_AT + SIZE] = bytes(SIZE)
    state.profile_crc = 0
