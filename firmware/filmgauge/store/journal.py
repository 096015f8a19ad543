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
from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal, unseal

_PART = const(116)  # with OVERHEAD the 128 bytes of an inline file
_MORE = const(0x80000000)  # in the sequence of a part: another one follows


class Journal:
    """Two slots in the directory `path`, which is made with the first save."""

    def __init__(self, path: str, payload_size: int):
        self._path = path
        self._size = payload_size
        self._parts = (payload_size + _PART - 1) // _PART
        self._part = bytearray(min(payload_size, _PART) + OVERHEAD)
        self.sequence = -1  # of the newer whole slot; not known before the slots were read
        self._highest = 0  # of any part, whole slot or not

    def load(self, buffer) -> bool:
        """Read the newer whole slot into `buffer`; return whether there was one."""
        slot = self._newest()
        if slot is None:
            return False
        for part in range(self._parts):
            data = self._read(slot, part)
            if data is None:
                return False  # flash lets go of what it has just shown: there is no state
            at, length = self._span(part)
            buffer[at : at + length] = data[HEAD_SIZE : HEAD_SIZE + length]
        return True

    def save(self, buffer) -> None:
        """Write the payload in `buffer` over the older slot; OSError from flash."""
        if self.sequence < 0:
            self._newest()
        if self.sequence == 0:
            self._make_directory()
        # What another save has left in this slot must not pass for a part of this one.
        sequence = self.sequence + 1
        if sequence <= self._highest:
            sequence += (self._highest - sequence + 2) // 2 * 2
        self.sequence = -1  # until it is written: a save that fails has left nobody knows what
        for part in range(self._parts):
            self._write(sequence, part, buffer)
        self.sequence = self._highest = sequence

    def _write(self, sequence, part, buffer):
        at, length = self._span(part)
        block = memoryview(self._part)[: length + OVERHEAD]
        block[HEAD_SIZE : HEAD_SIZE + length] = memoryview(buffer)[at : at + length]
        seal(block, length, sequence | self._more(part))
        with open(self._name(sequence & 1, part), "wb") as file:
            file.write(block)

    def _newest(self):
        """Return the slot that is whole and newer, None when there is none; note its sequence."""
        best = None
        self.sequence = self._highest = 0
        for slot in (0, 1):
            sequence = self._whole(slot)
            if sequence is not None and (best is None or sequence > self.sequence):
                best = slot
                self.sequence = sequence
        return best

    def _whole(self, slot):
        """Return the sequence of a slot, None when its parts are not of one save."""
        whole = None
        for part in range(self._parts):
            data = self._read(slot, part)
            sequence = None if data is None else unseal(data, self._span(part)[1])
            if sequence is not None:
                sequence ^= self._more(part)
                self._highest = max(self._highest, sequence & ~_MORE)
                if sequence & _MORE:  # a part of a state of another size
                    sequence = None
            if not part:
                whole = sequence
            elif sequence != whole:
                whole = None
        return whole

    def _more(self, part):
        return _MORE if part < self._parts - 1 else 0

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
