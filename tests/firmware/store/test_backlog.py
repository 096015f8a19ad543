"""The backlog: order, capacity and what outlives a power cut."""

import os

from expect import raises
from scratch_files import unused_path, write_file

from filmgauge.store.backlog import Backlog


def contents(backlog, limit=100):
    """Return the records that wait, oldest first."""
    return [backlog.read(name) for name in backlog.names(limit)]


def filled(path, count, capacity=100):
    """Return a backlog with the records b"0", b"1", ..."""
    backlog = Backlog(path, capacity)
    for number in range(count):
        assert not backlog.add(b"%d" % number)
    return backlog


def test_empty_makes_no_directory():
    path = unused_path()
    backlog = Backlog(path, 5)
    assert backlog.count() == 0
    assert list(backlog.names(10)) == []
    assert "here" not in os.listdir(path.split("/")[0])


def test_oldest_first():
    backlog = filled(unused_path(), 12)
    assert backlog.count() == 12
    assert contents(backlog) == [b"%d" % number for number in range(12)]
    assert contents(backlog, 3) == [b"0", b"1", b"2"]
    assert contents(backlog, 0) == []


def test_full_drops_the_oldest_and_tells():
    backlog = filled(unused_path(), 5, capacity=5)
    for number in range(5, 12):
        assert backlog.add(b"%d" % number)
        assert backlog.count() == 5
    assert contents(backlog) == [b"7", b"8", b"9", b"10", b"11"]


def test_one_record_is_enough():
    backlog = filled(unused_path(), 1, capacity=1)
    assert backlog.add(b"next")
    assert contents(backlog) == [b"next"]


def test_outlives_a_power_cut():
    path = unused_path()
    filled(path, 4)
    again = Backlog(path, 100)
    assert again.count() == 4
    again.add(b"4")
    assert contents(Backlog(path, 100)) == [b"0", b"1", b"2", b"3", b"4"]


def test_removed_is_gone_for_good():
    path = unused_path()
    backlog = filled(path, 4)
    names = list(backlog.names(4))
    backlog.remove(names[0])
    backlog.remove(names[2])
    assert contents(backlog) == [b"1", b"3"]
    assert contents(Backlog(path, 100)) == [b"1", b"3"]
    with raises(OSError):
        backlog.read(names[0])


def test_draining_by_a_list_of_names():
    backlog = filled(unused_path(), 7)
    for name in backlog.names(5):
        backlog.remove(name)
    assert contents(backlog) == [b"5", b"6"]


def test_order_is_kept_after_draining():
    path = unused_path()
    backlog = filled(path, 3)
    for name in backlog.names(2):
        backlog.remove(name)
    backlog.add(b"3")
    assert contents(Backlog(path, 100)) == [b"2", b"3"]
    for name in backlog.names(2):
        backlog.remove(name)
    backlog.add(b"fresh")
    assert contents(Backlog(path, 100)) == [b"fresh"]


def test_order_holds_beyond_ten_and_a_hundred():
    path = unused_path()
    backlog = filled(path, 120, capacity=120)
    for number in range(120, 140):
        backlog.add(b"%d" % number)
    assert contents(Backlog(path, 120), 200) == [b"%d" % number for number in range(20, 140)]


def test_foreign_files_are_left_alone():
    path = unused_path()
    os.mkdir(path)
    for name in ("notes.txt", "1", "123456789", "0000000x", "1234567 "):
        write_file(path + "/" + name, b"foreign")
    backlog = Backlog(path, 2)
    assert backlog.count() == 0
    for data in (b"a", b"b", b"c"):
        backlog.add(data)
    assert contents(backlog) == [b"b", b"c"]
    for name in ("notes.txt", "1", "123456789", "0000000x", "1234567 "):
        assert name in os.listdir(path)


def test_bytes_are_kept_as_they_are():
    backlog = Backlog(unused_path(), 5)
    data = bytes(range(256))
    backlog.add(data)
    backlog.add(b"")
    assert contents(backlog) == [data, b""]


def test_a_smaller_capacity_holds_after_the_next_record():
    path = unused_path()
    filled(path, 9)
    backlog = Backlog(path, 3)
    assert backlog.add(b"new")
    assert backlog.count() == 3
    assert contents(Backlog(path, 3)) == [b"7", b"8", b"new"]
