"""SIGINT and SIGTERM as something to ask for, not to die from."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def catch_signals() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether a signal came; a second one ends the process at once."""
    caught = False

    def catch(number: int, frame: object) -> None:
        nonlocal caught
        if caught:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        caught = True

    before = {number: signal.signal(number, catch) for number in SIGNALS}
    try:
        yield lambda: caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
