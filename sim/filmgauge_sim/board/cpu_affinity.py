"""Keeps this thread and the interpreters that it starts on one processor.

Host and interpreter take turns and never work at the same time: on one processor a request costs
half of what it costs when each answer has to wake another one.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_processor() -> Iterator[None]:
    """Stay on the present processor; processes started meanwhile stay there too.

    Does nothing where the system cannot do it.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    here = ctypes.CDLL(None).sched_getcpu()
    os.sched_setaffinity(0, {here} if here in before else before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
