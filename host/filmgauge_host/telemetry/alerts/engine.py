"""Alerts over everything an ingest receives: raised once, cleared once, over restarts too.

    engine = AlertEngine(DEFAULT_RULES, log)
    ingest.listen(engine.add)
    ingest.listen_withdrawals(engine.withdraw)
    ...
    engine.tick(time.monotonic(), ingest.nodes(), situation, ingest.revoked())    # every second
    engine.active()

`AlertThread` does that. A record is judged where it is live and the newest of the newest life of
its node: history and what comes late say nothing about now. What is raised and cleared within one
tick, as when the broker sends what it kept, is in the log and wakes nobody. Of a node that is
revoked, or whose retained status is cleared while we are connected, nothing is expected.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import NamedTuple, Protocol, TypeAlias

from filmgauge.uplink.mqtt import topics
from filmgauge_host.telemetry.alerts.accepted_gaps import AcceptedGaps
from filmgauge_host.telemetry.alerts.alert import MONITOR, Alert, Notification, Transition
from filmgauge_host.telemetry.alerts.alert_log import AlertLog, Delivery
from filmgauge_host.telemetry.alerts.judgement import Changes, Judgement
from filmgauge_host.telemetry.alerts.node_memory import Change, NodeMemory
from filmgauge_host.telemetry.alerts.record_kinds import RECORD_KINDS, Evidence, RecordKind
from filmgauge_host.telemetry.alerts.rules import DEFAULT_RULES, Rule
from filmgauge_host.telemetry.alerts.state_kinds import (
    MONITOR_KINDS,
    NODE_KINDS,
    MonitorSituation,
    NodeKind,
    NodeSituation,
)
from filmgauge_host.telemetry.messages import Rejected, Withdrawn
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.sqlite_file import StorageError

Listener: TypeAlias = Callable[[Notification], None]

_WAITING = 200_000  # records between two ticks; of more the oldest are not judged
_MANY = 2000  # of more, only a few of each node are
_FEW = 4
_SAVE_S = 60.0  # at the latest, what is remembered of nodes is written


class _NodeRules(NamedTuple):
    """The rules that concern a node, about its records and about itself."""

    records: list[tuple[Rule, RecordKind]]
    nodes: list[tuple[Rule, NodeKind]]


class Destination(Protocol):
    """Where notifications go besides listeners; `queue` returns at once."""

    name: str

    def accepts(self, alert: Alert) -> bool:
        """Return whether an alert is severe enough."""
        ...

    def queue(self, notification: Notification, delivery: Delivery | None) -> None:
        """Deliver in time; cross out `delivery` in the log."""
        ...


class AlertEngine:
    """Judges rules; safe to use from several threads, one of which ticks.

    log: None keeps alerts in memory alone. Raises StorageError where the log cannot be read.
    """

    def __init__(
        self,
        rules: Sequence[Rule] = DEFAULT_RULES,
        log: AlertLog | None = None,
        destinations: Sequence[Destination] = (),
    ) -> None:
        self.failure: Exception | None = None  # what ended the thread that ticks
        self._log = log
        self._destinations = {each.name: each for each in destinations}
        active, last_id = (log.alerts(), log.last_id()) if log else ([], 0)
        self._judgement = Judgement(rules, active, last_id)
        self._accepted_gaps = AcceptedGaps(self._judgement)
        self._memories: dict[str, NodeMemory] = log.memories() if log else {}
        self._rules: dict[str, _NodeRules] = {}
        self._unwritten: dict[int, Alert] = {}
        self._changed: set[str] = set()  # nodes whose memory is to be written
        self._acknowledged: list[Alert] = []
        self._save_due_s = 0.0
        self._reachable_since_s: float | None = None
        self._missed = False
        self._arrived: deque[ReceivedRecord] = deque(maxlen=_WAITING)
        self._rejected: dict[str, tuple[int, str]] = {}
        self._withdrawn: deque[str] = deque(maxlen=_WAITING)
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()
        self._active: tuple[Alert, ...] = tuple(self._judgement.alerts())
        self._resume_deliveries()

    def listen(self, listener: Listener) -> None:
        """Call `listener` from the ticking thread when an alert is raised, cleared or
        acknowledged. It must be quick and must not raise."""
        self._listeners.append(listener)

    def active(self) -> list[Alert]:
        """Return the alerts that are not over, acknowledged ones too, the oldest first."""
        return list(self._active)

    def add(self, event: ReceivedRecord | Rejected) -> None:
        """Have an event of an ingest judged at the next tick; returns at once."""
        if isinstance(event, ReceivedRecord):
            if not event.history:
                self._arrived.append(event)
        elif event.node is not None:
            count, _ = self._rejected.get(event.node, (0, ""))
            self._rejected[event.node] = (count + 1, event.reason)

    def withdraw(self, event: Withdrawn) -> None:
        """Have the alerts of a node that was taken away end at the next tick; returns at once."""
        if event.leaf == topics.STATUS:
            self._withdrawn.append(event.node)

    def acknowledge(self, number: int) -> bool:
        """Acknowledge an alert that is not over; return whether there is such a one."""
        with self._lock:
            found = next((each for each in self._judgement.alerts() if each.id == number), None)
            if found is None or found.acknowledged_unix_ms is not None:
                return False
            self._set_acknowledged(found, _now_unix_ms())
            self._active = tuple(self._judgement.alerts())
            return True

    def tick(
        self,
        now_s: float,
        snapshots: Mapping[str, NodeSnapshot],
        monitor: MonitorSituation,
        revoked: frozenset[str],
    ) -> None:
        """Judge what has come, the nodes and the monitor itself.

        now_s: of the monotonic clock. revoked: nodes under whose names nothing is believed. Never
        raises for a store that fails: what is to be written waits for it.
        """
        with self._lock:
            unix_ms = _now_unix_ms()
            self._read_acknowledgements(snapshots)
            self._judge_records(snapshots, unix_ms)
            self._judge_monitor(now_s, monitor, unix_ms)
            self._end_nodes(revoked, unix_ms)
            self._changed |= self._accepted_gaps.end(self._memories, snapshots, unix_ms)
            believed = {**snapshots} | dict.fromkeys(revoked & snapshots.keys())
            self._judge_nodes(now_s, believed, unix_ms)
            changes = self._judgement.changes()
            self._finish(changes, now_s)

    def save(self) -> None:
        """Write what is not written yet; raise StorageError."""
        with self._lock:
            self._write([])

    def _judge_records(self, snapshots: Mapping[str, NodeSnapshot], unix_ms: int) -> None:
        for received in self._newly_arrived():
            snapshot = snapshots.get(received.node)
            latest = snapshot.latest if snapshot is not None else None
            if latest is not None and latest.key[0] != received.key[0]:
                continue  # of a life that is over
            change = self._remember(received, snapshot)
            if change is not None:
                info = snapshot.info if snapshot is not None else {}
                self._judge_record(Evidence(received, change, info), unix_ms)

    def _newly_arrived(self) -> Iterable[ReceivedRecord]:
        """Return what came since the last tick; where it is too much, the newest of each node."""
        arrived = [self._arrived.popleft() for _ in range(len(self._arrived))]
        if len(arrived) <= _MANY:
            return arrived
        newest: dict[str, deque[ReceivedRecord]] = {}
        for received in arrived:
            newest.setdefault(received.node, deque(maxlen=_FEW)).append(received)
        return chain.from_iterable(newest.values())

    def _remember(self, received: ReceivedRecord, snapshot: NodeSnapshot | None) -> Change | None:
        """Return what a record changes, None for one that came late."""
        memory = self._memories.get(received.node)
        change = Change()
        if memory is None:
            memory = self._memories[received.node] = NodeMemory.of(received)
            if snapshot is not None:
                memory.accepted_lost = snapshot.statistics.lost_earlier
        elif memory.is_newer(received):
            change = memory.advance(received)
        else:
            return None
        if snapshot is not None and snapshot.status is not None:
            memory.next_report_s = snapshot.status.next_report_s
        self._changed.add(received.node)
        return change

    def _judge_record(self, evidence: Evidence, unix_ms: int) -> None:
        node = evidence.received.node
        node_s = self._memories[node].node_s
        for rule, kind in self._rules_of(node).records:
            text = partial(kind.text, evidence)
            self._judgement.judge(rule, node, kind.measure(evidence), text, node_s, unix_ms)

    def _rules_of(self, node: str) -> _NodeRules:
        """Return the rules that concern a node."""
        found = self._rules.get(node)
        if found is None:
            concerned = [each for each in self._judgement.rules.values() if each.concerns(node)]
            named = [(each, each.kind.name) for each in concerned]
            found = self._rules[node] = _NodeRules(
                [(each, RECORD_KINDS[name]) for each, name in named if name in RECORD_KINDS],
                [(each, NODE_KINDS[name]) for each, name in named if name in NODE_KINDS],
            )
        return found

    def _judge_monitor(self, now_s: float, monitor: MonitorSituation, unix_ms: int) -> None:
        if not monitor.connected:
            self._reachable_since_s = None
        elif self._reachable_since_s is None:
            self._reachable_since_s, self._missed = now_s, monitor.sessions_lost > 0
        removed = {each.subject: "" for each in self._active if each.rule == "destination"}
        monitor = replace(monitor, destinations=removed | dict(monitor.destinations))
        for rule in self._judgement.rules.values():
            if rule.kind.name in MONITOR_KINDS:
                kind = MONITOR_KINDS[rule.kind.name]
                text = partial(kind.text, monitor)
                self._judgement.judge(rule, MONITOR, kind.measure(monitor), text, now_s, unix_ms)

    def _end_nodes(self, revoked: frozenset[str], unix_ms: int) -> None:
        """End the alerts of nodes that are gone, and what is remembered of them."""
        withdrawn = [self._withdrawn.popleft() for _ in range(len(self._withdrawn))]
        gone = revoked.union(withdrawn)
        for node in gone & self._memories.keys():
            del self._memories[node]
            self._changed.add(node)
            self._save_due_s = 0.0
        if gone:
            self._judgement.end(gone, unix_ms)

    def _judge_nodes(
        self, now_s: float, snapshots: Mapping[str, NodeSnapshot | None], unix_ms: int
    ) -> None:
        rejected, self._rejected = self._rejected, {}
        alerting = {alert.node for alert in self._active} - {MONITOR}
        for node in alerting.union(snapshots, self._memories):
            memory, snapshot = self._memories.get(node), snapshots.get(node)
            if memory is not None and snapshot is not None:
                memory.accepted_lost = min(memory.accepted_lost, snapshot.statistics.lost)
            count, reason = rejected.get(node, (0, ""))
            situation = NodeSituation(
                now_s, self._reachable_since_s, self._missed, memory, snapshot, count, reason
            )
            for rule, kind in self._rules_of(node).nodes:
                text = partial(kind.text, situation)
                self._judgement.judge(rule, node, kind.measure(situation), text, now_s, unix_ms)

    def _read_acknowledgements(self, snapshots: Mapping[str, NodeSnapshot]) -> None:
        """Notice what another process has acknowledged, and what follows from it."""
        written: Mapping[int, int] = {}
        if self._log is not None:
            with suppress(StorageError):
                written = self._log.acknowledged()
        for alert in self._judgement.alerts():
            if alert.id in written and alert.acknowledged_unix_ms is None:
                self._set_acknowledged(alert, written[alert.id])
        for alert in self._acknowledged:
            self._accepted_gaps.add(alert, snapshots.get(alert.node))

    def _set_acknowledged(self, alert: Alert, unix_ms: int) -> None:
        changed = self._judgement.acknowledge(alert, unix_ms)
        self._unwritten[changed.id] = changed
        self._acknowledged.append(changed)

    def _finish(self, changes: Changes, now_s: float) -> None:
        """Write what has changed, then say so."""
        passed = changes.raised.keys() & changes.cleared.keys()
        notifications = [Notification("acknowledged", each) for each in self._acknowledged]
        for number, alert in changes.raised.items():
            if number not in passed:
                notifications.append(Notification("raised", alert))
        for number, alert in changes.cleared.items():
            if number not in passed:
                notifications.append(Notification("cleared", alert))
        self._acknowledged = []
        self._unwritten |= changes.raised | changes.cleared
        outbox = [
            (each, Delivery(each.alert.id, each.transition, destination.name))
            for each in notifications
            if each.transition != "acknowledged"
            for destination in self._destinations_of(each.alert)
        ]
        is_safe = True
        if self._unwritten or now_s >= self._save_due_s:
            self._save_due_s = now_s + _SAVE_S
            try:
                self._write([delivery for _, delivery in outbox])
            except StorageError:  # the rule `store` says so; nothing waits for it
                is_safe = False
        self._active = tuple(self._judgement.alerts())
        for each in notifications:
            for listener in self._listeners:
                listener(each)
        for each, delivery in outbox:
            target = self._destinations[delivery.destination]
            target.queue(each, delivery if is_safe else None)

    def _write(self, deliveries: list[Delivery]) -> None:
        if self._log is None:
            self._unwritten, self._changed = {}, set()
            return
        memories = {node: self._memories.get(node) for node in self._changed}
        self._log.write(self._unwritten.values(), memories, deliveries)
        self._unwritten, self._changed = {}, set()

    def _destinations_of(self, alert: Alert) -> Iterable[Destination]:
        rule = self._judgement.rules.get(alert.rule)
        routes = rule.routes if rule is not None else None
        is_own = rule is not None and rule.kind.name == "destination"
        for name, each in self._destinations.items():
            if (routes is None or name in routes) and each.accepts(alert):
                if is_own and alert.subject == name:
                    continue  # it cannot say of itself that nothing reaches it
                yield each

    def _resume_deliveries(self) -> None:
        """Queue what had not arrived when the monitor ended."""
        if self._log is None:
            return
        for delivery in self._log.deliveries():
            alert = self._log.alert(delivery.alert)
            destination = self._destinations.get(delivery.destination)
            if alert is None or destination is None:
                self._log.delivered(delivery)
            else:
                transition: Transition = delivery.transition
                if transition == "raised":
                    alert = replace(alert, cleared_unix_ms=None)
                destination.queue(Notification(transition, alert), delivery)


def _now_unix_ms() -> int:
    return time.time_ns() // 1_000_000
