"""A kind of rule: what it judges, in which unit, within which bounds, and its defaults."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from filmgauge_host.telemetry.alerts.alert import Severity

Judged: TypeAlias = Literal["record", "node", "monitor"]
REJECTED = "rejected"  # the kind about whatever is sent under a node's name

# subject -> what was measured, in the unit of the kind; None: not known, which changes nothing.
# Of a kind with names a subject that is missing is 0.
Values: TypeAlias = Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound in `unit` that a rule may move from `low` to `high`.

    below: whether a value under it raises the alert, else one that reaches it. An alert that is
    raised ends `hysteresis` beyond it.
    """

    default: float
    low: float
    high: float
    unit: str
    below: bool = False
    hysteresis: float = 0.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a rule is about.

    judged: on live records, on what is known of a node, or on the monitor itself. summary: what
    raises it, for people. hold, keep_firing: defaults of `for` and `keep_firing_for`. threshold:
    None for what is true or not. names: which subjects a rule may choose by `names`, and
    excluded: which of them are another kind's by default.
    """

    name: str
    judged: Judged
    summary: str
    severity: Severity
    hold: str
    keep_firing: str
    threshold: Threshold | None = None
    names: Collection[str] = ()
    excluded: Collection[str] = ()

    def raises(self, value: float, threshold: float) -> bool:
        """Return whether a value raises an alert."""
        if self.threshold is None:
            return value > 0
        return value < threshold if self.threshold.below else value >= threshold

    def ends(self, value: float, threshold: float, hysteresis: float) -> bool:
        """Return whether a value ends an alert that is raised."""
        if self.threshold is None:
            return value <= 0
        if self.threshold.below:
            return value >= threshold + hysteresis
        return value < threshold - hysteresis
