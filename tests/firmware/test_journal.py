"""The journal: whatever a power cut leaves of a slot, the newest whole state is found."""

import os

from expect import raises
from noise import Noise
from scratch import read_file, unused_path, write_file

from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal
from filmgauge.store.journal import Journal

LENGTH = 24


def save(journal, number):
    """Save the state `number`."""
    buffer = bytearray(LENGTH + OVERHEAD)
    buffer[HEAD_SIZE : HEAD_SIZE + LENGTH] = Noise(number).octets(LENGTH)
    journal.save(buffer)


def loaded(path):
    """Return the number of the state that a node finds after a power-on, None for none."""
    buffer = bytearray(LENGTH + OVERHEAD)
    if not Journal(path, LENGTH).load(buffer):
        assert buffer == bytearray(LENGTH + OVERHEAD)
        return None
    payload = buffer[HEAD_SIZE : HEAD_SIZE + LENGTH]
    for number in range(1, 40):
        if payload == Noise(number).octets(LENGTH):
            return number
    raise AssertionError("the journal gave what was never saved")


def slots(path):
    """Return the names of the slots that exist."""
    return sorted(os.listdir(path))


def test_nothing_saved_nothing_found():
    path = unused_path()
    assert loaded(path) is None
    assert "here" not in os.listdir(path.split("/")[0])


def test_first_save_makes_the_directory():
    path = unused_path()
    save(Journal(path, LENGTH), 1)
    assert len(slots(path)) == 1
    assert loaded(path) == 1


def test_saves_alternate_between_two_slots():
    path = unused_path()
    journal = Journal(path, LENGTH)
    written = []
    before = {}
    for number in range(1, 9):
        save(journal, number)
        after = {name: read_file(path + "/" + name) for name in slots(path)}
        written += [name for name in after if after[name] != before.get(name)]
        before = after
        assert loaded(path) == number
    assert written == ["1", "0"] * 4 or written == ["0", "1"] * 4


def test_a_journal_of_every_wake_continues_the_last():
    # After a deep sleep the node makes a new Journal and does not load it.
    path = unused_path()
    for number in range(1, 12):
        save(Journal(path, LENGTH), number)
        assert loaded(path) == number
        assert len(slots(path)) == min(number, 2)


def test_power_cut_at_every_byte_costs_one_save_at_most():
    for saves in (1, 2, 3, 4):
        path = unused_path()
        journal = Journal(path, LENGTH)
        for number in range(1, saves + 1):
            save(journal, number)
        before = {name: read_file(path + "/" + name) for name in slots(path)}
        save(journal, saves + 1)
        changed = [n for n in slots(path) if read_file(path + "/" + n) != before.get(n)]
        assert len(changed) == 1
        slot = path + "/" + changed[0]
        new, old = read_file(slot), before.get(changed[0], b"")
        for cut in range(len(new)):
            for torn in (new[:cut], new[:cut] + old[cut:], new[:cut] + b"\xff" * (len(new) - cut)):
                if torn != new:
                    write_file(slot, torn)
                    assert loaded(path) == saves
        write_file(slot, new)
        assert loaded(path) == saves + 1


def test_after_a_torn_save_the_next_goes_to_the_torn_slot():
    path = unused_path()
    journal = Journal(path, LENGTH)
    save(journal, 1)
    save(journal, 2)
    save(journal, 3)
    newest = [
        n for n in slots(path) if (3).to_bytes(4, "little") in read_file(path + "/" + n)[4:8]
    ]
    write_file(path + "/" + newest[0], b"torn")
    assert loaded(path) == 2
    save(Journal(path, LENGTH), 4)
    assert loaded(path) == 4
    write_file(path + "/" + newest[0], b"torn again")
    assert loaded(path) == 2


def test_a_save_that_fails_does_not_cost_the_other_slot():
    path = unused_path()
    journal = Journal(path, LENGTH)
    save(journal, 1)
    save(journal, 2)
    # A directory where the slot of the third save should be: it cannot be opened.
    slot = path + "/1"
    os.remove(slot)
    os.mkdir(slot)
    for _ in range(3):
        with raises(OSError):
            save(journal, 3)
        assert loaded(path) == 2
    os.rmdir(slot)
    save(journal, 4)
    assert loaded(path) == 4
    assert len(slots(path)) == 2


def test_directory_is_made_when_the_first_save_had_failed():
    path = unused_path()
    parent = path.split("/")[0]
    os.rmdir(parent)
    journal = Journal(path, LENGTH)
    with raises(OSError):
        save(journal, 1)
    os.mkdir(parent)
    save(journal, 2)
    assert loaded(path) == 2


def test_both_slots_torn():
    path = unused_path()
    journal = Journal(path, LENGTH)
    save(journal, 1)
    save(journal, 2)
    for name in slots(path):
        write_file(path + "/" + name, read_file(path + "/" + name)[:-1])
    assert loaded(path) is None
    save(Journal(path, LENGTH), 3)
    assert loaded(path) == 3


def test_state_of_another_size_is_not_taken():
    path = unused_path()
    os.mkdir(path)
    buffer = bytearray(LENGTH + 1 + OVERHEAD)
    seal(buffer, LENGTH + 1, 5)
    write_file(path + "/1", buffer)
    assert loaded(path) is None


def test_the_buffer_may_be_larger_than_the_state():
    path = unused_path()
    buffer = bytearray(LENGTH + OVERHEAD + 9)
    buffer[HEAD_SIZE : HEAD_SIZE + LENGTH] = Noise(6).octets(LENGTH)
    Journal(path, LENGTH).save(buffer)
    assert len(read_file(path + "/1")) == LENGTH + OVERHEAD
    again = bytearray(b"\x55" * len(buffer))
    assert Journal(path, LENGTH).load(again)
    assert again[HEAD_SIZE : HEAD_SIZE + LENGTH] == Noise(6).octets(LENGTH)
    assert again[-9:] == b"\x55" * 9
