"""The secrets of bonds, which the Bluetooth stack leaves to the application to keep.

    bonds = Bonds("/bonds")
    bonds.put(kind, key, value)         # None forgets; ValueError
    bonds.get(kind, index, key)         # by key, or the index-th of a kind where key is None
    bonds.save()                        # OSError from flash

The stack asks in an interrupt, which may come while other things are being written to the same
pages: only `save` writes, outside of it.

At most COUNT secrets, two for each peer: a new one takes the place of the oldest. All of them are
one state of the journal, or one thing in raw pages (page_pair.py), so a power cut leaves what was
there before or what was to be.
"""

from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, OVERHEAD

COUNT = const(6)
_KEY_ROOM = const(16)  # NimBLE's: 7 to 16 bytes
_VALUE_ROOM = const(96)  # NimBLE's store value of security: some 80 bytes
_HEAD = const(4)  # kind (0: free), length of key, length of value, spare
_ENTRY = const(116)  # a part of the journal
_SIZE = const(696)
_NAME = "bonds"


class Bonds:
    """Loaded only while someone pairs or comes back."""

    def __init__(self, path: str = "/bonds", pages=None):
        from filmgauge.store.journal import Journal

        self._buffer = bytearray(_SIZE + OVERHEAD)
        self._journal, self._pages = Journal(path, _SIZE), pages
        self._is_changed = False
        found = None
        if pages:
            from filmgauge.store.page_pair import PagePair

            found = PagePair(pages).read(_NAME)
        if found:
            self._buffer[HEAD_SIZE : HEAD_SIZE + _SIZE] = found
        elif not self._journal.load(self._buffer):
            self._buffer[:] = bytes(len(self._buffer))

    def count(self) -> int:
        """Return how many secrets are kept."""
        return sum(1 for at in self._slots() if self._buffer[at])

    def get(self, kind: int, index: int, key: "bytes | None") -> "bytes | None":
        """Return a secret by its key, or the index-th of a kind; None for none."""
        buffer = self._buffer
        for at in self._slots():
            if buffer[at] != kind:
                continue
            if key is None and index:
                index -= 1
            elif key is None or self._key(at) == key:
                begin = at + _HEAD + _KEY_ROOM
                return bytes(buffer[begin : begin + buffer[at + 2]])
        return None

    def put(self, kind: int, key: bytes, value: "bytes | None") -> bool:
        """Keep a secret, or forget it; return whether there was something to do."""
        if not 0 < kind < 256 or len(key) > _KEY_ROOM or len(value or b"") > _VALUE_ROOM:
            raise ValueError("a secret must have a kind of 1 to 255, 16 bytes of key and 96 more")
        buffer = self._buffer
        found = free = None
        for at in self._slots():
            if buffer[at] == kind and self._key(at) == key:
                found = at
            elif not buffer[at] and free is None:
                free = at
        if value is None and found is None:
            return False
        if found is not None:  # the newest stands last
            self._remove_at(found)
        elif free is None:
            self._remove_at(HEAD_SIZE)
        if value is not None:
            self._append(kind, key, value)
        self._is_changed = True
        return True

    def save(self) -> None:
        """Put what has changed into flash: all of it or nothing. It is tried once."""
        if not self._is_changed:
            return
        self._is_changed = False
        if self._pages:
            from filmgauge.store.page_pair import PagePair

            view = memoryview(self._buffer)[HEAD_SIZE : HEAD_SIZE + _SIZE]
            PagePair(self._pages).write(_NAME, view)  # what else is there may be newer
        else:
            self._journal.save(self._buffer)

    def _slots(self):
        return range(HEAD_SIZE, HEAD_SIZE + _SIZE, _ENTRY)

    def _key(self, at):
        return bytes(self._buffer[at + _HEAD : at + _HEAD + self._buffer[at + 1]])

    def _remove_at(self, at):
        """Let those behind close the gap."""
        buffer, end = self._buffer, HEAD_SIZE + _SIZE
        buffer[at : end - _ENTRY] = bytes(buffer[at + _ENTRY : end])
        buffer[end - _ENTRY : end] = bytes(_ENTRY)

    def _append(self, kind, key, value):
        buffer = self._buffer
        for at in self._slots():
            if not buffer[at]:
                buffer[at], buffer[at + 1], buffer[at + 2] = kind, len(key), len(value)
                buffer[at + _HEAD : at + _HEAD + len(key)] = key
                begin = at + _HEAD + _KEY_ROOM
                buffer[begin : begin + len(value)] = value
                return
