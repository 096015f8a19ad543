"""An alert: a rule that a node, or the monitor itself, breaks, from raised to cleared."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["info", "warning", "critical"]
Transition: TypeAlias = Literal["raised", "cleared", "acknowledged", "test"]
AlertState: TypeAlias = Literal["active", "acknowledged", "cleared"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
MONITOR = ""  # `node` of an alert about the monitor itself
MONITOR_TITLE = "monitor"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Times are Unix ms of the host's clock.

    id: grows by one from alert to alert of a store. node: MONITOR for one about the monitor
    itself. subject: which fault, limit or destination, empty where the rule knows one thing only.
    text: one sentence of when it was raised. value: in the unit of the rule, None without any.
    """

    id: int
    rule: str
    node: str
    subject: str
    severity: Severity
    text: str
    value: float | None
    raised_unix_ms: int
    cleared_unix_ms: int | None = None
    acknowledged_unix_ms: int | None = None

    @property
    def state(self) -> AlertState:
        """Return cleared, acknowledged (and still true) or active."""
        if self.cleared_unix_ms is not None:
            return "cleared"
        return "active" if self.acknowledged_unix_ms is None else "acknowledged"

    @property
    def title(self) -> str:
        """Return whose alert it is and which: `bench low`, `bench faults (sensor)`."""
        subject = f" ({self.subject})" if self.subject else ""
        return f"{self.node or MONITOR_TITLE} {self.rule}{subject}"

    def to_dict(self) -> dict[str, object]:
        """Return the fields and `state` as JSON has them."""
        return {**asdict(self), "state": self.state}


@dataclass(frozen=True, slots=True)
class Notification:
    """What happened to an alert, as listeners and destinations get it."""

    transition: Transition
    alert: Alert

    def line(self) -> str:
        """Return one line for people."""
        alert = self.alert
        return f"alert {alert.id} {self.transition}: {alert.severity} {alert.title}: {alert.text}"

    def to_json(self) -> str:
        """Return one flat JSON object: `transition`, then the fields of the alert."""
        return json.dumps(self.to_dict())

    def to_dict(self) -> dict[str, object]:
        """Return the same as JSON has it."""
        return {"transition": self.transition, **self.alert.to_dict()}
