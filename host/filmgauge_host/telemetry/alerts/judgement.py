"""Which alerts are raised: rules, debounced, over measurements."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from filmgauge_host.telemetry.alerts.alert import Alert
from filmgauge_host.telemetry.alerts.debounce import Debounce
from filmgauge_host.telemetry.alerts.kind import REJECTED, Values
from filmgauge_host.telemetry.alerts.rules import Rule

AlertKey: TypeAlias = tuple[str, str, str]  # rule, node, subject


@dataclass(slots=True)
class Changes:
    """The alerts that were raised and cleared, by id, since these were taken away."""

    raised: dict[int, Alert]
    cleared: dict[int, Alert]


class Judgement:
    """The state of every rule for every node and subject.

    active: alerts that are true until now, the oldest first. Those of rules that are gone are
    cleared, and of two of a rule, node and subject the older.
    """

    def __init__(self, rules: Iterable[Rule], active: Iterable[Alert], last_id: int) -> None:
        self.rules = {rule.name: rule for rule in rules if rule.enabled}
        self._states: dict[tuple[str, str], dict[str, Debounce]] = {}  # by rule and node
        self._alerts: dict[AlertKey, Alert] = {}
        self._last_id = last_id
        self._changes = Changes({}, {})
        for alert in active:
            if _key(alert) in self._alerts:
                self._clear(_key(alert), alert.raised_unix_ms)
            self._alerts[_key(alert)] = alert
            if self._is_current(alert):
                states = self._states.setdefault((alert.rule, alert.node), {})
                states[alert.subject] = Debounce(raised=True)
            else:
                self._clear(_key(alert), alert.raised_unix_ms)

    def alerts(self) -> list[Alert]:
        """Return the alerts that are not over, the oldest first."""
        return sorted(self._alerts.values(), key=lambda alert: alert.id)

    def judge(
        self,
        rule: Rule,
        node: str,
        values: Values,
        text: Callable[[str], str],
        now_s: float,
        unix_ms: int,
    ) -> None:
        """Judge what was measured.

        text: gives the sentence on a subject of which an alert is raised. now_s: of the clock of
        what is judged; unix_ms: for people.
        """
        if values is None:
            return
        states = self._states.get((rule.name, node))
        if states is None:
            states = {}
        elif rule.kind.names:
            values = dict.fromkeys(states, 0.0) | dict(values)
        for subject, value in values.items():
            state = states.get(subject)
            if state is None:
                if not rule.kind.raises(value, rule.threshold) or not rule.watches(subject):
                    continue
                state = states[subject] = Debounce()
                self._states[rule.name, node] = states
            if self._changes_state(state, rule, value, now_s):
                key = (rule.name, node, subject)
                if state.raised:
                    self._raise(key, rule, value, text(subject), unix_ms)
                else:
                    self._clear(key, unix_ms)
            if state.is_idle:
                del states[subject]
                if not states:
                    del self._states[rule.name, node]

    def end(self, nodes: Collection[str], unix_ms: int) -> None:
        """Clear the alerts of nodes that are gone, but not of what others send as theirs."""
        for rule, node in list(self._states):
            if node in nodes and self.rules[rule].kind.name != REJECTED:
                del self._states[rule, node]
        for key, alert in list(self._alerts.items()):
            if alert.node in nodes and self.rules[alert.rule].kind.name != REJECTED:
                self._clear(key, unix_ms)

    def end_one(self, alert: Alert, unix_ms: int) -> None:
        """Clear an alert whatever its rule measures; the next measurement is judged anew."""
        self._states[alert.rule, alert.node].pop(alert.subject)
        self._clear(_key(alert), unix_ms)

    def acknowledge(self, alert: Alert, unix_ms: int) -> Alert:
        """Return an alert that is not over, acknowledged."""
        changed = replace(alert, acknowledged_unix_ms=unix_ms)
        self._alerts[_key(alert)] = changed
        return changed

    def changes(self) -> Changes:
        """Return what has changed since the last call."""
        changes, self._changes = self._changes, Changes({}, {})
        return changes

    def _changes_state(self, state: Debounce, rule: Rule, value: float, now_s: float) -> bool:
        if state.raised:
            ends = rule.kind.ends(value, rule.threshold, rule.hysteresis)
            return state.update(ends, now_s, rule.keep_firing)
        return state.update(rule.kind.raises(value, rule.threshold), now_s, rule.hold)

    def _raise(self, key: AlertKey, rule: Rule, value: float, text: str, unix_ms: int) -> None:
        self._last_id += 1
        shown = None if rule.kind.threshold is None else float(value)
        sentence = text + rule.bound()
        alert = Alert(self._last_id, *key, rule.severity, sentence, shown, unix_ms)
        self._alerts[key] = self._changes.raised[alert.id] = alert

    def _clear(self, key: AlertKey, unix_ms: int) -> None:
        alert = replace(self._alerts.pop(key), cleared_unix_ms=unix_ms)
        self._changes.cleared[alert.id] = alert

    def _is_current(self, alert: Alert) -> bool:
        rule = self.rules.get(alert.rule)
        return rule is not None and rule.concerns(alert.node) and rule.watches(alert.subject)


def _key(alert: Alert) -> AlertKey:
    return alert.rule, alert.node, alert.subject
