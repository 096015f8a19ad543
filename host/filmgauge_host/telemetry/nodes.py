"""What is known of every node: its latest record, its status, and what arrived or did not.

A snapshot is immutable and is replaced when something changes, so that a view can tell by
identity which rows to draw again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from filmgauge.uplink.mqtt import topics
from filmgauge_host.telemetry.messages import Info, Message, Rejected, Scalar, Status, Withdrawn
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import Outcome, RecordStore

NodeState: TypeAlias = Literal["online", "sleeping", "late", "offline", "unknown"]

# A node that does not announce its next report is judged as if it reported every five minutes.
DEFAULT_NEXT_REPORT_S = 300.0
_LATE_FACTOR = 1.5
_LATE_MARGIN_S = 10.0


@dataclass(frozen=True, slots=True)
class IngestStatistics:
    """Counts of one node's records since this ingest began, except `lost` and `lost_earlier`.

    lost: numbers missing now among all that is stored. lost_earlier: those of them that were
    missing already when this ingest first heard of the node.
    """

    received: int = 0
    duplicated: int = 0
    conflicting: int = 0
    malformed: int = 0
    lost: int = 0
    lost_earlier: int = 0


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """One node at one moment.

    latest: the record with the highest (boot, seq), never simply the last received.
    last_seen_unix_ms: when its last live report came, or its status if there was none yet.
    """

    name: str
    latest: ReceivedRecord | None = None
    last_seen_unix_ms: int | None = None
    status: Status | None = None
    info: dict[str, Scalar] = field(default_factory=dict)
    statistics: IngestStatistics = field(default_factory=IngestStatistics)

    def state(self, now_unix_ms: int) -> NodeState:
        """Return the state to show; `late` when the announced next report is overdue."""
        if self.status is not None and self.status.state == "offline":
            return "offline"
        if self.last_seen_unix_ms is None:
            return "unknown"
        announced = self.status.next_report_s if self.status is not None else None
        next_report_s = DEFAULT_NEXT_REPORT_S if announced is None else announced
        patience_ms = (next_report_s * _LATE_FACTOR + _LATE_MARGIN_S) * 1000
        if now_unix_ms > self.last_seen_unix_ms + patience_ms:
            return "late"
        return self.status.state if self.status is not None else "online"


class SequenceTracker:
    """How many records of one node are missing.

    Within a boot `seq` grows by one from record to record, so every number between the lowest
    and the highest received must arrive, late ones from the backlog included. After a new boot
    `seq` may start anywhere. Only ends and counts are kept: the store knows the numbers.

    stored: (boot, first, last, count) of what was received before; what is missing there is
    `missing_earlier` and not blamed on this run.
    """

    def __init__(self, stored: Iterable[tuple[int, int, int, int]] = ()) -> None:
        self._boots = {boot: (first, last, count) for boot, first, last, count in stored}
        self._earlier = {boot: (first, last) for boot, (first, last, _) in self._boots.items()}
        self.missing = sum(map(_missing, self._boots.values()))
        self.missing_earlier = self.missing

    def add(self, boot: int, seq: int) -> None:
        """Count a record whose number was not received before."""
        before = self._boots.get(boot, (seq, seq - 1, 0))
        first, last, count = before
        now = self._boots[boot] = (min(first, seq), max(last, seq), count + 1)
        self.missing += _missing(now) - _missing(before)
        first, last = self._earlier.get(boot, (0, -1))
        self.missing_earlier -= first <= seq <= last


def _missing(numbers: tuple[int, int, int]) -> int:
    first, last, count = numbers
    return last - first + 1 - count


class NodeTracker:
    """All nodes of one ingest; used by its thread only, apart from `snapshots`."""

    def __init__(self, store: RecordStore):
        self._store = store
        self._nodes: dict[str, _Node] = {}
        self._changed: set[str] = set()
        self._snapshots: dict[str, NodeSnapshot] = {}

    def load(self, name: str) -> None:
        """Load what the store has of a node, before its first message.

        Must come before the node's records are added; raises StorageError.
        """
        if name not in self._nodes:
            sequence = SequenceTracker(self._store.boots(name))
            self._nodes[name] = _Node(sequence, self._store.newest(name, 1))

    def apply(self, message: Message, outcome: Outcome | None) -> None:
        """Apply one message; outcome: what the store made of it when it is a record."""
        if message.node is None:
            return
        node = self._nodes[message.node]
        self._changed.add(message.node)
        if isinstance(message, ReceivedRecord):
            node.add_record(message, outcome)
        elif isinstance(message, Status):
            node.status = message
        elif isinstance(message, Info):
            node.info = message.values
        elif isinstance(message, Withdrawn):
            node.withdraw(message.leaf)
        elif isinstance(message, Rejected):
            node.malformed += 1

    def publish(self) -> None:
        """Replace the snapshots of the nodes that changed."""
        if not self._changed:
            return
        fresh = {name: self._nodes[name].snapshot(name) for name in self._changed}
        self._changed.clear()
        self._snapshots = {**self._snapshots, **fresh}

    def snapshots(self) -> dict[str, NodeSnapshot]:
        """Return the nodes by name; the dictionary is never changed afterwards."""
        return self._snapshots


class _Node:
    """The changing side of a NodeSnapshot."""

    def __init__(self, sequence: SequenceTracker, stored: list[ReceivedRecord]):
        self.sequence = sequence
        self.latest = stored[-1] if stored else None
        self.reported_unix_ms = self.latest.received_unix_ms if self.latest else None
        self.first_status_unix_ms: int | None = None
        self.status: Status | None = None
        self.info: dict[str, Scalar] = {}
        self.received = self.duplicated = self.conflicting = self.malformed = 0

    def add_record(self, received: ReceivedRecord, outcome: Outcome | None) -> None:
        if outcome is not Outcome.NEW:
            self.conflicting += outcome is Outcome.CONFLICT
            self.duplicated += outcome is Outcome.DUPLICATE
            return
        self.received += 1
        self.sequence.add(*received.key)
        if self.latest is None or received.key > self.latest.key:
            self.latest = received
        if not received.history:
            self.reported_unix_ms = received.received_unix_ms

    def withdraw(self, leaf: str) -> None:
        if leaf == topics.STATUS:
            self.status = None
        else:
            self.info = {}

    def snapshot(self, name: str) -> NodeSnapshot:
        if self.status is not None and self.first_status_unix_ms is None:
            self.first_status_unix_ms = self.status.received_unix_ms
        reported = self.reported_unix_ms
        return NodeSnapshot(
            name=name,
            latest=self.latest,
            last_seen_unix_ms=self.first_status_unix_ms if reported is None else reported,
            status=self.status,
            info=self.info,
            statistics=IngestStatistics(
                received=self.received,
                duplicated=self.duplicated,
                conflicting=self.conflicting,
                malformed=self.malformed,
                lost=self.sequence.missing,
                lost_earlier=self.sequence.missing_earlier,
            ),
        )
