"""What differs between MicroPython and CPython, in one place.

from filmgauge.compat import const, names_in, tidy, unload
"""

import gc
import os
import sys

try:
    from micropython import const

    def tidy():
        """Free the heap, after arithmetic that leaves more floats than a wake should."""
        gc.collect()

    def unload(packages):
        """Let go of the modules of some packages, of which nothing is used any more."""
        for name in list(sys.modules):
            if name.startswith(packages):
                parent, _, leaf = name.rpartition(".")
                if parent in sys.modules:
                    delattr(sys.modules[parent], leaf)
                del sys.modules[name]
        gc.collect()

except ImportError:

    def const(__value):
        """Return the value: only the board's compiler folds constants."""
        return __value

    def tidy():
        """Do nothing: on CPython what is not used is gone already."""

    def unload(packages):
        """Do nothing: there is room."""


def names_in(path):
    """Yield the names in a directory; on a board one by one, since together they fill the heap."""
    if hasattr(os, "ilistdir"):
        for entry in os.ilistdir(path):
            yield entry[0]
    else:
        yield from os.listdir(path)
