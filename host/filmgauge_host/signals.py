"""SIGINT and SIGTERM as something to ask for, not to die from."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_UNASKED_S = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def catch_signals() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether a signal came; a second one ends the process at once.

    Where nobody asks within five seconds of the first, it raises KeyboardInterrupt.
    """
    caught = False

    def catch(number: int, frame: object) -> None:
        nonlocal caught
        if caught:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        caught = True
        signal.setitimer(signal.ITIMER_REAL, _UNASKED_S)

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def asked() -> bool:
        if caught:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return caught

    before = {number: signal.signal(number, catch) for number in SIGNALS}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, interrupt)
    try:
        yield asked
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
