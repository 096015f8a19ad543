"""The last known state in flash: two slots written in turn, so that a power cut costs one at most.

    journal = Journal("/state", SIZE)
    found = journal.load(buffer)        # the newer whole slot, False when there is none
    journal.save(buffer)                # payload at buffer[HEAD_SIZE:]

littlefs keeps a file of up to 128 bytes inside its directory entry and commits it when the file
is closed, which costs 0.025 erases a save instead of one. A longer state is therefore cut into
parts, a file each; a slot counts only when all its parts are of one save. They have a directory
of their own because every commit makes its directory slower to read until the next erase.
"""

import os

from filmgauge.compat import const
from filmgauge.store.block import HEAD_SIZE, OVERHEAD, opened, seal

_PART = const(116)  # with OVERHEAD the 128 bytes of an inline file


class Journal:
    """Two slots in the directory `path`, which is made with the first save."""

    def __init__(self, path: str, payload_size: int):
        self._path = path
        self._size = payload_size
        self._parts = (payload_size + _PART - 1) // _PART
        self._part = bytearray(min(payload_size, _PART) + OVERHEAD)
        self._sequence = -1  # of the newer whole slot; not known before a slot was read
        self._failures = 0

    def load(self, buffer) -> bool:
        """Read the newer whole slot into `buffer`; return whether there was one."""
        slot = self._newest()
        if slot is None:
            return False
        for part in range(self._parts):
            data = self._read(slot, part)
            at, length = self._span(part)
            buffer[at : at + length] = data[HEAD_SIZE : HEAD_SIZE + length]
        return True

    def save(self, buffer) -> None:
        """Write the payload in `buffer` over the older slot; OSError from flash."""
        if self._sequence < 0:
            self._newest()
        # What a save that failed has left must not pass for a part of the next one.
        sequence = self._sequence + 1 + 2 * self._failures
        if self._sequence == 0:
            self._make_directory()
        self._failures += 1
        for part in range(self._parts):
            self._write(sequence, part, buffer)
        self._failures = 0
        self._sequence = sequence  # only now: a save that failed must not cost the other slot

    def _write(self, sequence, part, buffer):
        at, length = self._span(part)
        block = memoryview(self._part)[: length + OVERHEAD]
        block[HEAD_SIZE : HEAD_SIZE + length] = memoryview(buffer)[at : at + length]
        seal(block, length, sequence)
        with open(self._name(sequence & 1, part), "wb") as file:
            file.write(block)

    def _newest(self):
        """Return the slot that is whole and newer, None when there is none; note its sequence."""
        best = None
        self._sequence = 0
        for slot in (0, 1):
            sequence = self._whole(slot)
            if sequence is not None and (best is None or sequence > self._sequence):
                best = slot
                self._sequence = sequence
        return best

    def _whole(self, slot):
        """Return the sequence of a slot, None when its parts are not of one save."""
        sequence = None
        for part in range(self._parts):
            data = self._read(slot, part)
            found = None if data is None else opened(data, self._span(part)[1])
            if found is None or (part and found != sequence):
                return None
            sequence = found
        return sequence

    def _span(self, part):
        """Return where a part lies in the buffer, and its length."""
        return HEAD_SIZE + part * _PART, min(_PART, self._size - part * _PART)

    def _read(self, slot, part):
        try:
            with open(self._name(slot, part), "rb") as file:
                return file.read(_PART + OVERHEAD)
        except OSError:
            return None

    def _name(self, slot, part):
        name = self._path + "/" + str(slot)
        return name + "abcdefgh"[part - 1] if part else name

    def _make_directory(self):
        try:
            os.mkdir(self._path)
        except OSError:
            pass  # it is there already, or the save will tell
