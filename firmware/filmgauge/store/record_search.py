"""Finds a place among stored records; loaded where records are read."""

import struct

from filmgauge.compat import const

POSITION_SIZE = const(11)  # of a record's beginning, which says which one it is
REST_AT = (9, POSITION_SIZE)  # where a record goes on behind it: version 3, and since
TORN = (0, 0, 0)
_VERSION_3 = const(3)


def record_position(data) -> "tuple[int, int, int]":
    """Return (life, boot, seq) of a record by its beginning; TORN where it is too short."""
    if len(data) < POSITION_SIZE:
        return TORN
    if data[0] == _VERSION_3:
        boot, seq = struct.unpack_from("<II", data, 1)
        return 0, boot, seq
    life, boot, seq, boot_high, seq_high = struct.unpack_from("<IHHBB", data, 1)
    return life, boot | boot_high << 16, seq | seq_high << 16


def first_after(head, first: int, end: int, position: "tuple[int, int, int]") -> int:
    """Return the number of the first record newer than (life, boot, seq), `end` where there is
    none.

    `head` gives that of a record by its number, None where it cannot be read. Records of a life
    are together, in the order of boot and seq; an earlier life stands before a later one, and one
    of which there is no record is before all. It looks at ten of a thousand in each life.
    """
    while end > first:
        found = _last_readable(head, first, end)
        if found is None:
            break
        life = found[0]
        begin = _partition(head, first, end, lambda each, life=life: each[0] == life)
        if life == position[0]:
            return _partition(head, begin, end, lambda each: each > position)
        end = begin
    return first


def _last_readable(head, first, end):
    """Return what `head` gives of the last record before `end`, None where none can be read."""
    for number in range(end - 1, first - 1, -1):
        found = head(number)
        if found is not None and found != TORN:
            return found
    return None


def _partition(head, first, end, is_behind):
    """Return the number of the first record that is behind, as all after it are."""
    while first < end:
        middle = (first + end) // 2
        found = None
        for number in range(middle, end):
            found = head(number)
            if found is not None and found != TORN:
                break
            found = None
        if found is None or is_behind(found):
            end = middle
        else:
            first = middle + 1
    return first
