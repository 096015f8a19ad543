"""What an earlier version has left is gone on with; what cannot be read is told, never silent."""

import os

from layout_5 import SIZE_5, block_6, old_block
from scratch_files import read_file, unused_folder, unused_path, write_file

from filmgauge.migration import migrate
from filmgauge.record import FAULT_LIFE
from filmgauge.state import (
    CHARGE_AT,
    GAUGE_AT,
    LAYOUT,
    PLAN_AT,
    PLANNED_SIZE,
    PROTECTION_AT,
    SIZE,
    State,
)
from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal, unseal
from filmgauge.store.journal import Journal

WRITTEN = {
    "boot": 7,
    "seq": 41,
    "wakes": 205,
    "base_ms": 12345,
    "last_ms": 1900000000123,
    "awake_ms": 187,
    "radio_nj": 99,
    "faults": 264,
    "memory_resets": 3,
    "info_sent": 1,
    "offset_running": 1,
    "sees_zero": 1,
    "profile_crc": 2**32 - 5,
    "cell_number": 2,
    "cell_changed": 1,
    "closed_nah": (-5, 6, -7),
    "life": 0,
}
NOTHING = b""


def saved(path, block):
    Journal(path, len(block) - OVERHEAD).save(bytearray(block))


def check(state):
    for name, value in WRITTEN.items():
        assert getattr(state, name) == value
    # The bytes of protection and charge were their own places in the old block.
    assert state.buffer[PROTECTION_AT : PROTECTION_AT + 38] == bytes(range(67, 105))
    assert state.buffer[CHARGE_AT : CHARGE_AT + 13] == bytes(range(105, 118))
    assert state.buffer[CHARGE_AT + 13 : GAUGE_AT] == bytes(GAUGE_AT - CHARGE_AT - 13)


class Settings:
    """What a configuration says of the cell at the beginning."""

    def __init__(self):
        self.initial_soc_ppm, self.initial_sigma_ppm, self.cell_new = 800000, 20000, 1


def migrated(
    state, retained=NOTHING, pages=None, path=None, marked=True, records=False, root=None
):
    """Return whether there was a state, and whether the configuration's charge is gone by."""
    mark, backlog = unused_path(), unused_path()
    if marked:
        write_file(mark, b"")
    if records:
        os.mkdir(backlog)
        write_file(backlog + "/00000000", b"a record")
    config = Settings()
    root = root or unused_folder() + "/"
    found = migrate(state, config, retained, pages, path or unused_path(), mark, backlog, root)
    asked = config.initial_soc_ppm, config.initial_sigma_ppm, config.cell_new
    assert asked in ((800000, 20000, 1), (500000, 288675, 0))
    return found, asked[2] == 1


def check_lost(*given, **more):
    state = State()
    assert migrated(state, *given, **more) == (False, False)
    assert (state.faults, state.boot) == (FAULT_LIFE, 0)


def check_new(*given, **more):
    state = State()
    assert migrated(state, *given, **more) == (False, True)
    assert (state.faults, state.boot) == (0, 0)


def test_layout_5_comes_from_retained_memory_and_from_the_journal():
    for marked in (True, False):
        state = State()
        assert migrated(state, bytes(old_block()) + b"more", marked=marked) == (True, True)
        check(state)
        path = unused_path()
        saved(path, old_block())
        state = State()
        assert migrated(state, path=path, marked=marked, records=True) == (True, True)
        check(state)


def test_layout_6_comes_from_everywhere():
    path = unused_path()
    saved(path, block_6())
    for place in ({"retained": bytes(block_6())}, {"path": path}, {"pages": Pages(block_6())}):
        state = State()
        assert migrated(state, **place) == (True, True)
        for name, value in WRITTEN.items():
            assert name == "life" or getattr(state, name) == value
        assert (state.life, state.resets, state.keys_crc) == (0x89ABCDEF, 5, 0x12345678)
        assert (state.counters_lost, state.refused, state.restarts) == (1, 0, 0)
        rest = state.buffer[PROTECTION_AT : HEAD_SIZE + SIZE]
        assert rest == bytes(i & 0xFF for i in range(len(rest)))
        state.pack()
        again = State()
        again.buffer[:] = state.buffer
        assert again.unpack() and again.life == 0x89ABCDEF


def test_layout_7_is_as_now_and_no_version_that_reads_it_reads_this_one():
    """What is new since lies in bits that an earlier version takes for a current and a side."""
    for planned in (0, 1):
        block, path = sealed(State(0, planned)), unused_path()
        block[HEAD_SIZE] = 7
        seal(block, len(block) - OVERHEAD, 9)
        saved(path, block)
        for place in ({"retained": bytes(block)}, {"path": path}, {"pages": Pages(block)}):
            state = State(0, planned)
            assert migrated(state, **place) == (True, True)
            assert (state.boot, state.seq, state.life, state.faults) == (3, 77, 99, 0)
            assert state.buffer[PROTECTION_AT:PLAN_AT] == block[PROTECTION_AT:PLAN_AT]
            assert state.buffer[HEAD_SIZE] == LAYOUT != 7


def sealed(state):
    """Return the block of a state whose other parts count up."""
    for i in range(PROTECTION_AT, HEAD_SIZE + state.size):
        state.buffer[i] = i & 0xFF
    state.boot, state.seq, state.life = 3, 77, 99
    state.pack()
    seal(state.buffer, state.size, 9)
    return state.buffer


def test_a_node_that_begins_to_plan_its_reports_goes_on_and_so_does_one_that_ends():
    for before, after in ((0, 1), (1, 0)):
        block, path = sealed(State(0, before)), unused_path()
        saved(path, block)
        for place in ({"retained": bytes(block)}, {"path": path}, {"pages": Pages(block)}):
            state = State(0, after)
            assert migrated(state, **place) == (True, True)
            assert (state.boot, state.seq, state.life, state.faults) == (3, 77, 99, 0)
            assert state.buffer[PROTECTION_AT:PLAN_AT] == block[PROTECTION_AT:PLAN_AT]
            assert state.size == (PLANNED_SIZE if after else SIZE)
            assert not any(state.buffer[PLAN_AT:])  # nothing is planned yet
            assert state.is_due(0) and state.is_due(5) if after else True


def test_the_newer_slot_of_the_journal_counts():
    path = unused_path()
    journal = Journal(path, SIZE_5)
    for boot in (3, 4, 5):
        block = old_block()
        block[HEAD_SIZE + 1] = boot
        journal.save(block)
    state = State()
    assert migrated(state, path=path)[0]
    assert state.boot == 5


def test_a_migrated_state_is_saved_in_the_layout_of_now():
    path = unused_path()
    saved(path, old_block())
    state = State()
    assert migrated(state, path=path)[0]
    state.life = 77
    state.pack()
    Journal(path, SIZE).save(state.buffer)
    again = State()
    assert Journal(path, SIZE).load(again.buffer) and again.unpack()
    assert (again.life, again.boot, again.faults) == (77, 7, 264)


def test_another_layout_is_refused_and_told():
    for layout, size in ((LAYOUT + 1, SIZE), (LAYOUT + 1, SIZE + 9), (4, SIZE_5), (5, 502)):
        check_lost(bytes(old_block(layout, size)))
        path = unused_path()
        saved(path, old_block(layout, size))
        check_lost(path=path)


def test_a_new_node_is_no_fault_and_one_that_has_lost_all_is():
    check_new()
    check_lost(marked=False)
    check_lost(records=True)


def test_a_spoilt_journal_is_told():
    for octets in (b"spoilt" * 9, b""):
        path = unused_path()
        saved(path, old_block())
        for name in os.listdir(path):
            write_file(path + "/" + name, octets)
        check_lost(path=path)


def test_power_that_goes_in_the_first_save_has_taken_no_memory():
    path = unused_path()
    saved(path, old_block())
    names = sorted(os.listdir(path))
    for name in names[2:]:
        os.remove(path + "/" + name)
    check_new(path=path)
    write_file(path + "/" + names[1], b"")  # a file system has its name before its bytes
    check_new(path=path)
    write_file(path + "/" + names[0], b"")
    check_lost(path=path)
    os.remove(path + "/" + names[1])
    check_new(path=path)
    saved(path, old_block())
    saved(path, old_block())  # into the other slot: one was whole
    for name in os.listdir(path):
        if name not in ("0", "1"):
            os.remove(path + "/" + name)
    check_lost(path=path)


class Pages:
    """What a PageStore says of its pages."""

    def __init__(self, block, used=True):
        self.block, self.used = block, used

    def newest_state(self):
        return self.block

    def is_used(self):
        return self.used


def test_layout_5_comes_from_pages_too():
    state = State()
    assert migrated(state, pages=Pages(old_block())) == (True, True)
    check(state)
    check_lost(pages=Pages(old_block(9)))
    check_lost(pages=Pages(None))


def test_pages_that_a_tool_has_emptied_are_new_where_it_says_so():
    emptied = bytearray(OVERHEAD)
    seal(emptied, 0, 9)
    check_new(pages=Pages(emptied))
    check_new(pages=Pages(None, False))
    check_lost(pages=Pages(emptied), marked=False)


def on_trial(*names):
    """Return a root with a trial and such files beside it."""
    root = unused_folder() + "/"
    for name in ("trial",) + names:
        write_file(root + name, b"")
    return root


def of_trial(size=SIZE + 9):
    """Return the state that a version with an unknown layout has left in its boot 12."""
    block = old_block(LAYOUT + 1, size)
    block[HEAD_SIZE + 1] = 12
    seal(block, size, 10)
    return block


def check_back(root, block, planned=0, **place):
    state = State(0, planned)
    assert migrated(state, root=root, marked=False, **place) == (True, True)
    # Behind the boots of the trial, or a record would come twice.
    assert (state.boot, state.life, state.faults) == (12, 99, 0)
    assert state.buffer[PROTECTION_AT:PLAN_AT] == block[PROTECTION_AT:PLAN_AT]


def test_a_version_that_comes_back_knows_what_it_knew_before_the_trial():
    for planned in (0, 1):
        block, left, path = sealed(State(0, planned)), of_trial(), unused_path()
        saved(path, left)
        # Gone back; with the trial there, by a cut; another version of this layout, on trial.
        for root in (unused_folder() + "/", on_trial(), on_trial("app.bin.old")):
            write_file(root + "state.old", block)
            for place in ({"retained": bytes(left)}, {"path": path}, {"pages": Pages(left)}):
                check_back(root, block, planned, **place)


def test_a_trial_of_an_earlier_version_is_gone_back_from():
    block, left = sealed(State()), block_6()
    left[HEAD_SIZE + 1] = 12
    seal(left, len(left) - OVERHEAD, 10)
    root = unused_folder() + "/"
    write_file(root + "state.old", block)
    check_back(root, block, retained=bytes(left))


def test_what_a_version_on_trial_cannot_read_is_kept():
    for name in ("app.bin.old", "client.key.none"):
        root, block = on_trial(name), of_trial()
        check_lost(pages=Pages(block), root=root)
        kept = read_file(root + "state.old")
        assert kept[HEAD_SIZE:-4] == block[HEAD_SIZE:-4]
        assert unseal(kept, len(kept) - OVERHEAD) is not None


def test_what_is_migrated_on_trial_is_kept_for_the_version_before():
    root, path = on_trial("app.bin.old"), unused_path()
    saved(path, old_block())
    state = State()
    assert migrated(state, path=path, root=root) == (True, True)
    check(state)
    assert read_file(root + "state.old")[HEAD_SIZE:-4] == old_block()[HEAD_SIZE:-4]


def test_nothing_is_kept_where_no_version_can_come_back():
    for root in (on_trial(), on_trial("config.json"), unused_folder() + "/"):
        assert migrated(State(), bytes(block_6()), root=root) == (True, True)
        assert "state.old" not in os.listdir(root)


def test_what_an_earlier_trial_has_kept_counts_for_nothing():
    for kept in (old_block(), block_6(), b"torn"):
        root = unused_folder() + "/"
        for block, check_found in ((block_6(), check_migrated), (of_trial(), check_lost)):
            write_file(root + "state.old", kept)
            check_found(bytes(block), root=root)
            assert "state.old" not in os.listdir(root)


def check_migrated(*given, **more):
    assert migrated(State(), *given, **more) == (True, True)


def test_a_flash_that_takes_nothing_stops_no_migration():
    root = on_trial("app.bin.old")
    os.mkdir(root + "state.old")
    state = State()
    assert migrated(state, bytes(old_block()), root=root) == (True, True)
    check(state)
