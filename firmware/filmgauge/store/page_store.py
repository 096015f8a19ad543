"""State and records in raw pages of flash, for a port whose file system does not outlive a cut.

    store = PageStore(flash, buffer, capacity=256)
    found = store.load(buffer)          # as a journal: the newest whole state
    store.save(buffer)                  # payload at buffer[HEAD_SIZE:]
    store.add(record.to_bytes())        # as a backlog; writes the state in `buffer` along

The STM32 port has blocks of 512 bytes over pages of 4 KB: what littlefs writes is erased together
with its neighbours, and power that goes then takes the file system along. Here a page is written
whole, and only over one of which nothing is needed; the newest whole one counts.

A page is head, state and the newest records. It is written anew with each record, each time on
another page that is free, so all of them wear alike; once it is full it stays until its records
have been forgotten, or are the oldest when no page is free.
"""

import struct

from filmgauge.compat import const, unload
from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal, unseal
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

# What a flashing tool gives the file system, 200 KB: two versions of the firmware. Of the 256 KB
# of an STM32WB55 it leaves twelve pages and those of the bonds: 7300 erases each in ten years of a
# record an hour.
FILE_SYSTEM_PAGES = const(50)
BOND_PAGES = const(2)  # the last ones
LEAST_PAGES = const(5)  # the newest, one to write, and one that is full; and those of bonds
_BLOCK = const(512)  # of the port's block device
# Numbers of the first record and of the oldest that counts; how many; two numbers of others.
_HEAD = const("<IIBII")
_NUMBERS = const(("/counter", "/commands"))
_SCANNING = const(".store.page_scan")
_ENOENT = const(2)
_EIO = const(5)


class PageStore:
    """flash: a block device with blocks of 512 bytes, nothing but pages of this store.

    buffer: the state, with room for its seal; old_path: where a journal would have it. OSError
    from flash.
    """

    def __init__(self, flash, buffer, capacity: int, old_path: str = "/state"):
        self._flash = flash
        self._state = buffer
        self._capacity = capacity
        self._slots = SLOTS if len(buffer) <= ROOM else SLOTS - 1
        self._old_path = old_path
        pages = flash.ioctl(4, 0) * _BLOCK // PAGE
        self._firsts = [0] * pages  # number of the first record of a page
        self._counts = bytearray([FREE] * pages)
        self._slot = bytearray(SLOT)
        self._sequences = [0] * pages  # when each was written last, or tried to
        # sequence: of the state that was found or saved last; highest: of any page, torn or not:
        # none comes twice.
        self._scan()

    def load(self, buffer) -> bool:
        """Read the newest state into `buffer`, from the file system where there is none in pages
        yet; return whether there is one of its size."""
        if self._newest >= 0:
            return self.read_state(buffer)
        from filmgauge.store.journal import Journal

        found = Journal(self._old_path, len(buffer) - OVERHEAD).load(buffer)
        unload(".store.journal")
        return found

    def read_state(self, buffer) -> bool:
        """Read the newest state that can be read, from the pages alone."""
        state = self.newest_state()
        if state is None or len(state) != len(buffer):
            return False
        buffer[:] = state
        return True

    def newest_state(self) -> "bytearray | None":
        """Return the newest state that can be read from the pages, sealed, of whatever size."""
        if self._newest < 0:
            return None
        scan = self._page_scan()
        found = scan.newest_state(self._newest, self._sequences)
        self._highest = max(self._highest, scan.highest)
        scan = None
        unload(_SCANNING)
        if found is None:
            return None
        self.sequence, state = found
        return state

    def newest_page(self) -> int:
        """Return the number of the page that was written last, -1 for none."""
        return self._newest

    def is_used(self) -> bool:
        """Return whether a state was once written in full: a second one was begun."""
        return self._highest > 1

    def newest(self) -> "tuple[int, int, int] | None":
        """Return (life, boot, seq) of the newest record, None where none can be read."""
        for number in range(self._end() - 1, self._oldest - 1, -1):
            found = self._head(number)
            if found:
                return found
        return None

    def save(self, buffer) -> None:
        """Write the state."""
        self._state = buffer
        self._write(None)

    def count(self) -> int:
        """Return how many records wait."""
        waiting = 0
        for first, count in zip(self._firsts, self._counts):
            if count != FREE:
                waiting += max(0, first + count - max(first, self._oldest))
        return waiting

    def name(self, number: int) -> str:
        """Return the name of a record by its number."""
        return "%08d" % number

    def names(self, limit: int):
        """Yield the names of the oldest `limit` records, oldest first."""
        for number in range(self._oldest, min(self._end(), self._oldest + limit)):
            if self._head(number):
                yield self.name(number)

    def add(self, data: bytes) -> bool:
        """Keep a record; return whether the oldest was dropped to make room."""
        before = self._oldest
        self._oldest += max(0, self.count() + 1 - self._capacity)
        try:
            self._write(data)
        except OSError:
            self._oldest = max(before, self._written_oldest)  # nothing came in its place
            raise
        return self._oldest != before

    def read(self, name: str) -> bytes:
        """Return the bytes of a record."""
        number, slot = int(name), self._slot
        for page, first in enumerate(self._firsts):
            count = self._counts[page]
            if count != FREE and first <= number < first + count:
                self._read(page, SLOTS_AT + (number - first) * SLOT, slot)
                length = struct.unpack_from("<H", slot, 2)[0]
                if unseal(slot, length) is not None:
                    return bytes(slot[HEAD_SIZE : HEAD_SIZE + length])
        raise OSError(_ENOENT)

    def oldest(self) -> "tuple[int, int, int] | None":
        """Return (life, boot, seq) of the oldest record, None where none can be read."""
        for number in range(self._oldest, self._end()):
            found = self._head(number)
            if found:
                return found
        return None

    def after(self, life: int, boot: int, seq: int) -> "tuple[int, int]":
        """Return the number of the first record newer than (life, boot, seq), and the one behind
        all."""
        from filmgauge.store.record_search import first_after

        end = self._end()
        return first_after(self._head, self._oldest, end, (life, boot, seq)), end

    def forget(self, life: int, boot: int, seq: int, alive) -> int:
        """Remove all records up to (life, boot, seq); return how many. It calls `alive`
        meanwhile."""
        before = self.count()
        self._oldest = self.after(life, boot, seq)[0]
        alive()
        if before != self.count():
            self._write(None)
        return before - self.count()

    def stored_number(self, path: str) -> "PageNumber":
        """Return a number that only ever grows, by the path that it has in a file system."""
        return PageNumber(self, path)

    def number(self, path: str) -> int:
        """Return such a number as it is in the pages, 0 where it is not."""
        return self._numbers[_NUMBERS.index(path)]

    def set_number(self, path: str, value: int) -> None:
        """Write such a number."""
        index = _NUMBERS.index(path)
        old, self._numbers[index] = self._numbers[index], value
        try:
            self._write(None)
        except OSError:
            self._numbers[index] = old
            raise

    def _end(self):
        newest = self._newest
        return self._firsts[newest] + self._counts[newest] if newest >= 0 else 0

    def _head(self, number):
        """Return (life, boot, seq) of a record, None when it cannot be read."""
        from filmgauge.store.record_search import record_position

        try:
            return record_position(self.read(self.name(number)))
        except OSError:
            return None

    def _page_scan(self):
        """Return who reads all pages: at the beginning, and to find another version's state."""
        from filmgauge.store.page_scan import PageScan

        return PageScan(self._read, self._slot, self._slots, _HEAD)

    def _scan(self):
        """Find the pages that count."""
        scan = self._page_scan()
        scan.find(self._firsts, self._counts, self._sequences)
        self._newest, self.sequence, self._highest = scan.newest, scan.sequence, scan.highest
        self._oldest = self._written_oldest = scan.oldest
        self._numbers = scan.numbers
        scan = None
        unload(_SCANNING)

    def _write(self, data):
        """Write state and newest records, with one more if given, to the next free page."""
        newest, slot = self._newest, self._slot
        first = self._firsts[newest] if newest >= 0 else 0
        count = self._counts[newest] if newest >= 0 else 0
        # A page of a node that did not plan its reports yet may have one record more.
        is_full = count >= self._slots and (data is not None or count > self._slots)
        if is_full:
            first, count = first + count, 0
        page = self._free_page(2 if is_full else 1)
        # Should this fail, others are tried before it again.
        self._highest = sequence = self._sequences[page] = self._highest + 1
        state = self._state
        seal(state, len(state) - OVERHEAD, sequence)
        self._put(page, STATE_AT, memoryview(state)[:ROOM])
        for number in range(count):
            try:
                self._read(newest, SLOTS_AT + number * SLOT, slot)
            except OSError:
                slot[:] = bytes(SLOT)  # the others go on without it
            self._put(page, SLOTS_AT + number * SLOT, slot)
        if data is not None:
            slot[HEAD_SIZE : HEAD_SIZE + len(data)] = data
            seal(slot, len(data), first + count)
            self._put(page, SLOTS_AT + count * SLOT, slot)
            count += 1
        if len(state) > ROOM:
            self._put(page, REST_AT, memoryview(state)[ROOM:])
        struct.pack_into(_HEAD, slot, HEAD_SIZE, first, self._oldest, count, *self._numbers)
        seal(slot, HEAD_LENGTH, sequence)
        self._put(page, 0, memoryview(slot)[: HEAD_LENGTH + OVERHEAD])
        if self._flash.ioctl(3, 0):
            raise OSError(_EIO)
        if newest >= 0 and self._firsts[newest] == first:
            self._counts[newest] = FREE
        self._firsts[page], self._counts[page] = first, count
        self._newest = page
        self.sequence = sequence
        self._written_oldest = self._oldest

    def _free_page(self, least):
        """Return the page that was written longest ago of those of which nothing is needed; the
        oldest records go until there are so many.

        Two of them take turns until a page is full: with less than two at its beginning, the
        same one would be left each time.
        """
        while True:
            found, free, oldest = -1, 0, 0x3FFFFFFF
            for page, count in enumerate(self._counts):
                end = self._firsts[page] + count
                if page == self._newest:
                    continue
                if count == FREE or end <= self._written_oldest:
                    free += 1
                    if found < 0 or self._sequences[page] < self._sequences[found]:
                        found = page
                else:
                    oldest = min(oldest, end)
            if free >= least:
                return found
            self._oldest = self._written_oldest = max(self._oldest, oldest)

    def _read(self, page, at, buffer):
        at += page * PAGE
        if self._flash.readblocks(at // _BLOCK, buffer, at % _BLOCK):
            raise OSError(_EIO)

    def _put(self, page, at, buffer):
        at += page * PAGE
        if self._flash.writeblocks(at // _BLOCK, buffer, at % _BLOCK):
            raise OSError(_EIO)


class PageNumber:
    """A StoredNumber in the head of the pages. One from the file system is gone on with."""

    def __init__(self, store, path):
        self._store, self._path = store, path
        self.value = store.number(path)
        if not self.value:
            from filmgauge.store.counters import StoredNumber

            self.value = StoredNumber(path).value

    def save(self, value: int) -> None:
        """Write a number; OSError from flash, with the old one in force."""
        self._store.set_number(self._path, value)
        self.value = value
