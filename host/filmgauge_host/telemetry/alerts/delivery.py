"""A destination's queue and thread: a slow or dead destination delays nobody but itself.

What has not arrived is tried again, later and later, for a day; the log keeps it over a restart.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from filmgauge_host.telemetry.alerts.alert import SEVERITIES, Alert, Notification, Severity
from filmgauge_host.telemetry.alerts.alert_log import AlertLog, Delivery
from filmgauge_host.telemetry.messages import printable
from filmgauge_host.telemetry.sqlite_file import StorageError

_WAITING = 10_000
_GIVE_UP_S = 86400.0
_BACKOFF_S = (1.0, 300.0)  # first, longest


class DeliveryError(Exception):
    """A notification has not arrived; the text is the reason, in a few words.

    is_final: trying again does not help.
    """

    def __init__(self, reason: str, is_final: bool = False) -> None:
        super().__init__(printable(reason))
        self.is_final = is_final


class Transport(Protocol):
    """One way to a destination. at_once: how many notifications one message may hold;
    collect_s: how long to wait for more after the first."""

    at_once: int
    collect_s: float

    def send(self, notifications: Sequence[Notification]) -> None:
        """Return once all have arrived, within a deadline of its own, whatever the other side
        does; raise DeliveryError."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    notification: Notification
    delivery: Delivery | None
    since_s: float


class DeliveryQueue:
    """A destination: what is queued is sent in turn by a thread of its own.

    lowest: the severity from which on alerts are sent. log: where what has arrived is crossed out.
    backoff_s: how long to wait after the first failure, and at the longest.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        lowest: Severity = "info",
        log: AlertLog | None = None,
        backoff_s: tuple[float, float] = _BACKOFF_S,
    ) -> None:
        self.name = name
        self._transport = transport
        self._lowest = SEVERITIES.index(lowest)
        self._log = log
        self._backoff_s = backoff_s
        self._waiting: deque[_Waiting] = deque()
        self._problem = ""
        self._news = threading.Condition()
        self._ending = False
        self._thread: threading.Thread | None = None

    @property
    def problem(self) -> str:
        """Why something has not arrived, in a sentence; empty after the next that arrives."""
        return self._problem

    @property
    def waiting(self) -> int:
        """Return how many notifications wait."""
        return len(self._waiting)

    def accepts(self, alert: Alert) -> bool:
        """Return whether an alert is severe enough."""
        return SEVERITIES.index(alert.severity) >= self._lowest

    def queue(self, notification: Notification, delivery: Delivery | None = None) -> None:
        """Send it when its turn comes; of more than 10,000 the oldest is given up. Returns at
        once.

        delivery: the line of the log that is crossed out then.
        """
        dropped: _Waiting | None = None
        with self._news:
            self._waiting.append(_Waiting(notification, delivery, time.monotonic()))
            if len(self._waiting) > _WAITING:
                dropped = self._waiting.popleft()
                self._problem = f"more than {_WAITING} alerts wait: the oldest are given up"
            if self._thread is None and not self._ending:
                self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
                self._thread.start()
            self._news.notify_all()
        if dropped is not None:
            self._cross_out(dropped)

    def send_now(self, notification: Notification) -> str:
        """Send past the queue, once; return what went wrong, in a sentence, else nothing."""
        try:
            self._transport.send([notification])
        except Exception as error:
            return self._sentence(error)
        return ""

    def close(self, deadline_s: float) -> None:
        """Send what waits within a time, then end; what is left stays in the log."""
        with self._news:
            self._ending = True
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join(deadline_s)

    def _run(self) -> None:
        failures = 0
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._ending)
                if not self._waiting:
                    return
                self._news.wait_for(lambda: self._ending, self._transport.collect_s)
                first = list(islice(self._waiting, self._transport.at_once))
            if self._attempt(first):
                failures = 0
                continue
            failures += 1
            shortest, longest = self._backoff_s
            delay_s = min(longest, shortest * 2 ** min(failures - 1, 20))
            with self._news:
                if self._news.wait_for(lambda: self._ending, delay_s):
                    return

    def _attempt(self, first: Sequence[_Waiting]) -> bool:
        """Send the first ones; return whether they are done with: arrived, or given up."""
        try:
            self._transport.send([each.notification for each in first])
        except Exception as error:  # of any library beneath: a destination must not end its thread
            self._problem = self._sentence(error)
            is_final = isinstance(error, DeliveryError) and error.is_final
            if not is_final and time.monotonic() - first[0].since_s < _GIVE_UP_S:
                return False
        else:
            self._problem = ""
        with self._news:
            while self._waiting and self._waiting[0] in first:  # some may be dropped by now
                self._waiting.popleft()
        for each in first:
            self._cross_out(each)
        return True

    def _sentence(self, error: Exception) -> str:
        # What a library says may have a password in it; its kind has none.
        known = isinstance(error, DeliveryError)
        reason = str(error) if known else f"it fails with {type(error).__name__}"
        return f"destination {self.name}: {printable(reason)}"

    def _cross_out(self, done: _Waiting) -> None:
        if self._log is not None and done.delivery is not None:
            with suppress(StorageError):  # then it is sent again after a restart
                self._log.delivered(done.delivery)
