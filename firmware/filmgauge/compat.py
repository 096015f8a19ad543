"""What differs between MicroPython and CPython, in one place.

from filmgauge.compat import const, ilistdir
"""

import os

try:
    from micropython import const
except ImportError:

    def const(__value):
        """Return the value: only the board's compiler folds constants."""
        return __value


try:
    from os import ilistdir
except ImportError:

    def ilistdir(path):
        """Yield a tuple for each entry of a directory, its name first."""
        for name in os.listdir(path):
            yield (name,)
