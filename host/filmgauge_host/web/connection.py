"""Connections to the page: a bounded number, and none that only takes up room.

Whoever reaches the port may connect, with a token or without, and the files that the process may
open are also those of its broker and its store.
"""

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_OPEN = 128
CHECK_S = 10.0


class PageConnection(H11Protocol):
    """One connection. It is closed where no whole request comes, or nothing of what it is sent is
    read, for 10 to 20 s; and where there are too many, the oldest that waits for a request is."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; close the oldest idle connection, which may be this one, where there are too
        many."""
        super().connection_made(transport)
        self._began_s = time.monotonic()
        self._aborted = False
        self._checked: tuple[Any, int] = self._progress()
        self._check = self.loop.call_later(CHECK_S, self._close_stuck)
        others = [each for each in self.connections if isinstance(each, PageConnection)]
        left = [each for each in others if not each._aborted]
        if len(left) > MOST_OPEN:
            idle = [each for each in left if not each._is_answering()]
            min(idle, key=lambda each: each._began_s)._abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._check.cancel()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _progress(self) -> tuple[Any, int]:
        """Return the last request, and how many bytes wait to be sent."""
        return self.cycle, self.transport.get_write_buffer_size()

    def _close_stuck(self) -> None:
        """Close the connection where nothing has changed since the last time, unless all that is
        missing is an answer of ours: a stream may have nothing to say."""
        before, self._checked = self._checked, self._progress()
        _, unsent = self._checked
        if before == self._checked and (unsent or not self._is_answering()):
            self._abort()
        else:
            self._check = self.loop.call_later(CHECK_S, self._close_stuck)

    def _abort(self) -> None:
        """Close without waiting for what is unsent, which nobody may ever read."""
        self._aborted = True
        self.transport.abort()
