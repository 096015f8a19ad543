"""Acknowledged gaps: what was missing by then is nobody's news, and the alert is over.

Both wait until the node is known here: a gap may be acknowledged while no monitor runs, or before
the node was received from again.
"""

from collections.abc import Mapping

from filmgauge_host.telemetry.alerts.alert import Alert
from filmgauge_host.telemetry.alerts.judgement import Judgement
from filmgauge_host.telemetry.alerts.node_memory import NodeMemory
from filmgauge_host.telemetry.nodes import NodeSnapshot

_KIND = "gap"


class AcceptedGaps:
    """The gaps that are acknowledged and not over; begins with those that were already."""

    def __init__(self, judgement: Judgement) -> None:
        self._judgement = judgement
        self._lost: dict[int, int | None] = {}  # by alert; None: what is stored already
        for alert in judgement.alerts():
            if alert.acknowledged_unix_ms is not None:
                self.add(alert, None)

    def add(self, alert: Alert, snapshot: NodeSnapshot | None) -> None:
        """Accept what a node lacks, where the alert is about that. snapshot: None for a node that
        was not received from yet."""
        if self._judgement.rules[alert.rule].kind.name == _KIND:
            self._lost[alert.id] = None if snapshot is None else snapshot.statistics.lost

    def end(
        self,
        memories: Mapping[str, NodeMemory],
        snapshots: Mapping[str, NodeSnapshot],
        unix_ms: int,
    ) -> set[str]:
        """End the alerts whose nodes are known; return the nodes whose memory has changed."""
        changed: set[str] = set()
        if not self._lost:
            return changed
        waiting: dict[int, int | None] = {}
        for alert in self._judgement.alerts():
            if alert.id not in self._lost:
                continue
            lost = self._lost[alert.id]
            memory, snapshot = memories.get(alert.node), snapshots.get(alert.node)
            if memory is None or snapshot is None:
                waiting[alert.id] = lost
                continue
            memory.accepted_lost = snapshot.statistics.lost_earlier if lost is None else lost
            self._judgement.end_one(alert, unix_ms)
            changed.add(alert.node)
        self._lost = waiting
        return changed
