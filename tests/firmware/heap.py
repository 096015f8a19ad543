"""What a call leaves on the heap of MicroPython; on CPython nothing is measured.

with locked_heap(): ...         # MemoryError when anything inside allocates
garbage(function, 1, 2)         # bytes on a board of 32 bits
"""

import gc

try:
    from micropython import heap_lock, heap_unlock

    MEASURED = True
except ImportError:
    MEASURED = False

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """CPython has no heap to lock."""


class locked_heap:
    """No allocation inside the block."""

    def __enter__(self):
        heap_lock()

    def __exit__(self, kind, error, traceback):
        heap_unlock()
        return False


def garbage(function, *args):
    """Return what a call leaves behind, in bytes of a 32-bit board; 0 on CPython.

    The heap hands out blocks of four words. An object of so many words takes as many blocks
    there as here, where a word has twice the bytes, so half of what is measured is what a board
    needs. A float is one block on both: a pointer and 4 or 8 bytes. Integers beyond 31 bits are
    not seen: they are small here and two blocks there.
    """
    if not MEASURED:
        function(*args)
        return 0
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function(*args)
    after = gc.mem_alloc()
    _nothing(*args)
    used = after - before - (gc.mem_alloc() - after)  # less what calling with * takes
    if collecting:
        gc.enable()
    return used // 2


def _nothing(*args):
    """Do nothing."""
