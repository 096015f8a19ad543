"""What all pages of a page store hold, found when it is opened and let go then (page_store.py)."""

import struct

from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, OVERHEAD, unseal
from filmgauge.store.page_layout import (
    FREE,
    HEAD_LENGTH,
    PAGE,
    REST_AT,
    ROOM,
    SLOT,
    SLOTS,
    SLOTS_AT,
    STATE_AT,
)

_EIO = const(5)


class PageScan:
    """read(page, at, buffer): reads from flash, OSError from it; slot: room for a record; slots:
    how many a page has; head: struct format of a page's.

    Of the newest page, once they are found: newest (-1: there is none), its sequence, the number
    of the oldest record that counts, and the numbers of others; highest sequence of any page.
    """

    def __init__(self, read, slot, slots: int, head: str):
        self._read, self._slot, self._slots, self._head = read, slot, slots, head
        self.newest = -1
        self.sequence = self.highest = self.oldest = 0
        self.numbers = [0, 0]

    def find(self, firsts, counts, sequences) -> None:
        """Find the pages that count, of those with the same first record the newest, and what
        each holds."""
        failed = 0
        for page in range(len(counts)):
            try:
                sequence = self._whole(page)
            except OSError:  # it must not take the others along
                failed += 1
                continue
            if sequence is None:
                continue
            sequences[page] = sequence
            first, oldest, count, *numbers = struct.unpack_from(self._head, self._slot, HEAD_SIZE)
            for other in range(page):
                if counts[other] != FREE and firsts[other] == first:
                    if sequences[other] > sequence:
                        break
                    counts[other] = FREE
            else:
                firsts[page], counts[page] = first, count
            if sequence >= self.sequence:
                self.sequence, self.newest = sequence, page
                self.oldest, self.numbers = oldest, numbers
        if failed and self.newest < 0:
            raise OSError(_EIO)  # nobody knows what there was

    def newest_state(self, page: int, sequences) -> "tuple[int, bytearray] | None":
        """Return the sequence of the newest state that can be read, and it, sealed and of
        whatever size; `page` is the newest page, and has one of `sequences`."""
        sequence = sequences[page]
        while page >= 0:
            state = self._state_of(page, sequence)
            if state is not None:
                return sequence, state
            page, sequence = self._written_before(sequence, len(sequences))
        return None

    def _whole(self, page):
        """Return the sequence of a page that was written to its end, None for any other; its
        head is in the slot then.

        Pages are programmed from their beginning: with the last record all is there.
        """
        slot = self._slot
        self._read(page, 0, slot)
        sequence = unseal(slot, HEAD_LENGTH)
        if sequence is None:
            return None
        self.highest = max(self.highest, sequence)
        first, _, count, *_ = struct.unpack_from(self._head, slot, HEAD_SIZE)
        if count:
            self._read(page, SLOTS_AT + (count - 1) * SLOT, slot)
            if unseal(slot, struct.unpack_from("<H", slot, 2)[0]) != first + count - 1:
                return None
        if (not count or self._slots < SLOTS) and self._state_of(page, sequence) is None:
            return None
        self._read(page, 0, slot)
        return sequence

    def _state_of(self, page, sequence):
        """Return the sealed state of a page, of whatever size; None where it is torn."""
        head = memoryview(self._slot)[:HEAD_SIZE]
        self._read(page, STATE_AT, head)
        length = struct.unpack_from("<H", head, 2)[0]
        if length > PAGE - STATE_AT - OVERHEAD:
            return None
        state = bytearray(length + OVERHEAD)
        self._read(page, STATE_AT, state)
        if unseal(state, length) != sequence and ROOM < len(state) <= ROOM + SLOT:
            self._read(page, REST_AT, memoryview(state)[ROOM:])
        return state if unseal(state, length) == sequence else None

    def _written_before(self, sequence, pages):
        """Return the page that was written last before a sequence, and its own; -1 for none."""
        found, newest = -1, 0
        for page in range(pages):
            try:
                own = self._whole(page)
            except OSError:
                continue
            if own is not None and newest < own < sequence:
                found, newest = page, own
        return found, newest
