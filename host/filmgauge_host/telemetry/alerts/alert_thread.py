"""Judges the alerts of an ingest every second, in a thread of its own.

with AlertThread(engine, ingest, destinations):
    ...
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, Self

from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.alerts.state_kinds import MonitorSituation
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.sqlite_file import StorageError

_PERIOD_S = 1.0


class Deliverer(Protocol):
    """A destination that delivers in a thread of its own."""

    name: str

    @property
    def problem(self) -> str:
        """Why something has not arrived, in a sentence; empty when nothing is wrong."""
        ...

    def close(self, deadline_s: float) -> None:
        """Deliver what waits within a time, then end."""
        ...


class AlertThread:
    """Use as a context, inside that of the ingest's store, before the ingest starts. What ends it
    is the engine's `failure`."""

    def __init__(
        self, engine: AlertEngine, ingest: Ingest, destinations: Sequence[Deliverer] = ()
    ) -> None:
        self._engine = engine
        self._ingest = ingest
        self._destinations = destinations
        self._sessions_lost = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        ingest.listen(engine.add)
        ingest.listen_withdrawals(engine.withdraw)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()
        for destination in self._destinations:
            destination.close(deadline_s=5.0)
        with suppress(StorageError):
            self._engine.save()

    def _run(self) -> None:
        try:
            while not self._stop.wait(_PERIOD_S):
                self._tick()
            self._tick()
        except Exception as error:  # a fault of ours: whoever watches the engine ends
            self._engine.failure = error

    def _tick(self) -> None:
        ingest, lost = self._ingest, self._ingest.forgotten
        unstored = ingest.unstored
        monitor = MonitorSituation(
            connected=ingest.connected and not unstored,
            broker="" if unstored else ingest.problem,
            store=unstored,
            sessions_lost=lost - self._sessions_lost,
            destinations={each.name: each.problem for each in self._destinations},
        )
        self._sessions_lost = lost
        self._engine.tick(time.monotonic(), ingest.nodes(), monitor, ingest.revoked())
