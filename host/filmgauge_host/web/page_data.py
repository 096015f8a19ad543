"""What the page shows, as plain data for JSON: rows, records, alerts, the state of the server."""

import time
from typing import Any

from filmgauge import VERSION
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.telemetry.node_directory import NodeDirectory
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store_reader import StoreReader
from filmgauge_host.web import quantities
from filmgauge_host.web.node_row import node_row
from filmgauge_host.web.record_time import RecordTime, Truth
from filmgauge_host.web.series import SeriesReader


class PageData:
    """Reads ingest, store, alerts and truth; may be asked from any thread."""

    def __init__(
        self, ingest: Ingest, store: StoreReader, alerts: AlertEngine | None, truth: Truth | None
    ) -> None:
        self.ingest = ingest
        self.alert_engine = alerts
        self.directory = NodeDirectory(ingest, store)
        self._truth = truth
        self._time = RecordTime(store, truth)
        self.series = SeriesReader(store, self._time, truth)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for every node, by name. Raises StorageError."""
        nodes = self.directory.nodes()
        return [self.row(nodes[name]) for name in sorted(nodes)]

    def row(self, node: NodeSnapshot) -> dict[str, Any]:
        """Return the row of a node now. Raises StorageError."""
        latest_ms = self._time.ms(node.latest) if node.latest else None
        world_now_ms = self._truth.now_ms if self._truth is not None else None
        return node_row(node, time.monotonic(), latest_ms, world_now_ms)

    def record(self, received: ReceivedRecord) -> dict[str, Any]:
        """Return one record in full, dated, and of a run the truth beside it. Raises
        StorageError."""
        life, boot, seq = received.key
        truth = {} if self._truth is None else {"truth": self._truth.at(received)}
        return {
            "node": received.node,
            "history": received.history,
            "time_ms": self._time.ms(received),
            "life": life,
            "boot": boot,
            "seq": seq,
            "faults": quantities.faults(received.value("faults")),
            "limits": quantities.limits(received.value("limits")),
            **quantities.course_values(received),
            **truth,
        }

    def rejected(self, rejected: Rejected) -> dict[str, Any]:
        """Return a message that was refused."""
        return {
            "node": rejected.node,
            "topic": rejected.topic,
            "reason": rejected.reason,
            "time_ms": rejected.received_unix_ms,
        }

    def refused(self, node: str | None = None) -> list[dict[str, Any]]:
        """Return the last refused messages, of all nodes or of one."""
        found = self.ingest.rejected()
        return [self.rejected(each) for each in found if node is None or each.node == node]

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are active now."""
        if self.alert_engine is None:
            return []
        return [alert.to_dict() for alert in self.alert_engine.active()]

    def server(self) -> dict[str, Any]:
        """Return how it stands with broker and store, and whether the world is a simulation."""
        return {
            "version": VERSION,
            "broker": str(self.ingest.address),
            "connected": self.ingest.connected,
            "problem": self.ingest.problem,
            "sessions_lost": self.ingest.forgotten,
            "simulation": self._truth is not None,
            "alerts": self.alert_engine is not None,
        }

    def now_ms(self) -> int:
        """Return the time of the nodes' world: the wall clock, or the simulation's."""
        return self._truth.now_ms if self._truth is not None else time.time_ns() // 1_000_000
