"""What is known of every node: its latest record, its status, and what arrived or did not.

A snapshot is immutable and is replaced when something changes, so that a view can tell by
identity which rows to draw again.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from filmgauge.uplink.mqtt import topics
from filmgauge_host.telemetry.messages import Info, Message, Rejected, Scalar, Status
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

    latest: of the newest life the record with the highest (boot, seq), never simply the last
    received. lives: how often it began without memory, 1 for once.
    last_seen_s: when its last live report came, or its status if there was none yet, on the
    monotonic clock: what sets the wall clock makes nobody late.
    """

    name: str
    latest: ReceivedRecord | None = None
    last_seen_s: float | None = None
    status: Status | None = None
    info: dict[str, Scalar] = field(default_factory=dict)
    statistics: IngestStatistics = field(default_factory=IngestStatistics)
    lives: int = 1

    def state(self, now_s: float) -> NodeState:
        """Return the state to show; `late` when the announced next report is overdue at
        `now_s` of the monotonic clock."""
        if self.status is not None and self.status.state == "offline":
            return "offline"
        if self.last_seen_s is None:
            return "unknown"
        announced = self.status.next_report_s if self.status is not None else None
        if now_s > self.last_seen_s + late_after_s(announced):
            return "late"
        return self.status.state if self.status is not None else "online"


def late_after_s(next_report_s: float | None) -> float:
    """Return the seconds of silence after which a node is late that announced its next report
    in so many; None: it announces none."""
    announced_s = DEFAULT_NEXT_REPORT_S if next_report_s is None else next_report_s
    return announced_s * _LATE_FACTOR + _LATE_MARGIN_S


class SequenceTracker:
    """How many records of one life of a node are missing.

    Within a boot `seq` grows by one from record to record, so every number between the lowest
    and the highest received must arrive, late ones from the backlog included. A boot begins at 0;
    only of the lowest that was received the beginning may have come before anybody listened.
    Only ends and counts are kept: the store knows the numbers.

    stored: (boot, first, last, count) of what was received before; what is missing there is
    `missing_earlier` and not blamed on this run.
    """

    def __init__(self, stored: Iterable[tuple[int, int, int, int]] = ()) -> None:
        self._boots = {boot: (first, last, count) for boot, first, last, count in stored}
        self._lowest = min(self._boots, default=None)
        self._earlier = {
            boot: (self._begin(boot), last) for boot, (_, last, _) in self._boots.items()
        }
        self.missing = sum(map(self._missing, self._boots))
        self.missing_earlier = self.missing

    def add(self, boot: int, seq: int) -> None:
        """Count a record whose number was not received before."""
        self.missing -= self._missing(boot)
        if self._lowest is None or boot < self._lowest:
            before, self._lowest = self._lowest, boot
            if before is not None:
                self.missing += self._boots[before][0]
        first, last, count = self._boots.get(boot, (seq, seq, 0))
        self._boots[boot] = (min(first, seq), max(last, seq), count + 1)
        self.missing += self._missing(boot)
        first, last = self._earlier.get(boot, (0, -1))
        self.missing_earlier -= first <= seq <= last

    def _begin(self, boot: int) -> int:
        return self._boots[boot][0] if boot == self._lowest else 0

    def _missing(self, boot: int) -> int:
        if boot not in self._boots:
            return 0
        _, last, count = self._boots[boot]
        return last - self._begin(boot) + 1 - count


class NodeTracker:
    """All nodes of one ingest; used by its thread only, apart from `snapshots`."""

    def __init__(self, store: RecordStore):
        self._store = store
        self._lives: dict[str, dict[int, SequenceTracker]] = {}
        self._live: dict[str, set[int]] = {}  # lives that sent more than their past
        self._nodes: dict[str, NodeSnapshot] = {}
        self._published: dict[str, NodeSnapshot] = {}

    def load(self, name: str) -> None:
        """Load what the store has of a node, before its first message.

        Must come before the node's records are added; raises StorageError.
        """
        if name in self._nodes:
            return
        stored = self._store.lives(name)
        lives = {life: SequenceTracker(self._store.boots(name, life)) for life in stored}
        latest = next(iter(self._store.newest(name, 1)), None)
        self._lives[name] = lives
        self._live[name] = {life for life, live in stored.items() if live}
        self._nodes[name] = NodeSnapshot(
            name,
            latest,
            _monotonic_s(latest.received_unix_ms) if latest else None,
            statistics=IngestStatistics(**_lost(lives)),
            lives=max(1, len(lives)),
        )

    def apply(self, message: Message, outcome: Outcome | None, received_s: float) -> None:
        """Apply one message that came at `received_s` of the monotonic clock; outcome: what the
        store made of it when it is a record."""
        if message.node is None:
            return
        node = self._nodes[message.node]
        if isinstance(message, ReceivedRecord):
            node = self._with_record(node, message, outcome, received_s)
        elif isinstance(message, Status):
            seen_s = received_s if node.last_seen_s is None else node.last_seen_s
            node = replace(node, status=message, last_seen_s=seen_s)
        elif isinstance(message, Info):
            node = replace(node, info=message.values)
        elif isinstance(message, Rejected):
            node = _counted(node, malformed=1)
        elif message.leaf == topics.STATUS:
            node = replace(node, status=None)
        else:
            node = replace(node, info={})
        self._nodes[message.node] = node

    def publish(self) -> None:
        """Let `snapshots` have what was applied."""
        self._published = dict(self._nodes)

    def snapshots(self) -> dict[str, NodeSnapshot]:
        """Return the nodes by name; the dictionary is never changed afterwards."""
        return self._published

    def _with_record(
        self,
        node: NodeSnapshot,
        received: ReceivedRecord,
        outcome: Outcome | None,
        received_s: float,
    ) -> NodeSnapshot:
        if outcome is not Outcome.NEW:
            duplicated, conflicting = outcome is Outcome.DUPLICATE, outcome is Outcome.CONFLICT
            return _counted(node, duplicated=duplicated, conflicting=conflicting)
        lives, (life, boot, seq) = self._lives[node.name], received.key
        lives.setdefault(life, SequenceTracker()).add(boot, seq)
        node = _counted(node, received=1)
        node = replace(node, statistics=replace(node.statistics, **_lost(lives)), lives=len(lives))
        live, latest = self._live[node.name], node.latest
        if latest is None or latest.key[0] == life:
            is_later = latest is None or received.key > latest.key
        else:
            is_later = not received.history and life not in live
        if is_later:
            node = replace(node, latest=received)
        if not received.history:
            live.add(life)
        if received.history:
            return node
        return replace(node, last_seen_s=received_s)


def _lost(lives: dict[int, SequenceTracker]) -> dict[str, int]:
    return {
        "lost": sum(each.missing for each in lives.values()),
        "lost_earlier": sum(each.missing_earlier for each in lives.values()),
    }


def _monotonic_s(unix_ms: int) -> float:
    """Return a time of the wall clock that is past as one of the monotonic clock."""
    return time.monotonic() - max(0.0, time.time() - unix_ms / 1000)


def _counted(node: NodeSnapshot, **more: int) -> NodeSnapshot:
    """Return the node with this added to its counts."""
    counts = node.statistics
    added = {name: getattr(counts, name) + number for name, number in more.items()}
    return replace(node, statistics=replace(counts, **added))
