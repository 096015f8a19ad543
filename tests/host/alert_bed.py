"""A store, the counts of an ingest and alerts over both, with a clock of the test's own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mqtt_nodes import record

from filmgauge.record.record import Record
from filmgauge_host.telemetry.alerts.alert import Notification
from filmgauge_host.telemetry.alerts.alert_log import AlertLog
from filmgauge_host.telemetry.alerts.engine import AlertEngine, Destination
from filmgauge_host.telemetry.alerts.rules import DEFAULT_RULES, Rule
from filmgauge_host.telemetry.alerts.state_kinds import MonitorSituation
from filmgauge_host.telemetry.messages import RETAINED, Info, Rejected, Status, Withdrawn
from filmgauge_host.telemetry.nodes import NodeTracker
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import Outcome, RecordStore

NODE = "bench"
INTERVAL_S = 60


class AlertBed:
    """Use as a context. `said`: what listeners got, as (transition, rule, subject). `revoked`:
    nodes of which nothing is believed."""

    def __init__(
        self,
        path: Path,
        rules: Sequence[Rule] = DEFAULT_RULES,
        destinations: Sequence[Destination] = (),
    ):
        self.now_s = 1000.0
        self.said: list[tuple[str, str, str]] = []
        self.situation = MonitorSituation()
        self.revoked: frozenset[str] = frozenset()
        self._path = path
        self._rules = rules
        self._destinations = destinations
        self._retained: dict[type, Status | Info] = {}
        self.store = RecordStore(path)
        self._open()

    def __enter__(self) -> "AlertBed":
        return self

    def __exit__(self, *_error: object) -> None:
        self.log.close()
        self.store.close()

    def _open(self) -> None:
        self.nodes = NodeTracker(self.store)
        self.log = AlertLog(self._path)
        self.engine = AlertEngine(self._rules, self.log, self._destinations)
        self.engine.listen(self._listen)

    def restart(self, rules: Sequence[Rule] | None = None) -> None:
        """End the alerts as a crash would, without saving, and begin anew over the same file."""
        self.log.close()
        self._rules = self._rules if rules is None else rules
        self._open()
        for message in self._retained.values():  # the broker sends them again
            is_status = isinstance(message, Status)
            self._apply(replace(message, is_retained=True) if is_status else message)

    def report(self, made: Record, history: bool = False, node: str = NODE) -> None:
        """Let a record arrive, a minute after the one before, and judge it."""
        self.now_s += INTERVAL_S
        self.receive(made, history, node)
        self.tick()

    def receive(self, made: Record, history: bool = False, node: str = NODE) -> None:
        """Let a record arrive; it is judged with the next tick."""
        received = ReceivedRecord(node, made, int(self.now_s * 1000), history)
        self.nodes.load(received)
        outcome = self.store.add([received])[0]
        self.nodes.apply_all([(received, outcome, self.now_s)])
        if outcome is Outcome.NEW:
            self.engine.add(received)

    def announce(self, next_report_s: float) -> None:
        """Let the node say when it reports next."""
        self._retain(Status(NODE, "sleeping", next_report_s, 0))

    def describe(self, **values: float) -> None:
        """Let the node's description arrive."""
        self._retain(Info(NODE, dict(values)))

    def reject(self, reason: str) -> None:
        """Let a message arrive that could not be used."""
        message = Rejected(NODE, f"filmgauge/{NODE}/telemetry", reason, 0)
        self._apply(message)
        self.engine.add(message)

    def withdraw(self) -> None:
        """Let somebody clear what the broker retains, which it tells who is connected alone."""
        self._retained.clear()
        for leaf in RETAINED:
            message = Withdrawn(NODE, leaf)
            self._apply(message)
            self.engine.withdraw(message)

    def tick(self, passed_s: float = 0.0) -> None:
        """Judge, a time later."""
        self.now_s += passed_s
        self.engine.tick(self.now_s, self.nodes.snapshots(), self.situation, self.revoked)

    def _retain(self, message: Status | Info) -> None:
        self._retained[type(message)] = message
        self._apply(message)

    def _apply(self, message: Status | Info | Rejected | Withdrawn) -> None:
        self.nodes.load(message)
        self.nodes.apply_all([(message, None, self.now_s)])

    def _listen(self, event: Notification) -> None:
        self.said.append((event.transition, event.alert.rule, event.alert.subject))


class UnjudgingEngine(AlertEngine):
    """Keeps what it is told of the monitor, and judges nothing. fault: what it raises then."""

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__()
        self.situation = MonitorSituation()
        self._fault = fault

    def tick(
        self, now_s: float, snapshots: object, monitor: MonitorSituation, revoked: object
    ) -> None:
        """See AlertEngine."""
        self.situation = monitor
        if self._fault is not None:
            raise self._fault


def good(seq: int, boot: int = 1, life: int = 7, **values: int) -> Record:
    """Return a record about which no rule has anything to say."""
    fine = {
        "available_nah": 50_000,
        "available_full_nah": 58_000,
        "full_nah": 60_000,
        "temperature_cdeg": 2500,
        "corrected_nah": 0,
        "capacity_age_h": 5,
        "limits": 0,
    }
    return record(seq, boot, life=life, **{**fine, **values})
