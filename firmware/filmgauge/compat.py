"""What differs between MicroPython and CPython, in one place.

from filmgauge.compat import Namespace, const, free_bytes, names_in, table, tidy, unload
from filmgauge.compat import reserve_modules
"""

import gc
import os
import sys

try:
    from micropython import const

    def tidy():
        """Free the heap, after arithmetic that leaves more floats than a wake should."""
        gc.collect()

    def reserve_modules(count):
        """Let the table of loaded modules have room for so many at once: it would grow where the
        heap is split, and find no place of its size."""
        for number in range(len(sys.modules), count):
            sys.modules[str(number)] = sys
        for number in range(count):
            sys.modules.pop(str(number), None)

    def _unloaded(beginnings):
        for name in sys.modules:
            # One for which the heap was too small has a name and no module: to import it again
            # would end the interpreter.
            if name.startswith(beginnings) or sys.modules.get(name) is None:
                parent, _, leaf = name.rpartition(".")
                home = sys.modules.get(parent)
                if hasattr(home, leaf):  # one whose import has failed is not there
                    delattr(home, leaf)
                sys.modules.pop(name, None)
                return True
        return False

    def unload(names):
        """Let go of the modules whose names begin with a word of `names`, which are those within
        the package where it begins with a dot: none is used any more; and of what imports have
        left for which there was no room."""
        # One text, since names of modules in a tuple take three times as much of the heap.
        home = __name__.rpartition(".")[0]
        beginnings = tuple([home + each if each[0] == "." else each for each in names.split()])
        while _unloaded(beginnings):  # one by one: a list of them may find no room
            pass
        gc.collect()

except ImportError:

    def const(__value):
        """Return the value: only the board's compiler folds constants."""
        return __value

    def tidy():
        """Do nothing: on CPython what is not used is gone already."""

    def reserve_modules(count):
        """Do nothing: a table finds its room."""

    def unload(names):
        """Do nothing: there is room."""


def free_bytes():
    """Return how much of the heap is free; on CPython more than anybody needs."""
    gc.collect()
    return gc.mem_free() if hasattr(gc, "mem_free") else 1 << 30  # pyright: ignore


def table(make):
    """Return a function that gives the values that `make` yields: made once, and on a board each
    time in turn, since all together would fill its heap."""
    if sys.implementation.name == "micropython":
        return make
    values = tuple(make())
    return lambda: values


class Namespace:
    """Names with values, as types.SimpleNamespace, which MicroPython lacks."""

    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)


def exists(path):
    """Return whether there is a file."""
    try:
        with open(path, "rb"):
            return True
    except OSError:
        return False


def has_files(path):
    """Return whether there is anything in a directory."""
    try:
        for _ in names_in(path):
            return True
    except OSError:
        pass
    return False


def names_in(path):
    """Yield the names in a directory; on a board one by one, since together they fill the heap."""
    if hasattr(os, "ilistdir"):
        for entry in os.ilistdir(path):
            yield entry[0]
    else:
        yield from os.listdir(path)
