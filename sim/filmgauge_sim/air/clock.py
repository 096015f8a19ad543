"""An asyncio loop in virtual time: it never waits, and time goes to where somebody moves it."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time` is virtual seconds. `run_to` moves it; everything due until then happens in order.

    is_paced: a simulation moves it; otherwise each board that a peer may speak to does.
    """

    def __init__(self) -> None:
        self.is_paced = False
        self._now_s = 0.0
        self._timer_cancelled_count = 0
        super().__init__()

    def time(self) -> float:
        """Return the virtual time in s."""
        return self._now_s

    @property
    def now_us(self) -> int:
        """The virtual time in us."""
        return round(self._now_s * 1e6)

    def next_us(self) -> int | None:
        """Return when something is due next, None when nothing is."""
        due_s = self._due_s()
        return None if due_s is None else round(due_s * 1e6)

    def at(self, at_us: int, act: Callable[[], None]) -> None:
        """Let something happen at a time, or now when that has passed."""
        self.call_at(max(at_us / 1e6, self._now_s), act)

    def run_to(self, now_us: int) -> None:
        """Let everything happen that is due until `now_us`, which is then the time."""
        time_s = now_us / 1e6
        due_s = self._due_s()
        if due_s is None or due_s > time_s:
            self._now_s = max(self._now_s, time_s)
            return
        if time_s > self._now_s:
            self.call_at(time_s, self.stop)
            self.run_forever()
            self._now_s = max(self._now_s, time_s)
        self.run_ready()

    def _due_s(self) -> float | None:
        if self._ready:  # type: ignore[attr-defined]
            return self._now_s
        timer = self._next_timer()
        return timer.when() if timer else None

    def poll(self) -> None:
        """Let everything happen that is due now, and what threads and sockets bring."""
        self.call_soon(self.stop)
        self.run_forever()
        self.run_ready()

    def run_ready(self) -> None:
        """Let everything happen that is due now."""
        while self._ready:  # type: ignore[attr-defined]
            self.call_soon(self.stop)
            self.run_forever()

    def complete(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Let virtual time pass until `work` is done; return what it returns."""
        return self.run_until_complete(work)

    def _run_once(self) -> None:
        """Skip the wait: when nothing is ready, it is the time of the next timer."""
        timer = self._next_timer()
        if not self._ready and timer:  # type: ignore[attr-defined]
            self._now_s = max(self._now_s, timer.when())
        super()._run_once()  # type: ignore[misc]

    def _next_timer(self) -> asyncio.TimerHandle | None:
        """Return the next timer; drop those before it that were cancelled.

        asyncio itself would drop them after the time was set, and wait in real time for the next.
        """
        scheduled = self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0].cancelled():
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            self._timer_cancelled_count = max(0, self._timer_cancelled_count - 1)
        return scheduled[0] if scheduled else None
