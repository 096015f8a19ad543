"""Which alerts are raised: rules, debounced, over measurements."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from filmgauge_host.telemetry.alerts.alert import Alert
from filmgauge_host.telemetry.alerts.debounce import Debounce
from filmgauge_host.telemetry.alerts.kind import Measurement, Measurements
from filmgauge_host.telemetry.alerts.rules import Rule

AlertKey: TypeAlias = tuple[str, str, str]  # rule, node, subject


@dataclass(slots=True)
class Changes:
    """The alerts that were raised and cleared, by id, since these were taken away."""

    raised: dict[int, Alert]
    cleared: dict[int, Alert]


class Judgement:
    """The state of every rule for every node and subject.

    active: alerts that are true until now. Those of rules that are gone are cleared.
    """

    def __init__(self, rules: Iterable[Rule], active: Iterable[Alert], last_id: int) -> None:
        self.rules = {rule.name: rule for rule in rules if rule.enabled}
        self._states: dict[AlertKey, Debounce] = {}
        self._alerts: dict[AlertKey, Alert] = {}
        self._last_id = last_id
        self._changes = Changes({}, {})
        for alert in active:
            self._alerts[_key(alert)] = alert
            if self._is_current(alert):
                self._states[_key(alert)] = Debounce(raised=True)
            else:
                self._clear(_key(alert), alert.raised_unix_ms)

    def alerts(self) -> list[Alert]:
        """Return the alerts that are not over, the oldest first."""
        return sorted(self._alerts.values(), key=lambda alert: alert.id)

    def judge(
        self, rule: Rule, node: str, measured: Measurements, now_s: float, unix_ms: int
    ) -> None:
        """Judge what was measured. now_s: of the clock of what is judged; unix_ms: for people."""
        for subject, measurement in measured.items():
            if rule.watches(subject):
                self._judge_one((rule.name, node, subject), rule, measurement, now_s, unix_ms)

    def acknowledge(self, alert: Alert, unix_ms: int) -> Alert:
        """Return an alert that is not over, acknowledged."""
        changed = replace(alert, acknowledged_unix_ms=unix_ms)
        self._alerts[_key(alert)] = changed
        return changed

    def changes(self) -> Changes:
        """Return what has changed since the last call."""
        changes, self._changes = self._changes, Changes({}, {})
        return changes

    def _judge_one(
        self, key: AlertKey, rule: Rule, measured: Measurement, now_s: float, unix_ms: int
    ) -> None:
        state = self._states.get(key)
        kind, value = rule.kind, measured.value
        if state is None:
            if not kind.raises(value, rule.threshold):
                return
            state = self._states[key] = Debounce()
        if state.raised:
            ends = kind.ends(value, rule.threshold, rule.hysteresis)
            if state.update(ends, now_s, rule.keep_firing):
                self._clear(key, unix_ms)
        elif state.update(kind.raises(value, rule.threshold), now_s, rule.hold):
            self._raise(key, rule, measured, unix_ms)
        if state.is_idle:
            del self._states[key]

    def _raise(self, key: AlertKey, rule: Rule, measured: Measurement, unix_ms: int) -> None:
        self._last_id += 1
        value = None if rule.kind.threshold is None else measured.value
        text = measured.text + rule.bound()
        alert = Alert(self._last_id, *key, rule.severity, text, value, unix_ms)
        self._alerts[key] = self._changes.raised[alert.id] = alert

    def _clear(self, key: AlertKey, unix_ms: int) -> None:
        alert = replace(self._alerts.pop(key), cleared_unix_ms=unix_ms)
        self._changes.cleared[alert.id] = alert

    def _is_current(self, alert: Alert) -> bool:
        rule = self.rules.get(alert.rule)
        return rule is not None and rule.concerns(alert.node) and rule.watches(alert.subject)


def _key(alert: Alert) -> AlertKey:
    return alert.rule, alert.node, alert.subject
