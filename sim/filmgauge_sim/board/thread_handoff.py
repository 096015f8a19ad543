"""Work in a thread of its own that takes turns with its caller: only one of them ever runs."""

import threading
from collections.abc import Callable

from filmgauge_sim.board.outcome import BoardStopped, Outcome

_POWER_LOST = Outcome(cause=None, reason="the board has lost its power")


class ThreadHandoff:
    """Runs `work`, which may `interrupt` itself; `go_on` returns what it came to so far."""

    def __init__(self, work: Callable[[], Outcome]) -> None:
        self._work = work
        self._outcome = _POWER_LOST
        self._error: BaseException | None = None
        self._stopped = False
        self._may_work, self._may_wait = threading.Lock(), threading.Lock()
        self._may_work.acquire()
        self._may_wait.acquire()
        self._thread = threading.Thread(target=self._run, daemon=True)
        try:
            self._thread.start()
        except BaseException:  # Ctrl-C while it starts
            self._stopped = True
            self._may_work.release()
            raise

    def go_on(self) -> Outcome:
        """Let the work go on until it ends or interrupts itself; raise what it raises."""
        self._may_work.release()
        self._may_wait.acquire()
        if self._error is not None:
            raise self._error
        return self._outcome

    def interrupt(self, outcome: Outcome) -> None:
        """Called by the work: hand `outcome` out and wait for the next turn.

        Raises BoardStopped when there is none.
        """
        self._outcome = outcome
        if not self._stopped:
            self._may_wait.release()
            self._may_work.acquire()
        if self._stopped:
            raise BoardStopped(_POWER_LOST)

    def stop(self) -> None:
        """End work that has interrupted itself, or does so next where Ctrl-C came in its turn."""
        self._stopped = True
        if self._may_work.locked():
            self._may_work.release()
        self._thread.join()

    def _run(self) -> None:
        self._may_work.acquire()
        try:
            if not self._stopped:
                self._outcome = self._work()
        except BaseException as error:
            self._error = error
        if self._may_wait.locked():
            self._may_wait.release()
