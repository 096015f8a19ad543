"""When a record was made, in Unix ms: as the store has dated it, or truly in a run.

A live record is as old as its way is long: it needs no question to the store.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store_reader import StoreReader


class Truth(Protocol):
    """What a simulation knows and no real node does; used from the threads of the page."""

    @property
    def now_ms(self) -> int:
        """How far it is, in Unix ms of the simulated world."""
        ...

    def time_ms(self, received: ReceivedRecord) -> int | None:
        """Return when a record was made in the simulated world, None when it is not known."""
        ...

    def at(self, received: ReceivedRecord) -> Mapping[str, float] | None:
        """Return what `course` has of the wake that is nearest to a record, None for no wake."""
        ...

    def course(self, node: str) -> Mapping[str, Sequence[float]]:
        """Return `time_ms`, `soc_pct`, `voltage_v`, `current_ua` and `temperature_c` of each wake
        of a node, nothing of one that it does not have."""
        ...


class RecordTime:
    """Dates records one at a time; may be asked from any thread."""

    def __init__(self, store: StoreReader, truth: Truth | None = None) -> None:
        self._store = store
        self._truth = truth

    def ms(self, received: ReceivedRecord) -> int:
        """Return when a record was made, Unix ms. Raises StorageError."""
        if self._truth is not None:
            true_ms = self._truth.time_ms(received)
            if true_ms is not None:
                return true_ms
        if not received.history:
            return received.received_unix_ms
        measured_ms = self._store.measured_ms(received.node, received.key)
        return received.received_unix_ms if measured_ms is None else measured_ms
