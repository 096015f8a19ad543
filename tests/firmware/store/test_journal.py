"""The journal: whatever a power cut leaves of a slot, the newest whole state is found."""

import os

from expect import raises
from noise import Noise
from scratch_files import read_file, unused_path, write_file

from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal
from filmgauge.store.journal import Journal

SHORT = 24
PART = 116  # with its seal the 128 bytes of a file inside its directory entry
LONG = 2 * PART + 18  # three parts
LENGTHS = (SHORT, PART, PART + 1, LONG)
NUMBERS = range(1, 24)
OCTETS = Noise(7).octets(LONG + 1)


def payload(number, length):
    """Return the state `number`: no byte of it is that of the state before."""
    return bytes([(octet + 11 * number) & 255 for octet in OCTETS[:length]])


def save(journal, number, length=SHORT):
    """Save the state `number`."""
    buffer = bytearray(length + OVERHEAD)
    buffer[HEAD_SIZE : HEAD_SIZE + length] = payload(number, length)
    journal.save(buffer)


def loaded(path, length=SHORT):
    """Return the number of the state that a node finds after a power-on, None for none."""
    buffer = bytearray(length + OVERHEAD)
    if not Journal(path, length).load(buffer):
        assert buffer == bytearray(length + OVERHEAD)
        return None
    found = buffer[HEAD_SIZE : HEAD_SIZE + length]
    for number in NUMBERS:
        if found[0] == payload(number, 1)[0]:
            assert found == payload(number, length), "parts of different saves"
            return number
    raise AssertionError("the journal gave what was never saved")


def files(path):
    """Return what each file of the journal holds."""
    try:
        names = os.listdir(path)
    except OSError:
        return {}
    return {name: read_file(path + "/" + name) for name in names}


def put_back(path, name, data):
    """Let a file hold `data`, or not exist."""
    if data is not None:
        write_file(path + "/" + name, data)
    elif name in os.listdir(path):
        os.remove(path + "/" + name)


def changed(before, after):
    """Return the names of the files that were written, in the order of their parts."""
    return sorted(name for name in after if after[name] != before.get(name))


def test_nothing_saved_nothing_found():
    for length in LENGTHS:
        path = unused_path()
        assert loaded(path, length) is None
        assert "here" not in os.listdir(path.split("/")[0])


def test_every_part_stays_inside_its_directory_entry():
    for length in LENGTHS:
        path = unused_path()
        save(Journal(path, length), 1, length)
        sizes = [len(data) for data in files(path).values()]
        assert max(sizes) <= 128
        assert len(sizes) == (length + PART - 1) // PART
        assert sum(sizes) == length + len(sizes) * OVERHEAD
        assert loaded(path, length) == 1


def test_saves_alternate_between_two_slots():
    for length in LENGTHS:
        path = unused_path()
        journal = Journal(path, length)
        written = []
        before = {}
        for number in range(1, 9):
            save(journal, number, length)
            after = files(path)
            names = changed(before, after)
            assert len(names) == (length + PART - 1) // PART
            assert len({name[0] for name in names}) == 1
            written.append(names[0][0])
            before = after
            assert loaded(path, length) == number
        assert written in (["1", "0"] * 4, ["0", "1"] * 4)


def test_a_journal_of_every_wake_continues_the_last():
    # After a deep sleep the node makes a new Journal and does not load it.
    for length in LENGTHS:
        path = unused_path()
        for number in range(1, 12):
            save(Journal(path, length), number, length)
            assert loaded(path, length) == number


def torn_versions(new, old, cut):
    """Return what a cut after `cut` bytes may leave of a file."""
    return new[:cut], new[:cut] + old[cut:], new[:cut] + b"\xff" * (len(new) - cut)


def test_power_cut_at_every_byte_of_every_part_costs_one_save_at_most():
    for length, all_saves in ((SHORT, (1, 2, 3, 4)), (LONG, (1, 2, 3))):
        for saves in all_saves:
            path = unused_path()
            journal = Journal(path, length)
            for number in range(1, saves + 1):
                save(journal, number, length)
            before = files(path)
            save(journal, saves + 1, length)
            after = files(path)
            names = changed(before, after)
            for name in names:
                put_back(path, name, before.get(name))
            for name in names:
                for cut in range(len(after[name])):
                    for torn in torn_versions(after[name], before.get(name, b""), cut):
                        if torn != after[name]:
                            write_file(path + "/" + name, torn)
                            assert loaded(path, length) == saves
                write_file(path + "/" + name, after[name])
                assert loaded(path, length) == saves + (name == names[-1])


def test_a_cut_in_the_save_after_a_cut():
    # Two saves in a row that do not end: the parts of both lie in one slot.
    for first_cut in range(4):
        for second_cut in range(4):
            path = unused_path()
            for number in (1, 2):
                save(Journal(path, LONG), number, LONG)
            done = 2
            for number, cut in ((3, first_cut), (4, second_cut)):
                before = files(path)
                save(Journal(path, LONG), number, LONG)
                names = changed(before, files(path))
                for name in names[cut:]:
                    put_back(path, name, before.get(name))
                done = number if cut == len(names) else done
                assert loaded(path, LONG) == done
            save(Journal(path, LONG), 5, LONG)
            assert loaded(path, LONG) == 5


def test_parts_of_different_saves_are_never_mixed():
    # Cuts after any part and flash that spoils one part now and then: `loaded` sees to the mix.
    noise = Noise(41)
    for _ in range(12):
        path = unused_path()
        found = 0
        for number in range(1, 12):
            before = files(path)
            save(Journal(path, LONG), number, LONG)
            names = changed(before, files(path))
            cut = noise.below(6)
            for name in names[cut:]:
                put_back(path, name, before.get(name))
            if not noise.below(3):
                there = sorted(files(path))
                if there:
                    write_file(path + "/" + there[noise.below(len(there))], b"spoilt")
            found += loaded(path, LONG) is not None
        assert found > 3


def test_a_spoilt_part_and_a_cut_later_are_not_mixed():
    path = unused_path()
    before = {}
    for number in (1, 2, 3):
        before = files(path)
        save(Journal(path, LONG), number, LONG)
    newest = changed(before, files(path))
    write_file(path + "/" + newest[0], b"spoilt")
    assert loaded(path, LONG) == 2
    before = files(path)
    save(Journal(path, LONG), 4, LONG)
    assert changed(before, files(path)) == newest  # the only whole slot stays
    write_file(path + "/" + newest[-1], before[newest[-1]])
    assert loaded(path, LONG) == 2


def test_after_a_torn_save_the_next_goes_to_the_torn_slot():
    path = unused_path()
    journal = Journal(path, SHORT)
    before = {}
    for number in (1, 2, 3):
        before = files(path)
        save(journal, number)
    (newest,) = changed(before, files(path))
    write_file(path + "/" + newest, b"torn")
    assert loaded(path) == 2
    save(Journal(path, SHORT), 4)
    assert loaded(path) == 4
    write_file(path + "/" + newest, b"torn again")
    assert loaded(path) == 2


def test_a_save_that_fails_does_not_cost_the_other_slot():
    for part in range(3):
        path = unused_path()
        journal = Journal(path, LONG)
        save(journal, 1, LONG)
        before = files(path)
        save(journal, 2, LONG)
        # A directory where a part of the third save should be: it cannot be opened.
        blocked = path + "/" + sorted(before)[part]
        os.remove(blocked)
        os.mkdir(blocked)
        for number in (3, 4):
            with raises(OSError):
                save(journal, number, LONG)
            assert loaded(path, LONG) == 2
        os.rmdir(blocked)
        save(journal, 5, LONG)
        assert loaded(path, LONG) == 5
        save(journal, 6, LONG)
        assert loaded(path, LONG) == 6


def test_directory_is_made_when_the_first_save_had_failed():
    path = unused_path()
    parent = path.split("/")[0]
    os.rmdir(parent)
    journal = Journal(path, SHORT)
    with raises(OSError):
        save(journal, 1)
    os.mkdir(parent)
    save(journal, 2)
    assert loaded(path) == 2


def test_both_slots_torn():
    for length in (SHORT, LONG):
        path = unused_path()
        journal = Journal(path, length)
        save(journal, 1, length)
        save(journal, 2, length)
        for name, data in files(path).items():
            write_file(path + "/" + name, data[:-1])
        assert loaded(path, length) is None
        save(Journal(path, length), 3, length)
        assert loaded(path, length) == 3


def test_state_of_another_size_is_not_taken():
    for length in LENGTHS:
        path = unused_path()
        save(Journal(path, length + 1), 1, length + 1)
        assert loaded(path, length) is None
    path = unused_path()
    os.mkdir(path)
    buffer = bytearray(SHORT + 1 + OVERHEAD)
    seal(buffer, SHORT + 1, 5)
    write_file(path + "/1", buffer)
    assert loaded(path) is None


def test_the_buffer_may_be_larger_than_the_state():
    for length in LENGTHS:
        path = unused_path()
        buffer = bytearray(length + OVERHEAD + 9)
        buffer[HEAD_SIZE : HEAD_SIZE + length] = payload(6, length)
        Journal(path, length).save(buffer)
        again = bytearray(b"\x55" * len(buffer))
        assert Journal(path, length).load(again)
        assert again[HEAD_SIZE : HEAD_SIZE + length] == payload(6, length)
        assert again[-9:] == b"\x55" * 9
