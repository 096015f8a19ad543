"""Store and forward: records that could not be sent, oldest first.

    backlog = Backlog("/backlog", capacity=256)
    backlog.add(record.to_bytes())          # True when the oldest had to make room
    for name in backlog.names(limit=32):
        data = backlog.read(name)
        ...                                 # sent and acknowledged
        backlog.remove(name)

A record is a file of its own: at 125 bytes it lives inside the directory entry, which wears flash
forty times less than appending to a log. It is removed only after it was acknowledged.
"""

import os

from filmgauge.compat import names_in

_DIGITS = "%08d"


class Backlog:
    """At most `capacity` records in a directory; OSError from flash."""

    def __init__(self, path: str, capacity: int):
        self._path = path
        self._capacity = capacity
        self._numbers = None  # numbers, not names: small integers take no room on the heap

    def count(self) -> int:
        """Return how many records wait."""
        return len(self._list())

    def names(self, limit: int) -> list:
        """Return the names of the oldest `limit` records, oldest first."""
        return [_DIGITS % number for number in self._list()[:limit]]

    def add(self, data: bytes) -> bool:
        """Keep a record; return whether the oldest was dropped to make room."""
        numbers = self._list()
        full = len(numbers) >= self._capacity
        while len(numbers) >= self._capacity:  # more than one after the capacity was lowered
            self.remove(_DIGITS % numbers[0])
        number = numbers[-1] + 1 if numbers else 0
        if not numbers:
            self._make_directory()
        with open(self._path + "/" + _DIGITS % number, "wb") as file:
            file.write(data)
        numbers.append(number)
        return full

    def read(self, name: str) -> bytes:
        """Return the bytes of a record."""
        with open(self._path + "/" + name, "rb") as file:
            return file.read()

    def remove(self, name: str) -> None:
        """Forget a record.

        One that flash does not let go is sent again after the next boot, where receivers know
        it by boot and seq; it must not keep the others from being sent.
        """
        try:
            os.remove(self._path + "/" + name)
        except OSError:
            pass
        self._list().remove(int(name))

    def _list(self):
        if self._numbers is None:
            numbers = []
            try:
                numbers.extend(int(name) for name in names_in(self._path) if _is_ours(name))
            except OSError:
                pass
            numbers.sort()
            self._numbers = numbers
        return self._numbers

    def _make_directory(self):
        try:
            os.mkdir(self._path)
        except OSError:
            pass  # it is there already


def _is_ours(name):
    return len(name) == 8 and name.isdigit()
