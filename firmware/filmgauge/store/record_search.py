"""Finds a place among stored records; loaded where a peer asks for them."""


def first_after(head, first: int, end: int, position: "tuple[int, int]") -> int:
    """Return the number of the first record newer than (boot, seq), `end` where there is none.

    `head` gives (boot, seq) of a record by its number, None where it cannot be read. Records are
    in the order of boot and seq: it looks at ten of a thousand.
    """
    while first < end:
        middle = (first + end) // 2
        found = None
        for number in range(middle, end):
            found = head(number)
            if found is not None:
                break
        if found is None or found > position:
            end = middle
        else:
            first = middle + 1
    return first
