"""The secrets of bonds: by key and by number, bounded, and whole after a power cut."""

from expect import raises
from scratch_files import read_file, unused_path, write_file

from filmgauge.store.bonds import COUNT, Bonds

ONE = b"\x01\x01\x02\x03\x04\x05\x06"
OTHER = b"\x01\x11\x12\x13\x14\x15\x16"


def test_what_was_put_is_got_by_key_and_by_number_after_a_boot():
    path = unused_path()
    bonds = Bonds(path)
    assert bonds.put(1, ONE, b"our" * 20)
    assert bonds.put(2, ONE, b"peer")
    assert bonds.put(1, OTHER, b"second")
    assert Bonds(path).count() == 0  # it may be an interrupt that has put them
    bonds.save()
    for kept in (bonds, Bonds(path)):
        assert kept.count() == 3
        assert kept.get(1, 0, ONE) == b"our" * 20
        assert kept.get(2, 0, ONE) == b"peer"
        assert kept.get(1, 1, None) == b"second"
        assert kept.get(1, 2, None) is None
        assert kept.get(2, 0, OTHER) is None


def test_a_new_value_replaces_the_old():
    path = unused_path()
    bonds = Bonds(path)
    bonds.put(1, ONE, b"long value")
    bonds.put(1, ONE, b"short")
    bonds.save()
    assert Bonds(path).count() == 1
    assert Bonds(path).get(1, 0, ONE) == b"short"


def test_none_forgets():
    path = unused_path()
    bonds = Bonds(path)
    bonds.put(1, ONE, b"a")
    bonds.save()
    assert bonds.put(1, ONE, None)
    assert not bonds.put(1, ONE, None)
    bonds.save()
    assert Bonds(path).count() == 0


def test_the_oldest_makes_room():
    path = unused_path()
    bonds = Bonds(path)
    for number in range(COUNT):
        bonds.put(1, bytes((number,)), b"v%d" % number)
    bonds.put(1, b"\x00", b"again")  # so 1 is the oldest now
    bonds.put(1, b"new", b"newest")
    bonds.save()
    kept = Bonds(path)
    assert kept.count() == COUNT
    assert kept.get(1, 0, b"\x01") is None
    assert kept.get(1, 0, b"\x00") == b"again"
    assert kept.get(1, COUNT - 1, None) == b"newest"


def test_too_long_changes_nothing():
    path = unused_path()
    bonds = Bonds(path)
    bonds.put(1, ONE, b"a")
    for kind, key, value in (
        (1, bytes(17), b""),
        (1, ONE, bytes(97)),
        (0, ONE, b""),
        (256, b"", b""),
    ):
        with raises(ValueError, "a secret must have"):
            bonds.put(kind, key, value)
    bonds.save()
    assert Bonds(path).get(1, 0, ONE) == b"a"
    assert bonds.put(1, bytes(16), bytes(96))
    bonds.save()
    assert Bonds(path).get(1, 0, bytes(16)) == bytes(96)


def test_a_torn_save_leaves_what_was_there():
    path = unused_path()
    bonds = Bonds(path)
    bonds.put(1, ONE, b"first")
    bonds.save()
    bonds.put(1, OTHER, b"second")
    bonds.save()
    torn = read_file(path + "/0c")  # the second save went to slot 0; its fourth part of six
    write_file(path + "/0c", torn[:-1])
    kept = Bonds(path)
    assert kept.get(1, 0, ONE) == b"first"
    assert kept.count() == 1
