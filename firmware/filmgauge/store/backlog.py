"""Store and forward: records that could not be sent, oldest first.

    backlog = Backlog("/backlog", capacity=256)
    backlog.add(record.to_bytes())          # True when the oldest had to make room
    for name in backlog.names(limit=32):
        data = backlog.read(name)
        ...                                 # sent and acknowledged
        backlog.remove(name)

A record is a file of its own: at 128 bytes it lives inside the directory entry, which wears flash
forty times less than appending to a log. It is removed only after it was acknowledged. Numbers
ascend, so the first and the last one tell of all: a thousand records take no more heap than one.
"""

import os

from filmgauge.compat import const, names_in

PATH = const("/backlog")  # on a board
_DIGITS = const("%08d")
_ENOENT = const(2)
_ENOSPC = const(28)
_BLOCKFUL = const(32)  # records that share a block of flash, which is only free without them


class Backlog:
    """At most `capacity` records in a directory; OSError from flash."""

    def __init__(self, path: str, capacity: int):
        self._path = path
        self._capacity = capacity
        self._first = self._end = 0  # numbers of the oldest, and behind the newest
        self._count = -1  # not known yet

    def count(self) -> int:
        """Return how many records wait."""
        self._scan()
        return self._count

    def name(self, number: int) -> str:
        """Return the name of a record by its number."""
        return _DIGITS % number

    def names(self, limit: int):
        """Yield the names of the oldest `limit` records, oldest first; each may be removed."""
        self._scan()
        whole = self._end - self._first == self._count  # else one was removed from the middle
        for number in range(self._first, self._end):
            if limit and (whole or self._head(number) is not None):
                limit -= 1
                yield _DIGITS % number

    def add(self, data: bytes) -> bool:
        """Keep a record; return whether the oldest was dropped to make room."""
        self._scan()
        full = self._count >= self._capacity
        while self._count >= self._capacity:  # more than one after the capacity was lowered
            self.remove(_DIGITS % self._first)
        if not self._count:
            self._first = self._end = 0
            self._make_directory()
        try:
            self._write(data)
        except OSError as error:
            if error.errno != _ENOSPC or not self._count:
                raise
            for _ in range(min(self._count, _BLOCKFUL)):  # flash is full before its capacity is
                self.remove(_DIGITS % self._first)
            full = True
            self._write(data)
        self._end += 1
        self._count += 1
        return full

    def read(self, name: str) -> bytes:
        """Return the bytes of a record."""
        with open(self._path + "/" + name, "rb") as file:
            return file.read()

    def remove(self, name: str) -> None:
        """Forget a record.

        One that flash does not let go is sent again after the next boot, where receivers know
        it by life, boot and seq; it must not keep the others from being sent.
        """
        self._scan()
        number = int(name)
        try:
            os.remove(self._path + "/" + name)
            gone = 0
        except OSError as error:
            gone = error.errno == _ENOENT
        if not gone and self._count:
            self._count -= 1
        if number == self._first:
            self._first += 1
        elif number == self._end - 1:
            self._end -= 1
        if not self._count or self._first >= self._end:
            self._count = 0
            self._first = self._end

    def remove_newest(self) -> None:
        """Forget the record that was added last."""
        self.remove(_DIGITS % (self._end - 1))

    def oldest(self) -> "tuple[int, int, int] | None":
        """Return (life, boot, seq) of the oldest record, None where none can be read."""
        self._scan()
        for number in range(self._first, self._end):
            found = self._head(number)
            if found:
                return found
        return None

    def after(self, life: int, boot: int, seq: int) -> "tuple[int, int]":
        """Return the number of the first record newer than (life, boot, seq), and the one behind
        all."""
        from filmgauge.store.record_search import first_after

        self._scan()
        return first_after(self._head, self._first, self._end, (life, boot, seq)), self._end

    def forget(self, life: int, boot: int, seq: int, alive) -> int:
        """Remove all records up to (life, boot, seq); return how many. It calls `alive` now and
        then."""
        end, _ = self.after(life, boot, seq)
        before = self.count()
        for number in range(self._first, end):
            self.remove(_DIGITS % number)
            alive()
        return before - self.count()

    def stored_number(self, path: str):
        """Return a number that only ever grows, in a file beside the records."""
        from filmgauge.store.counters import StoredNumber

        return StoredNumber(path)

    def _write(self, data):
        with open(self._path + "/" + _DIGITS % self._end, "wb") as file:
            file.write(data)

    def _head(self, number):
        """Return (life, boot, seq) of a record, None when it cannot be read."""
        from filmgauge.store.record_search import POSITION_SIZE, record_position

        try:
            with open(self._path + "/" + _DIGITS % number, "rb") as file:
                return record_position(file.read(POSITION_SIZE))
        except OSError:
            return None

    def _scan(self):
        if self._count >= 0:
            return
        self._count = self._end = 0
        self._first = -1
        try:
            for name in names_in(self._path):
                if _is_ours(name):
                    number = int(name)
                    self._count += 1
                    self._end = max(self._end, number + 1)
                    if self._first < 0 or number < self._first:
                        self._first = number
        except OSError:
            pass
        self._first = max(0, self._first)

    def _make_directory(self):
        try:
            os.mkdir(self._path)
        except OSError:
            pass  # it is there already


def _is_ours(name):
    return len(name) == 8 and name.isdigit()
