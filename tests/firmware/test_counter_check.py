"""When messages may go on under a key: in each case of memory, key and counter."""

import os

from scratch_files import unused_path, write_file

from filmgauge import counter_check
from filmgauge.record import FAULT_COUNTER, FAULT_LIFE
from filmgauge.state import State
from filmgauge.store.counters import LOST, StoredNumber

ONE, TWO = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"


class Settings:
    def __init__(self, ble_key="", command_key=""):
        self.ble_key, self.command_key = ble_key, command_key


class Pages:
    """Where a node has its numbers; here in files of any name."""

    def __init__(self):
        self.paths = {"/counter": unused_path(), "/commands": unused_path()}

    def stored_number(self, path):
        return StoredNumber(self.paths[path])


def checked(pages, config, boot=2, faults=0, keys_crc=0, was_reset=False):
    """Return the state after a check."""
    state = State()
    state.boot, state.faults, state.keys_crc = boot, faults, keys_crc
    counter_check.check_counters(state, config, pages, was_reset)
    return state


def values(pages):
    return [pages.stored_number(path).value for path in ("/counter", "/commands")]


def test_a_new_node_and_one_that_remembers_may_begin():
    for boot in (1, 2):
        pages = Pages()
        state = checked(pages, Settings(ONE, TWO), boot)
        assert (state.counters_lost, state.faults, values(pages)) == (0, 0, [0, 0])


def test_with_the_memory_goes_what_has_no_counter_and_nothing_else():
    pages = Pages()
    pages.stored_number("/commands").save(77)
    state = checked(pages, Settings(ONE, TWO), 1, FAULT_LIFE)
    assert (state.counters_lost, values(pages)) == (1, [LOST, 77])
    assert state.faults == FAULT_LIFE | FAULT_COUNTER
    pages = Pages()
    assert not checked(pages, Settings("", ""), 1, FAULT_LIFE).counters_lost


def test_it_stays_lost_until_that_key_is_another_one():
    pages = Pages()
    lost = checked(pages, Settings(ONE, ONE), 1, FAULT_LIFE)
    assert values(pages) == [LOST, LOST]
    for _ in range(2):
        lost = checked(pages, Settings(ONE, ONE), 2, 0, lost.keys_crc)
        assert (lost.counters_lost, lost.faults) == (1, FAULT_COUNTER)
    half = checked(pages, Settings(TWO, ONE), 3, 0, lost.keys_crc)
    assert (half.counters_lost, values(pages)) == (1, [0, LOST])
    whole = checked(pages, Settings(TWO, TWO), 4, 0, half.keys_crc)
    assert (whole.counters_lost, whole.faults, values(pages)) == (0, 0, [0, 0])


def test_a_counter_that_cannot_be_read_is_lost_whatever_the_node_remembers():
    pages = Pages()
    before = checked(pages, Settings(ONE, ONE))
    path = pages.paths["/counter"]
    os.mkdir(path)
    write_file(path + "/1", b"torn")
    state = checked(pages, Settings(ONE, ONE), 2, 0, before.keys_crc)
    assert (state.counters_lost, values(pages)) == (1, [LOST, 0])


def test_power_that_goes_in_the_first_save_of_a_counter_has_lost_none():
    pages = Pages()
    before = checked(pages, Settings(ONE, ONE))
    os.mkdir(pages.paths["/commands"])
    write_file(pages.paths["/commands"] + "/1", b"")
    state = checked(pages, Settings(ONE, ONE), 2, 0, before.keys_crc)
    assert (state.counters_lost, values(pages)) == (0, [0, 0])
    os.remove(pages.paths["/commands"] + "/1")
    write_file(pages.paths["/commands"] + "/0", b"")  # so there was one in the other slot
    state = checked(pages, Settings(ONE, ONE), 2, 0, before.keys_crc)
    assert (state.counters_lost, values(pages)) == (1, [0, LOST])


def test_a_reset_of_the_first_boot_makes_no_lost_counter_new():
    pages = Pages()
    lost = checked(pages, Settings(ONE, ONE), 1, FAULT_LIFE)
    for faults in (FAULT_LIFE, 0):  # before it is reported, and behind that
        again = checked(pages, Settings(ONE, ONE), 1, faults, lost.keys_crc, True)
        assert (again.counters_lost, values(pages)) == (1, [LOST, LOST])
    other = checked(pages, Settings(TWO, ONE), 1, FAULT_LIFE, lost.keys_crc, True)
    assert values(pages) == [0, LOST]
    checked(pages, Settings(TWO, ONE), 1, FAULT_LIFE, other.keys_crc, True)
    assert values(pages) == [0, LOST]  # the new key is new however often it is checked


def test_a_counter_that_counts_goes_on_under_any_key():
    pages = Pages()
    pages.stored_number("/counter").save(356)
    state = checked(pages, Settings(ONE))
    checked(pages, Settings(TWO), 2, 0, state.keys_crc)
    assert values(pages) == [356, 0]
