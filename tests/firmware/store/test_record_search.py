"""Where what is newer begins, among records of several lives."""

from noise import Noise

from filmgauge.store.record_search import TORN, first_after


def newer_than(records, position):
    """Return the index of the first record newer than a position, looked for one by one."""
    own = [at for at, each in enumerate(records) if each and each[0] == position[0]]
    if not own:
        return 0
    behind = [at for at in own if records[at] > position]
    return behind[0] if behind else own[-1] + 1


def some_records(noise):
    """Return records of a few lives, whose numbers are in no order, some of them unreadable."""
    records = []
    for life in (0x80000001, 3, 0xFFFFFFFF, 0)[: noise.below(5)]:
        boot, seq = 1, 0
        for _ in range(noise.below(7)):
            records.append((life, boot, seq))
            seq += 1
            if not noise.below(3):
                boot, seq = boot + 1, 0
    return records


def test_it_finds_what_a_search_one_by_one_finds():
    noise = Noise(41)
    for _ in range(400):
        records = some_records(noise)
        holes = [noise.below(9) == 0 for _ in records]
        seen = [
            (None, TORN)[noise.below(2)] if hole else each for each, hole in zip(records, holes)
        ]
        position = (9, 1, 1)
        if records and noise.below(5):
            life, boot, seq = records[noise.below(len(records))]
            position = life, boot, seq + noise.below(3)
        first = noise.below(len(records) + 1)
        found = first_after(lambda number, seen=seen: seen[number], first, len(records), position)
        readable = [None if each == TORN else each for each in seen]
        wanted = [
            each for each in readable[first + newer_than(readable[first:], position) :] if each
        ]
        assert [each for each in readable[found:] if each] == wanted


def test_each_life_is_read_on_where_it_was_left():
    records = [(9, 1, 0), (9, 2, 0), (4, 1, 0), (4, 1, 1), (6, 1, 0)]
    for position, found in (
        ((9, 1, 0), 1),
        ((9, 2, 0), 2),
        ((4, 1, 0), 3),
        ((4, 1, 1), 4),
        ((6, 1, 0), 5),
        ((5, 9, 9), 0),  # of which there is nothing: all is newer
        ((0, 0, 0), 0),
    ):
        assert first_after(lambda number: records[number], 0, 5, position) == found
