"""The configuration in two copies, as files and in raw pages."""

import binascii
import json

from expect import raises
from page_device import PageDevice
from scratch_files import read_file, unused_folder, write_file

from filmgauge.config_copy import current, load, save, sealed, unsealed
from filmgauge.store.page_pair import PagePair

PINS = '"pin_scl":1,"pin_sda":2,"pin_gate":3'
ONE = ('{"node":"one",%s}' % PINS).encode()
TWO = ('{"node":"two",%s}' % PINS).encode()
TORN = ONE[:-9]
WRONG = b'{"nodes":"one"}'
TURNED = sealed(ONE).replace(b"one", b"onf")  # JSON, and a node's name, but not what was written


def place():
    """Return the path of a configuration in a folder of its own."""
    return unused_folder() + "/config.json"


def copy_of(path):
    return read_file(path[: -len("config.json")] + "config.bak")


def test_a_checksum_is_part_of_the_json():
    text = sealed(ONE)
    values = json.loads(text)
    assert values.pop("crc") == "%08x" % binascii.crc32(ONE)
    assert values == json.loads(ONE)
    assert unsealed(text) == ONE
    assert unsealed(ONE) == ONE
    with raises(ValueError, "configuration does not match its checksum"):
        unsealed(TURNED)


def test_the_file_counts_and_is_copied():
    for text in (ONE, sealed(ONE)):
        path = place()
        write_file(path, text)
        assert load(path).node == "one"
        assert copy_of(path)[4:-4] == text
        assert load(path).node == "one"


def test_another_file_is_newer_than_its_copy():
    path = place()
    write_file(path, ONE)
    load(path)
    write_file(path, TWO)
    assert load(path).node == "two"
    assert copy_of(path)[4:-4] == TWO


def test_a_file_that_is_not_whole_leaves_the_copy_and_is_renewed():
    for broken in (b"", TORN, WRONG, TURNED, None):
        path = place()
        save(ONE, path)
        write_file(path, b"" if broken is None else broken)
        assert load(path, None, False).node == "one"  # on trial nothing is renewed
        assert read_file(path) == (broken or b"")
        assert current(path) == ONE
        assert load(path).node == "one"
        assert read_file(path) == sealed(ONE)


def test_on_trial_a_file_of_the_version_holds_itself():
    """Its copy is of the version before, which is gone back to."""
    path = place()
    save(ONE, path)
    write_file(path + ".old", ONE)
    write_file(path, TORN)
    with raises(ValueError, "configuration is not JSON"):
        load(path, None, False)
    assert load(path).node == "one"  # left by a trial that is over


def test_a_copy_that_is_not_whole_is_renewed():
    for broken in (b"", b"torn", bytes(60)):
        path = place()
        save(ONE, path)
        whole = copy_of(path)
        write_file(path[: -len("config.json")] + "config.bak", broken)
        assert load(path).node == "one"
        assert copy_of(path) == whole


def test_without_either_it_is_one_sentence():
    path = place()
    with raises(ValueError, "there is no configuration"):
        load(path)
    write_file(path, TORN)
    with raises(ValueError, "configuration is not JSON"):
        load(path)


def test_pages_have_the_copy_that_counts_and_the_file_stays():
    path, device = place(), PageDevice(2)
    write_file(path, ONE)
    assert load(path, device).node == "one"
    save(TWO, path, device)
    assert read_file(path) == ONE
    assert load(path, device).node == "two"
    assert current(path, device) == TWO
    write_file(path, TORN)
    assert load(path, device).node == "two"
    assert read_file(path) == TORN  # what writes the file system can end it there
    write_file(path, ('{"node":"three",%s}' % PINS).encode())  # somebody has brought another one
    assert load(path, device).node == "three"


def test_power_that_goes_in_a_change_leaves_the_old_or_the_new():
    path, device = place(), PageDevice(2)
    write_file(path, ONE)
    load(path, device)
    PagePair(device).write("bonds", b"secret")
    before = bytes(device.image)
    cut = 0
    found = set()
    while True:
        device.image[:] = before
        device.cut_after = cut
        try:
            save(TWO, path, device)
        except OSError:
            pass
        device.cut_after, is_over = None, device.cut_after is not None
        found.add(load(path, device, False).node)
        assert PagePair(device).read("bonds") == b"secret"
        if is_over:
            break
        cut += 1
    assert found == {"one", "two"}
    assert cut == 9  # the erase, and the eight parts of a page
