"""The last known state in flash: two slots written in turn, so that a power cut costs one at most.

    journal = Journal("/state", SIZE)
    found = journal.load(buffer)        # the newer whole slot, False when there is none
    journal.save(buffer)                # payload at buffer[HEAD_SIZE:]

littlefs keeps a file of up to 128 bytes inside its directory entry and commits it when the file
is closed; the slots stay below that, which costs 0.025 erases a save. They have a directory of
their own because every commit makes its directory slower to read until the next erase.
"""

import os

from filmgauge.store.block import OVERHEAD, opened, seal


class Journal:
    """Two slot files in the directory `path`, which is made with the first save."""

    def __init__(self, path: str, payload_size: int):
        self._path = path
        self._size = payload_size
        self._sequence = -1  # of the newer whole slot; not known before a slot was read

    def load(self, buffer) -> bool:
        """Read the newer whole slot into `buffer`; return whether there was one."""
        best = self._newest()
        if best is None:
            return False
        buffer[: len(best)] = best
        return True

    def save(self, buffer) -> None:
        """Seal the payload in `buffer` and write it over the older slot; OSError from flash."""
        if self._sequence < 0:
            self._newest()
        sequence = self._sequence + 1
        seal(buffer, self._size, sequence)
        if sequence == 1:
            self._make_directory()
        with open(self._name(sequence & 1), "wb") as file:
            file.write(memoryview(buffer)[: self._size + OVERHEAD])
        self._sequence = sequence  # only now: a save that failed must not cost the other slot

    def _newest(self):
        """Return the newer whole slot, None when there is none; note its sequence."""
        best = None
        self._sequence = 0
        for slot in (0, 1):
            data = self._read(slot)
            sequence = None if data is None else opened(data, self._size)
            if sequence is not None and (best is None or sequence > self._sequence):
                best = data
                self._sequence = sequence
        return best

    def _read(self, slot):
        try:
            with open(self._name(slot), "rb") as file:
                return file.read(self._size + OVERHEAD)
        except OSError:
            return None

    def _name(self, slot):
        return self._path + "/" + str(slot)

    def _make_directory(self):
        try:
            os.mkdir(self._path)
        except OSError:
            pass  # it is there already, or the save will tell
