"""What differs between MicroPython and CPython, in one place.

from filmgauge.compat import const
"""

try:
    from micropython import const
except ImportError:

    def const(__value):
        """Return the value: only the board's compiler folds constants."""
        return __value
