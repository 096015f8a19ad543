"""Small things in two raw pages: whatever a loss of power leaves, all of them are there."""

from expect import raises
from page_device import PAGE, PageDevice

from filmgauge.store.block import HEAD_SIZE, OVERHEAD
from filmgauge.store.bonds import Bonds
from filmgauge.store.page_pair import ITEMS, PagePair
from filmgauge.store.page_store import PageStore


def test_what_is_written_is_read_whatever_lies_beside_it():
    device = PageDevice(2)
    written = {}
    for round in range(3):
        for number, name in enumerate(ITEMS):
            data = bytes([round * 16 + number]) * (7 + 3 * round)
            PagePair(device).write(name, data)
            written[name] = data
            assert {each: PagePair(device).read(each) for each in written} == written
    assert device.writes == 3 * len(ITEMS)
    pair = PagePair(device)
    pair.remove("safe")
    pair.remove("safe")
    assert device.writes == 3 * len(ITEMS) + 1  # there was nothing to remove the second time
    assert PagePair(device).read("safe") is None
    assert PagePair(device).read("failures") == written["failures"]


def test_the_longest_of_each_fit_and_longer_ones_are_refused():
    device = PageDevice(2)
    pair = PagePair(device)
    for name, room in (("config.bak", 2640), ("bonds", 712), ("failures", 16)):
        pair.write(name, b"x" * (room - 2))
        assert pair.read(name) == b"x" * (room - 2)
        with raises(OSError):
            pair.write(name, b"x" * (room - 1))
        assert PagePair(device).read(name) == b"x" * (room - 2)


def test_power_that_goes_leaves_the_old_or_the_new_and_the_rest():
    device = PageDevice(2)
    pair = PagePair(device)
    pair.write("bonds", b"secret")
    pair.write("safe", b"old")
    before = bytes(device.image)
    found = []
    for cut in range(10):
        device.image[:] = before
        device.cut_after = cut
        try:
            PagePair(device).write("safe", b"new")
        except OSError:
            pass
        device.cut_after = None
        after = PagePair(device)
        assert after.read("bonds") == b"secret"
        found.append(after.read("safe"))
        after.write("safe", b"next")
        assert PagePair(device).read("safe") == b"next"
    assert found == [b"old"] * 9 + [b"new"]


def test_no_bit_turns_unnoticed():
    device = PageDevice(2)
    pair = PagePair(device)
    pair.write("safe", b"old")
    pair.write("safe", b"new")
    newest = PAGE if pair.sequence % 2 == 0 else 0
    for at in range(newest, newest + 3960, 97):
        device.image[at] ^= 16
        assert PagePair(device).read("safe") == b"old" or at - newest in range(12, 16)
        device.image[at] ^= 16


def test_bonds_of_a_version_that_had_the_pages_alone_go_on():
    device = PageDevice(2)
    bonds = Bonds("/nowhere/bonds")
    buffer = bytearray(696 + OVERHEAD)
    bonds._journal = PageStore(device, buffer, 0)
    bonds.put(1, b"peer", b"secret")
    bonds.save()
    assert device.image[HEAD_SIZE:] != b"\xff" * (2 * PAGE - HEAD_SIZE)
    for cut in (0, 3, None):
        device.cut_after = cut
        try:
            PagePair(device).write("failures", b"\1")
        except OSError:
            pass
        device.cut_after = None
        again = Bonds("/nowhere/bonds", device)
        assert again.get(1, 0, b"peer") == b"secret"
    again.put(1, b"other", b"more")
    PagePair(device).write("config.bak", b"newer than these bonds")
    again.save()
    assert PagePair(device).read("config.bak") == b"newer than these bonds"
    assert Bonds("/nowhere/bonds", device).get(1, 0, b"other") == b"more"
    assert Bonds("/nowhere/bonds", device).get(1, 0, b"peer") == b"secret"
    assert PagePair(device).read("failures") == b"\1"
