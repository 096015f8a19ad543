"""Workers of a scheduler of dask.distributed: `filmgauge size --workers`.

with dask_workers("tcp://10.0.0.5:8786") as workers:
    size(..., executor=workers.executor)  # calls workers.check() each second
"""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from typing import Any

from filmgauge_host.errors import FilmgaugeError, InputError, needs
from filmgauge_sim.sizing.sizing import outcomes
from filmgauge_sim.sizing.source_digest import source_digest

_POLL_S = 0.2


class DaskWorkers:
    """Those of a scheduler that run the same source as this process.

    executor: where to compute. absent_s: how long there may be no worker at all.
    """

    def __init__(self, client: Any, address: str, absent_s: float) -> None:
        self.executor: Executor = client.get_executor()
        self._client = client
        self._option = f"--workers {address}"
        self._absent_s = absent_s
        self._present_s = time.monotonic()
        self._same: set[str] = set()

    def join(self, first_s: float) -> None:
        """Wait until there is a worker. Raises InputError, and what check() raises."""
        end_s = time.monotonic() + first_s
        while not self._same:
            if time.monotonic() > end_s:
                raise InputError(f"{self._option}: the scheduler has no worker")
            time.sleep(_POLL_S)
            self.check()

    def check(self) -> None:
        """Raise InputError for a worker of another source, FilmgaugeError where the scheduler does
        not answer or has had no worker for long."""
        try:
            present = set(self._client.nthreads())
            self._compare(present - self._same)
        except (OSError, CancelledError) as error:
            raise self.lost() from error
        if present & self._same:
            self._present_s = time.monotonic()
        elif time.monotonic() - self._present_s > self._absent_s:
            raise FilmgaugeError(
                f"{self._option}: the scheduler has had no worker for {self._absent_s:g} s"
            )

    def lost(self) -> FilmgaugeError:
        """Return the error of a scheduler that is gone."""
        return FilmgaugeError(f"{self._option}: the connection to the scheduler is lost")

    def _compare(self, new: set[str]) -> None:
        if not new:
            return
        wanted = source_digest(outcomes)
        answers = self._client.run(source_digest, outcomes, workers=sorted(new), on_error="return")
        for worker, answer in answers.items():
            if isinstance(answer, OSError):
                continue  # gone already; asked again if it is not
            if answer != wanted:
                why = f": {answer}" if isinstance(answer, Exception) else ""
                raise InputError(
                    f"{self._option}: the worker {worker} does not run the filmgauge of this"
                    f" machine{why}; install the same there"
                )
            self._same.add(worker)


@contextmanager
def dask_workers(
    address: str, *, connect_s: float = 10.0, first_s: float = 10.0, absent_s: float = 60.0
) -> Iterator[DaskWorkers]:
    """Connect to a scheduler, and wait first_s seconds for its first worker.

    connect_s: how long it may not answer. absent_s: how long it may be without workers later.
    Raises InputError for an address without a scheduler, without workers or with one of another
    source; FilmgaugeError, also for what happens within, where computing cannot go on.
    """
    with needs("workers"):
        from distributed import Client, KilledWorker
    if "://" not in address:
        raise InputError(f"--workers must be tcp://HOST:PORT, not {address!r}")
    try:
        client = Client(address, timeout=connect_s, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"--workers {address}: no scheduler answers: {error}") from None
    with _quiet(), client:
        workers = DaskWorkers(client, address, absent_s)
        try:
            workers.join(first_s)
            yield workers
        except CancelledError:
            raise workers.lost() from None
        except KilledWorker as error:
            raise FilmgaugeError(
                f"--workers {address}: workers died computing, the last of them"
                f" {error.last_worker.address}: is their memory large enough?"
            ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the stacks of calls from standard error that dask writes when a connection breaks."""
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)
