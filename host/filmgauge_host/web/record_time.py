"""When a record was made, in Unix ms: by its arrival, by its boot's clock, or truly in a run.

A live record is as old as its way is long. One that has waited is dated by the node's own clock
from what came live of the same boot; where nothing did, by its arrival.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from filmgauge_host.telemetry.received_record import ReceivedRecord

_REMEMBERED = 10_000  # boots


class Truth(Protocol):
    """What a simulation knows and no real node does; used from the threads of the page."""

    @property
    def now_ms(self) -> int:
        """How far it is, in Unix ms of the simulated world."""
        ...

    def time_ms(self, received: ReceivedRecord) -> int | None:
        """Return when a record was made in the simulated world, None when it is not known."""
        ...

    def course(self, node: str) -> Mapping[str, Sequence[float]]:
        """Return `time_ms`, `soc_pct`, `voltage_v`, `current_ua` and `temperature_c` of each wake
        of a node, nothing of one that it does not have."""
        ...


class RecordTime:
    """Dates records; may be asked from any thread."""

    def __init__(self, truth: Truth | None = None) -> None:
        self._truth = truth
        self._begun_ms: dict[tuple[str, int, int], int] = {}  # node, life, boot: up_s 0

    def add(self, records: Iterable[ReceivedRecord]) -> None:
        """Learn the clocks of the boots from what came live."""
        for received in records:
            if received.history:
                continue
            if len(self._begun_ms) >= _REMEMBERED:
                self._begun_ms.clear()
            up_ms = 1000 * (received.value("up_s") or 0)
            self._begun_ms[_boot(received)] = received.received_unix_ms - up_ms

    def ms(self, received: ReceivedRecord) -> int:
        """Return when a record was made, Unix ms."""
        if self._truth is not None:
            true_ms = self._truth.time_ms(received)
            if true_ms is not None:
                return true_ms
        if received.history:
            begun_ms = self._begun_ms.get(_boot(received))
            if begun_ms is not None:
                return begun_ms + 1000 * (received.value("up_s") or 0)
        return received.received_unix_ms


def _boot(received: ReceivedRecord) -> tuple[str, int, int]:
    life, boot, _ = received.key
    return received.node, life, boot
