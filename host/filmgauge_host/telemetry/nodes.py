"""What is known of every node: its latest record, its status, and what arrived or did not.

A snapshot is immutable and is replaced when something changes, so that a view can tell by
identity which rows to draw again. It is made for who asks, not for every message.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from filmgauge.uplink.mqtt import topics
from filmgauge_host.telemetry.ingest_store import IngestStore, Outcome
from filmgauge_host.telemetry.lost_numbers import LostNumbers
from filmgauge_host.telemetry.messages import (
    ConnectionPhase,
    Info,
    LastRecord,
    Message,
    Rejected,
    Scalar,
    Status,
    Withdrawn,
)
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store_reader import StoreReader

NodeState: TypeAlias = Literal["online", "sleeping", "late", "offline", "unknown"]

# A node that does not announce its next report is judged as if it reported every five minutes.
DEFAULT_NEXT_REPORT_S = 300.0
_LATE_FACTOR = 1.5
_LATE_MARGIN_S = 10.0
_STRANGERS_MAX = 100


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
    received; it may be one that the broker had retained and the store has not, which is history.
    lives: how often it began without memory, 1 for once. refusal: the last of its messages that
    could not be used, and why.
    reports: a record or a status of it came over the present connection, no record that had waited
    at the broker, and what the broker retained of it was not cleared afterwards.
    last_seen_s: when its last live report came, or its status if there was none yet, on the
    monotonic clock: what sets the wall clock makes nobody late. A status that the broker had
    retained says nothing of when.
    """

    name: str
    latest: ReceivedRecord | None = None
    last_seen_s: float | None = None
    status: Status | None = None
    info: dict[str, Scalar] = field(default_factory=dict)
    statistics: IngestStatistics = field(default_factory=IngestStatistics)
    lives: int = 1
    refusal: Rejected | None = None
    reports: bool = False

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


def stored_snapshot(name: str, store: IngestStore | StoreReader) -> NodeSnapshot:
    """Return a node of which nothing has come yet as a store has it; raise StorageError."""
    return _Node(name, store, is_shared=False).snapshot()


def late_after_s(next_report_s: float | None) -> float:
    """Return the seconds of silence after which a node is late that announced its next report
    in so many; None: it announces none."""
    announced_s = DEFAULT_NEXT_REPORT_S if next_report_s is None else next_report_s
    return announced_s * _LATE_FACTOR + _LATE_MARGIN_S


class NodeTracker:
    """All nodes of one ingest. Safe to call from several threads: snapshots show whole batches.

    connection: the number of that over which the last messages came.
    """

    def __init__(self, store: IngestStore):
        self.connection = 0
        self._may_have_waited = False
        self._store = store
        self._mutex = threading.Lock()
        self._nodes: dict[str, _Node] = {}
        self._changed: set[str] = set()
        self._published: dict[str, NodeSnapshot] = {}
        self._strangers = 0  # nodes of which nothing but refused messages came

    def load(self, message: Message) -> None:
        """Load what the store has of a message's node, before its first message is applied.

        Must come before the node's records are added; raises StorageError.
        """
        name = message.node
        if name is None or name in self._nodes or isinstance(message, Withdrawn):
            return
        if isinstance(message, Rejected):
            if self._strangers >= _STRANGERS_MAX:
                return
            self._strangers += 1
        self._nodes[name] = _Node(name, self._store, self._store.is_shared)

    def apply_all(self, batch: Iterable[tuple[Message, Outcome | None, float]]) -> None:
        """Apply messages, each with what the store made of it when it is a record, and with when
        it came on the monotonic clock."""
        with self._mutex:
            for message, outcome, received_s in batch:
                if isinstance(message, ConnectionPhase):
                    self._begin_phase(message)
                    continue
                node = self._nodes.get(message.node) if message.node is not None else None
                if node is not None:
                    node.apply(message, outcome, received_s, self._may_have_waited)
                    self._changed.add(node.name)

    def check_losses(self, by_s: float, budget_s: float) -> None:
        """Ask the store again where numbers are missing that another process may have stored, of
        the nodes for which that is due by `by_s`; those that are left after `budget_s` wait.
        Raises StorageError."""
        until_s = time.monotonic() + budget_s
        due_s = {name: node.lost.due_s for name, node in self._nodes.items()}
        due = [(at_s, name) for name, at_s in due_s.items() if at_s is not None and at_s <= by_s]
        for _, name in sorted(due):
            node = self._nodes[name]
            stored = node.lost.ask(name, self._store)
            with self._mutex:
                node.lost.renew(stored)
                self._changed.add(name)
            if time.monotonic() > until_s:
                return

    def _begin_phase(self, phase: ConnectionPhase) -> None:
        """With another connection the broker gives anew what it retains: of a node that was
        removed meanwhile, nothing."""
        self._may_have_waited = phase.may_have_waited
        if phase.connection == self.connection:
            return
        for node in self._nodes.values():
            node.reports = False
        self._changed.update(self._nodes)
        self.connection = phase.connection

    def snapshots(self) -> dict[str, NodeSnapshot]:
        """Return the nodes by name; the dictionary is never changed afterwards."""
        with self._mutex:
            if self._changed:
                changed = {name: self._nodes[name].snapshot() for name in self._changed}
                self._published = {**self._published, **changed}
                self._changed.clear()
            return self._published


class _Node:
    """One node as it is now."""

    def __init__(self, name: str, store: IngestStore | StoreReader, is_shared: bool) -> None:
        stored = store.lives(name)
        self.name = name
        self.lost = LostNumbers({life: store.boots(name, life) for life in stored}, is_shared)
        self._live = {life for life, live in stored.items() if live}
        self._latest = latest = store.latest(name)
        self._last_seen_s = _monotonic_s(latest.received_unix_ms) if latest else None
        self._status: Status | None = None
        self._info: dict[str, Scalar] = {}
        self._refusal: Rejected | None = None
        self.reports = False
        self._received = self._duplicated = self._conflicting = self._malformed = 0

    def snapshot(self) -> NodeSnapshot:
        statistics = IngestStatistics(
            self._received,
            self._duplicated,
            self._conflicting,
            self._malformed,
            self.lost.lost,
            self.lost.lost_earlier,
        )
        return NodeSnapshot(
            self.name,
            self._latest,
            self._last_seen_s,
            self._status,
            self._info,
            statistics,
            lives=max(1, self.lost.lives),
            refusal=self._refusal,
            reports=self.reports,
        )

    def apply(
        self,
        message: Message,
        outcome: Outcome | None,
        received_s: float,
        may_have_waited: bool,
    ) -> None:
        if isinstance(message, ReceivedRecord):
            is_first = outcome is not None and outcome.is_first
            self.reports |= is_first and not may_have_waited
            self._add_record(message, outcome, received_s)
        elif isinstance(message, LastRecord):
            self.reports = True
            self._show_last(message.received)
        elif isinstance(message, Status):
            self._status = message
            self.reports = True
            if self._last_seen_s is None and not message.is_retained:
                self._last_seen_s = received_s
        elif isinstance(message, Info):
            self._info = message.values
        elif isinstance(message, Rejected):
            self._malformed += 1
            self._refusal = message
        elif isinstance(message, Withdrawn):
            self._withdraw(message.leaf)

    def _withdraw(self, leaf: str) -> None:
        self.reports = False
        if leaf == topics.STATUS:
            self._status = None
        elif leaf == topics.INFO:
            self._info = {}

    def _add_record(
        self, received: ReceivedRecord, outcome: Outcome | None, received_s: float
    ) -> None:
        if outcome is None or not outcome.is_first:
            self._duplicated += outcome is Outcome.DUPLICATE
            self._conflicting += outcome is Outcome.CONFLICT
            return
        life, *_ = key = received.key
        self.lost.add(key, is_new=outcome is Outcome.NEW)
        self._received += 1
        history, latest = received.history, self._latest
        if latest is None or latest.key[0] == life:
            is_later = latest is None or key >= latest.key  # the same: it was shown as the last
        else:
            is_later = not history and life not in self._live
        if is_later:
            self._latest = received
        if not history:
            self._live.add(life)
            self._last_seen_s = received_s

    def _show_last(self, received: ReceivedRecord) -> None:
        """Show what the broker has retained, unless the store has it or something newer."""
        latest, life = self._latest, received.key[0]
        if latest is None or latest.key[0] == life:
            is_later = latest is None or received.key > latest.key
        else:
            is_later = life not in self.lost
        if is_later:
            self._latest = received
        elif latest is not None and latest.history and received.key == latest.key:
            # Of an old one the store may have no more than its hour.
            self._latest = ReceivedRecord.from_row((*received.row[:-2], *latest.row[-2:]))


def _monotonic_s(unix_ms: int) -> float:
    """Return a time of the wall clock that is past as one of the monotonic clock."""
    return time.monotonic() - max(0.0, time.time() - unix_ms / 1000)
