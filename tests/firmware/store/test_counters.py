"""The counter that outlives resets."""

from expect import raises
from scratch_files import read_file, unused_path, write_file

from filmgauge.store.backlog import Backlog
from filmgauge.store.block import HEAD_SIZE, seal
from filmgauge.store.counters import MonotonicCounter

FILES = Backlog("none", 1)


def test_it_begins_at_100_and_ascends():
    counter = MonotonicCounter(unused_path())
    assert [counter.next(FILES) for _ in range(300)] == list(range(100, 400))


def test_it_goes_on_above_after_every_reset():
    path = unused_path()
    last = 0
    for used in (1, 256, 3, 257, 1):
        counter = MonotonicCounter(path)
        for _ in range(used):
            number = counter.next(FILES)
            assert number > last
            last = number
    # Blocks begun: 1, 1, 1, 2 and 1.
    assert 100 + 5 * 256 <= last < 100 + 6 * 256


def test_a_counter_that_is_not_asked_reserves_nothing():
    path = unused_path()
    MonotonicCounter(path).next(FILES)
    for _ in range(5):
        MonotonicCounter(path)
    assert MonotonicCounter(path).next(FILES) == 356


def test_a_reservation_torn_in_flash_gives_no_number_twice():
    path = unused_path()
    MonotonicCounter(path).next(FILES)
    MonotonicCounter(path).next(FILES)
    torn = read_file(path + "/1")[:-1]  # the first save goes to slot 1, the second to slot 0
    write_file(path + "/1", torn)
    assert MonotonicCounter(path).next(FILES) == 612


def test_it_ends_instead_of_beginning_anew():
    path = unused_path()
    MonotonicCounter(path).next(FILES)
    slot = bytearray(read_file(path + "/1"))
    slot[HEAD_SIZE : HEAD_SIZE + 4] = b"\x00\xff\xff\xff"
    seal(slot, 4, 1)
    write_file(path + "/1", slot)
    with raises(ValueError, "its counter is lost or at its end"):
        MonotonicCounter(path).next(FILES)


def test_without_flash_there_is_no_number():
    path = unused_path()
    write_file(path, b"a file where the directory should be")
    with raises(OSError):
        MonotonicCounter(path).next(FILES)
