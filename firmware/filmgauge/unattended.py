"""What the safe mode has counted, taken over by the node: loaded where there is something.

A sensor that always has its supply has gone on counting, so the node reads on where it had
stopped; where the sensor has begun anew meanwhile, that place is moved by what it had counted
before.
"""

import struct

from filmgauge.compat import const
from filmgauge.energy_budget import BUDGET_PARTS, TYPICAL_UV
from filmgauge.gauge.ledger import SLEEP
from filmgauge.record import FAULT_GAP
from filmgauge.state import CHARGE_AT

_SAFE = const("safe")
_LAYOUT = const("<HQQQQqiB")  # safe.py
_GAP = const(2)
_ANEW = const(4)  # its accumulator was adopted, and what it had lost is not told yet
# Of ina228_accumulator.py, as are the two numbers; the safe mode starts a sensor without a mark.
_ACCUMULATOR = const("<iiiB")
_KNOWN = const(1)
_LOST = const(2)
_DOUBT_PARTS = const(10)  # one of these parts of what a sample in a quarter of an hour has told


def adopt(board, state, config, save) -> "tuple | None":
    """Return what was counted, for `book`, None where nothing was. The memory of the accumulator,
    as the state has it packed, goes on from where it has been read; the clock of a board that
    slept, from where time has come to: that of another begins with its boot, so that its time is
    to be added. `save` saves the state so; should this wake fail, the next one goes on from there.
    """
    from crash import open_store

    store = open_store(board.pages(True))
    found = store.read(_SAFE)
    if not found or len(found) != struct.calcsize(_LAYOUT):
        return None
    values = list(struct.unpack(_LAYOUT, found))
    _, passed_ms, clocked_ms, _, shift, moved_pc, _, flags = values
    print("filmgauge: counted in the safe mode for %d s" % (passed_ms // 1000))
    new_ms = unclocked_ms = 0
    if board.boots_anew and state.wakes:
        new_ms = passed_ms - clocked_ms
        if new_ms:  # its clock has stood still
            board.add_ms(new_ms)
    else:
        unclocked_ms = passed_ms
    if config.pin_sensors < 0:
        _move_accumulator(state.buffer, shift, flags & _GAP)
    else:
        state.last_ms += new_ms
    save(True)
    if shift:
        flags |= _ANEW
    values[2], values[4], values[7] = passed_ms - unclocked_ms, 0, flags & ~_GAP
    store.write(_SAFE, struct.pack(_LAYOUT, *values))
    if config.pin_sensors < 0:
        return None, unclocked_ms, 0, flags & _ANEW
    own_nj = config.own_nw * passed_ms // 1000  # its wakes are few, and take next to nothing
    return moved_pc, passed_ms, own_nj * 1000000000 // config.refill_ppm, 0


def book(found, gauge, temperature_cdeg) -> "tuple[int, int]":
    """Give the gauge what samples have seen, and what the node has taken meanwhile. Return faults,
    as a sensor that has begun anew has lost what it had counted since it was read, and by how many
    ms more than the clock says the next count reaches back."""
    moved_pc, passed_ms, taken_nj, has_begun_anew = found
    if moved_pc is not None:
        taken_pc = taken_nj * 1000000 // TYPICAL_UV
        gauge.book(-taken_pc, SLEEP, taken_pc // BUDGET_PARTS)
        gauge.flow(moved_pc, passed_ms, temperature_cdeg, abs(moved_pc) // _DOUBT_PARTS)
        passed_ms = 0
    if has_begun_anew:
        gauge.add_gap()
        return FAULT_GAP, passed_ms
    return 0, passed_ms


def _move_accumulator(buffer, shift, is_lost):
    """Move the place up to which the accumulator has been read, in the first bytes of the memory
    of a counting node (sensors/ina228_accumulator.py)."""
    high, low, fraction, memory = struct.unpack_from(_ACCUMULATOR, buffer, CHARGE_AT)
    if is_lost:
        high = low = 0
        memory = _LOST if memory & 3 else _KNOWN
    elif shift:
        memory &= 3
        place = ((high << 20) + low - shift) & 0xFFFFFFFFFF
        high, low = place >> 20, place & 0xFFFFF
        if high & 0x80000:
            high -= 0x100000
    struct.pack_into(_ACCUMULATOR, buffer, CHARGE_AT, high, low, fraction, memory)


def finish(board) -> None:
    """Forget what was taken over."""
    from crash import open_store

    try:
        open_store(board.pages(True)).remove(_SAFE)
    except OSError as error:
        print("filmgauge: safe mode:", error)
