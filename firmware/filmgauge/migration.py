"""What another version of the firmware remembers: taken over, or refused in words.

Loaded where nothing of this layout is found: after an update, or where memory was lost. While this
version is on trial, what it takes over stays in a file beside: the version before, which may know
nothing of this layout, goes on from there when it comes back.
"""

import os
import struct

from filmgauge.compat import const, exists, has_files, names_in
from filmgauge.record import FAULT_LIFE
from filmgauge.state import (
    BLOCK,
    CHARGE_AT,
    GAUGE_AT,
    LAYOUT,
    PLANNED_SIZE,
    PROTECTION_AT,
    SIZE,
)
from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal, unseal

# Layout 5: its own bytes, those of protection, charge and gauge, one behind the other.
_LAYOUT_5 = const(5)
_OWN_5 = const("<BIIIQQiIBBBIHBiii")
_PROTECTION_5 = const(67)
_CHARGE_5 = const(105)
_GAUGE_5 = const(118)
_END_5 = const(511)
# Layout 6: the bytes of the others as now, its own before them.
_LAYOUT_6 = const(6)
_OWN_6 = const("<BIIIQQiIHBBIHBiiiIBI")
_PARTS_6 = const(77)
# Layout 7: as now, but for bits of sensor, gauge, zero and plan that read 0 there: a mark of the
# sensor's start, whether only the ledger was kept, parts of a nC, the shunt, steps of wakes.
_LAYOUT_7 = const(7)
_MORE = const(0x80000000)  # store/journal.py
NEW = "/new"  # there where a flashing tool has made a node that never was
_BACKLOG = const("/backlog")
_TRIAL = const("trial")  # launch.py
BEFORE = "state.old"  # goes with all that is kept when the trial has passed
_CLOCK = const(32)  # board/clock_block.py: of a board that has slept before there was a node
_ANYTHING = const((500000, 288675))  # a charge that may be any, in ppm, and its deviation


def migrate(state, config, retained, pages, path, mark=NEW, records=_BACKLOG, root="/") -> bool:
    """Fill `state` with what an earlier layout has in retained memory, in `pages` or in the
    journal at `path`; return whether there was one. Behind the trial of another version it is what
    there was before that, as `root` has it.

    Otherwise the node has no memory. Unless `mark` is there and nothing speaks against it, such as
    `records` that wait, it had one: this is told as a fault, the charge that `config` begins with
    is not to be relied on, and neither are counters of which there is nothing.
    """
    block = _whole(retained) if len(retained) > _CLOCK else None
    if block is None and pages:
        block = pages.newest_state()
    if block is None:
        block = _journal_state(path)
    if block is not None and len(block) > OVERHEAD and block[HEAD_SIZE] != LAYOUT:
        if _go_back(state, block, root + BEFORE):
            return True
        _keep(block if _is_on_trial(root) else None, root + BEFORE)
    if block is not None and _fill_from(state, block):
        return True
    is_new = exists(mark)
    if block is None:
        is_new = is_new and not ((pages and pages.is_used()) or _is_spoilt(path))
        is_new = is_new and not has_files(records)
        what = "cannot be read"
    else:
        is_new = is_new and len(block) == OVERHEAD  # what a flashing tool leaves of pages
        what = "has layout %d, not %d" % (block[HEAD_SIZE], LAYOUT)
    if not is_new:
        print("filmgauge: what was remembered %s: a new life" % what)
        state.faults |= FAULT_LIFE
        config.initial_soc_ppm, config.initial_sigma_ppm = _ANYTHING
        config.cell_new = 0
    return False


def _is_on_trial(root):
    """Return whether this version is on trial, with one before it that may come back."""
    if not exists(root + _TRIAL):
        return False
    from filmgauge.upgrade.ways_back import ways_back

    return bool(ways_back(root))


def _keep(block, path):
    """Keep what the version before remembers; None: forget what another trial has left."""
    try:
        if block is not None:
            kept = bytearray(block)
            seal(kept, len(kept) - OVERHEAD, 0)
            with open(path, "wb") as file:
                file.write(kept)
        elif exists(path):
            os.remove(path)
    except OSError as error:  # this version goes on all the same
        print("filmgauge: what was remembered is not kept:", error)


def _go_back(state, block, path):
    """Fill a state with what this version remembered before the trial of one that has left
    `block`; return whether that was kept."""
    try:
        with open(path, "rb") as file:
            kept = _whole(file.read())
    except OSError:
        return False
    if kept is None or not _is_layout_now(kept):
        return False
    _from_layout_now(state, kept)
    # Records of the trial have its boots: none may come twice.
    state.boot = max(state.boot, struct.unpack_from("<I", block, HEAD_SIZE + 1)[0])
    print("filmgauge: back to what was remembered before layout %d" % block[HEAD_SIZE])
    return True


def _fill_from(state, block):
    """Fill a state from a block of any layout that is known; return whether it is."""
    for is_layout, fill in (
        (_is_layout_now, _from_layout_now),
        (_is_layout_7, _from_layout_now),
        (_is_layout_6, _from_layout_6),
        (_is_layout_5, _from_layout_5),
    ):
        if is_layout(block):
            fill(state, block)
            return True
    return False


def _from_layout_5(state, block):
    """Fill a state, with the bytes of the others where they are now; what is new there is 0."""
    flags = _fill(state, struct.unpack_from(_OWN_5, block, HEAD_SIZE))
    state.faults |= (flags >> 2 & 1) << 8
    state.clear_parts()
    buffer = state.buffer
    for begin, end, at in (
        (_PROTECTION_5, _CHARGE_5, PROTECTION_AT),
        (_CHARGE_5, _GAUGE_5, CHARGE_AT),
        (_GAUGE_5, _END_5 - 1, GAUGE_AT),
        (_END_5 - 1, _END_5, BLOCK - OVERHEAD + HEAD_SIZE - 1),  # whether the gauge was opened
    ):
        buffer[at : at + end - begin] = block[begin:end]


def _from_layout_6(state, block):
    values = struct.unpack_from(_OWN_6, block, HEAD_SIZE)
    state.counters_lost = _fill(state, values) >> 2 & 1
    state.life, state.resets, state.keys_crc = values[17:]
    state.buffer[PROTECTION_AT : BLOCK - OVERHEAD + HEAD_SIZE] = block[
        _PARTS_6 : len(block) - OVERHEAD + HEAD_SIZE
    ]


def _from_layout_now(state, block):
    """Fill a state of a node that plans its reports from one that did not, or the other way."""
    state.clear_parts()
    end = HEAD_SIZE + min(state.size, len(block) - OVERHEAD)
    state.buffer[HEAD_SIZE:end] = block[HEAD_SIZE:end]
    state.buffer[HEAD_SIZE] = LAYOUT
    state.unpack()


def _fill(state, values):
    """Fill what both layouts have; return the flags, of which one bit differs."""
    state.boot, state.seq, state.wakes, state.base_ms, state.last_ms = values[1:6]
    state.awake_ms, state.radio_nj, state.faults, state.info_sent, flags = values[6:11]
    state.offset_running, state.sees_zero = flags & 1, flags >> 1 & 1
    state.memory_resets = flags >> 3
    state.profile_crc, state.cell_number, state.cell_changed = values[11:14]
    state.closed_nah = values[14:17]
    return flags


def _whole(data):
    """Return a sealed block of whatever size, None for anything else."""
    if len(data) < OVERHEAD:
        return None
    length = struct.unpack_from("<H", data, 2)[0]
    if not length or unseal(data, length) is None:
        return None
    return data[: length + OVERHEAD]


def _journal_state(path):
    """Return the newest whole block of a journal, whatever its size; None where there is none."""
    found, newest = None, -1
    for slot in "01":
        block, sequence = _slot(path + "/" + slot)
        if block is not None and sequence > newest:
            found, newest = block, sequence
    return found


def _slot(name):
    """Return the parts of a slot put together behind a head, and their sequence."""
    block, whole = bytearray(HEAD_SIZE), None
    for suffix in " abcdefgh":
        try:
            with open(name + suffix.strip(), "rb") as file:
                part = _whole(file.read())
        except OSError:
            part = None
        if part is None:
            break
        length, sequence = struct.unpack_from("<HI", part, 2)
        if whole is None:
            whole = sequence & ~_MORE
        if whole != sequence & ~_MORE:
            break
        block += part[HEAD_SIZE : HEAD_SIZE + length]
        if not sequence & _MORE:
            return block + bytes(OVERHEAD - HEAD_SIZE), whole
    return None, 0


def _is_spoilt(path):
    """Return whether a journal was once whole, which is not. One of which the power went in the
    first save has parts of one slot, and all of them are good but for the last, of which there may
    be the name alone."""
    try:
        names = sorted(names_in(path))
    except OSError:
        return False
    for name in names:
        try:
            with open(path + "/" + name, "rb") as file:
                data = file.read()
        except OSError:
            return True
        is_begun = not data and name == names[-1]
        if name.startswith("0") or not (is_begun or _whole(data)):
            return True
    return False


def _is_layout_5(block):
    return block[HEAD_SIZE] == _LAYOUT_5 and len(block) - OVERHEAD + HEAD_SIZE == _END_5


def _is_layout_now(block):
    return block[HEAD_SIZE] == LAYOUT and _is_size_now(block)


def _is_layout_7(block):
    return block[HEAD_SIZE] == _LAYOUT_7 and _is_size_now(block)


def _is_size_now(block):
    return len(block) - OVERHEAD in (SIZE, PLANNED_SIZE)


def _is_layout_6(block):
    return block[HEAD_SIZE] == _LAYOUT_6 and len(block) - _PARTS_6 == BLOCK - PROTECTION_AT
