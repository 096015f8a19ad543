"""What differs between MicroPython and CPython, in one place.

from filmgauge.compat import const, names_in, tidy
"""

import gc
import os

try:
    from micropython import const

    def tidy():
        """Free the heap, after arithmetic that leaves more floats than a wake should."""
        gc.collect()

except ImportError:

    def const(__value):
        """Return the value: only the board's compiler folds constants."""
        return __value

    def tidy():
        """Do nothing: on CPython what is not used is gone already."""


def names_in(path):
    """Yield the names in a directory; on a board one by one, since together they fill the heap."""
    if hasattr(os, "ilistdir"):
        for entry in os.ilistdir(path):
            yield entry[0]
    else:
        yield from os.listdir(path)
