"""What is judged again and again though nothing comes: nodes that are silent, and the monitor."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from filmgauge_host.telemetry.alerts.kind import REJECTED, Kind, Threshold, Values
from filmgauge_host.telemetry.alerts.node_memory import NodeMemory
from filmgauge_host.telemetry.nodes import DEFAULT_NEXT_REPORT_S, NodeSnapshot

_MARGIN_S = 10.0
_QUEUE_S = 30.0  # in which a broker sends what it kept
_UNSEEN_INTERVALS = 2.0  # after which silence is one, as no report was ever seen to compare with
_TIME_UNITS = (("days", 86400), ("h", 3600), ("min", 60))


class NodeSituation(NamedTuple):
    """What is known of a node at `now_s` of the monotonic clock.

    reachable_since_s: since when what it sends would arrive, None while broker or store is gone.
    missed: whether what it sent before that may be lost. memory: None where no live record was
    judged. snapshot: None where it has not sent anything since the monitor began. rejected:
    messages that could not be used since the last time, with the reason of the last.
    """

    now_s: float
    reachable_since_s: float | None
    missed: bool
    memory: NodeMemory | None
    snapshot: NodeSnapshot | None
    rejected: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MonitorSituation:
    """The state of the monitor itself. broker, store: what is wrong, in a sentence, else empty.

    connected: whether messages flow, into the store. sessions_lost: how often the broker has lost
    our session since the last time. destinations: name -> why what it was given has not arrived.
    """

    connected: bool = True
    broker: str = ""
    store: str = ""
    sessions_lost: int = 0
    destinations: Mapping[str, str] = field(default_factory=dict)


class NodeKind(NamedTuple):
    """A kind with what it measures of a node, and the sentence on it (see RecordKind)."""

    kind: Kind
    measure: Callable[[NodeSituation], Values]
    text: Callable[[NodeSituation, str], str]


class MonitorKind(NamedTuple):
    """The same for the monitor itself."""

    kind: Kind
    measure: Callable[[MonitorSituation], Values]
    text: Callable[[MonitorSituation, str], str]


def _silent_intervals(node: NodeSituation) -> Values:
    """Measure how long a node is silent, in announced intervals, apart from a margin."""
    seen_s, announced_s = _last_report(node)
    if node.reachable_since_s is None:
        return None
    interval_s = max(1.0, DEFAULT_NEXT_REPORT_S if announced_s is None else announced_s)
    # What came while we were away is on its way, or lost with the broker's session.
    grace_s = interval_s if node.missed else _QUEUE_S
    if seen_s is None:
        # Only what the broker had kept is known of it: it is silent for as long, or longer.
        silent_s = node.now_s - node.reachable_since_s - _MARGIN_S
        is_announced = node.snapshot is not None and node.snapshot.status is not None
        if not is_announced or silent_s < _UNSEEN_INTERVALS * interval_s:
            return None
        return {"": silent_s / interval_s}
    if seen_s < node.reachable_since_s and node.now_s < node.reachable_since_s + grace_s:
        return None
    return {"": max(0.0, node.now_s - seen_s - _MARGIN_S) / interval_s}


def _silent_text(node: NodeSituation, _subject: str) -> str:
    seen_s, announced_s = _last_report(node)
    since_s = node.reachable_since_s if seen_s is None else seen_s
    text = f"it has been silent for {_time_text(node.now_s - (since_s or 0.0))}"
    if announced_s is None:
        return text
    return f"{text}, and its next report was due after {_time_text(announced_s)}"


def _last_report(node: NodeSituation) -> tuple[float | None, float | None]:
    """Return when the node was last heard on the monotonic clock, and what it announced."""
    snapshot, memory = node.snapshot, node.memory
    seen_s = snapshot.last_seen_s if snapshot is not None and snapshot.reports else None
    announced_s = memory.next_report_s if memory is not None else None
    if snapshot is not None:
        announced_s = snapshot.status.next_report_s if snapshot.status is not None else None
    if seen_s is None and memory is not None:
        seen_s = node.now_s - max(0.0, time.time() - memory.seen_unix_ms / 1000)
    return seen_s, announced_s


def _missing_records(node: NodeSituation) -> Values:
    if node.snapshot is None or node.memory is None:
        return None
    return {"": node.snapshot.statistics.lost - node.memory.accepted_lost}


def _missing_text(node: NodeSituation, _subject: str) -> str:
    missing = (_missing_records(node) or {})[""]
    return f"{missing} of its records are missing"


def _rejected(node: NodeSituation) -> Values:
    return {"": node.rejected}


def _rejected_text(node: NodeSituation, _subject: str) -> str:
    return f"a message could not be used: {node.reason}"


def _broker(monitor: MonitorSituation) -> Values:
    return {"": bool(monitor.broker)}


def _store(monitor: MonitorSituation) -> Values:
    return {"": bool(monitor.store)}


def _session(monitor: MonitorSituation) -> Values:
    return {"": monitor.sessions_lost}


def _session_text(_monitor: MonitorSituation, _subject: str) -> str:
    return "the broker has lost the monitor's session: what came while it was away is missing"


def _destinations(monitor: MonitorSituation) -> Values:
    return {name: bool(problem) for name, problem in monitor.destinations.items()}


def _time_text(seconds: float) -> str:
    for unit, length_s in _TIME_UNITS:
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"


NODE_KINDS: Mapping[str, NodeKind] = {
    each[0].name: NodeKind(*each)
    for each in (
        (
            Kind(
                "silent",
                "node",
                "the time since the last live report, and 10 s less; without an announcement"
                " a report is expected every 5 min",
                "critical",
                "0s",
                "0s",
                Threshold(2.0, 1.0, 1000.0, "announced intervals"),
            ),
            _silent_intervals,
            _silent_text,
        ),
        (
            Kind(
                "gap",
                "node",
                "records that are missing, and were not when the alert before was acknowledged",
                "warning",
                "15min",
                "0s",
                Threshold(1.0, 1.0, 1e6, "records"),
            ),
            _missing_records,
            _missing_text,
        ),
        (
            Kind(
                REJECTED,
                "node",
                "a message that could not be used, or a record that came again with other content",
                "warning",
                "0s",
                "1h",
            ),
            _rejected,
            _rejected_text,
        ),
    )
}
MONITOR_KINDS: Mapping[str, MonitorKind] = {
    each[0].name: MonitorKind(*each)
    for each in (
        (
            Kind("broker", "monitor", "no broker, or it refuses us", "critical", "30s", "0s"),
            _broker,
            lambda monitor, _subject: monitor.broker,
        ),
        (
            Kind("store", "monitor", "records cannot be stored", "critical", "5s", "0s"),
            _store,
            lambda monitor, _subject: monitor.store,
        ),
        (
            Kind(
                "session",
                "monitor",
                "the broker has lost what came while the monitor was away",
                "warning",
                "0s",
                "1h",
            ),
            _session,
            _session_text,
        ),
        (
            Kind(
                "destination",
                "monitor",
                "an alert does not reach a destination, each an alert of its own",
                "warning",
                "1min",
                "0s",
            ),
            _destinations,
            lambda monitor, subject: monitor.destinations[subject],
        ),
    )
}
