"""Rules of alerts, and the TOML file that changes them.

rules = load_rules(Path("alerts.toml")).rules    # or DEFAULT_RULES

[rules.low]                    # changes the rule that is there
threshold = 20

[rules.low-lab]                # one more of the same kind
kind = "low"
nodes = ["lab-*", "!lab-old"]
routes = ["mail"]

[destinations.mail]
type = "email"
...
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.alerts.alert import MONITOR, MONITOR_TITLE, Severity
from filmgauge_host.telemetry.alerts.debounce import Hold, parse_hold
from filmgauge_host.telemetry.alerts.kind import Kind, Threshold
from filmgauge_host.telemetry.alerts.record_kinds import RECORD_KINDS, watched
from filmgauge_host.telemetry.alerts.state_kinds import MONITOR_KINDS, NODE_KINDS
from filmgauge_sim.file_text import parse_toml
from filmgauge_sim.nodes.tables import Table, did_you_mean, from_table

KINDS: Mapping[str, Kind] = {
    name: each.kind
    for kinds in (RECORD_KINDS, NODE_KINDS, MONITOR_KINDS)
    for name, each in kinds.items()
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_FILE_KEYS = ("rules", "destinations")


class RuleTable(Table, frozen=True):
    """One rule as the file has it; what is left out is the kind's own."""

    kind: str | None = None
    enabled: bool = True
    threshold: float | None = None
    hysteresis: float | None = None
    hold: str | None = msgspec.field(default=None, name="for")
    keep_firing_for: str | None = None
    severity: Severity | None = None
    nodes: list[str] | None = None
    names: list[str] | None = None
    routes: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. nodes: patterns, such as `lab-*`, and behind ! those that are left out. subjects:
    which faults or limits, empty where a kind has none. routes: destinations, None for all."""

    name: str
    kind: Kind
    enabled: bool
    threshold: float
    hysteresis: float
    hold: Hold
    keep_firing: Hold
    severity: Severity
    nodes: tuple[str, ...] = ("*",)
    subjects: frozenset[str] = frozenset()
    routes: frozenset[str] | None = None

    def concerns(self, node: str) -> bool:
        """Return whether a node (MONITOR is none) matches the patterns."""
        if node == MONITOR:
            return True
        wanted = [pattern for pattern in self.nodes if not pattern.startswith("!")]
        unwanted = [pattern[1:] for pattern in self.nodes if pattern.startswith("!")]
        return any(fnmatchcase(node, pattern) for pattern in wanted or ["*"]) and not any(
            fnmatchcase(node, pattern) for pattern in unwanted
        )

    def watches(self, subject: str) -> bool:
        """Return whether a subject is one that the rule judges."""
        return not self.subjects or subject in self.subjects

    def bound(self) -> str:
        """Return the threshold for the end of a sentence, empty where it says nothing."""
        bound = self.kind.threshold
        if bound is None or self.kind.names or self.threshold == bound.low:
            return ""
        return f" ({'below' if bound.below else 'from'} {self.threshold:g} {bound.unit})"


@dataclass(frozen=True, slots=True)
class AlertFile:
    """What a file of alerts says. destinations: name -> table, not checked yet."""

    rules: tuple[Rule, ...]
    destinations: Mapping[str, Mapping[str, Any]]


def load_rules(path: Path) -> AlertFile:
    """Return what a file says; raise InputError, one sentence with file, key and bound."""
    try:
        table = parse_toml(path.read_text(encoding="utf-8"))
        return read_rules(table)
    except OSError as error:
        raise InputError(f"alerts {path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # also of TOML, and of text that is no UTF-8
        raise InputError(f"alerts {path}: {error}") from None


def read_rules(table: Mapping[str, Any]) -> AlertFile:
    """Return the rules of a table with `rules` and `destinations`; raise ValueError."""
    for key in table:
        if key not in _FILE_KEYS:
            raise ValueError(f"there is no key {key}{did_you_mean(key, _FILE_KEYS)}")
    tables = {name: {} for name in KINDS} | dict(_tables(table, "rules"))
    destinations = _tables(table, "destinations")
    rules = tuple(_named_rule(name, each, tuple(destinations)) for name, each in tables.items())
    return AlertFile(rules, destinations)


def _tables(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise ValueError(f"{key}: must be tables, [{key}.NAME]")
    for name, each in found.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{key}: {name!r} must be 1 to 40 of a-z, 0-9, - and _")
        if not isinstance(each, dict):
            raise ValueError(f"{key}.{name}: must be a table")
    return found


def _named_rule(name: str, table: object, destinations: Sequence[str]) -> Rule:
    try:
        return _rule(name, from_table(table, RuleTable), destinations)
    except ValueError as error:
        raise ValueError(f"rules.{name}: {error}") from None


def _rule(name: str, given: RuleTable, destinations: Sequence[str]) -> Rule:
    kind = KINDS.get(given.kind or name)
    if kind is None:
        raise ValueError(_no_kind(name, given))
    if name in KINDS and kind.name != name:
        raise ValueError(f"kind must be {name}: give the rule another name")
    threshold, hysteresis = _threshold(kind, given)
    subjects = frozenset[str]()
    if kind.names:
        for each in given.names or ():
            _check_name("names", each, kind.names)
        subjects = watched(kind, given.names or ())
    elif given.names is not None:
        raise ValueError(f"names: a rule of kind {kind.name} has none")
    for each in given.routes or ():
        _check_name("routes", each, destinations)
    return Rule(
        name,
        kind,
        given.enabled,
        threshold,
        hysteresis,
        _hold("for", given.hold, kind.hold, kind),
        _hold("keep_firing_for", given.keep_firing_for, kind.keep_firing, kind),
        given.severity or kind.severity,
        _patterns(kind, given),
        subjects,
        None if given.routes is None else frozenset(given.routes),
    )


def _no_kind(name: str, given: RuleTable) -> str:
    if given.kind is not None:
        return f"kind: there is no {given.kind!r}{did_you_mean(given.kind, KINDS)}"
    hint = did_you_mean(name, KINDS)
    return f"a rule of another name needs the key kind{hint if hint.startswith(';') else ''}"


def _threshold(kind: Kind, given: RuleTable) -> tuple[float, float]:
    bound = kind.threshold
    if bound is None:
        for key in ("threshold", "hysteresis"):
            if getattr(given, key) is not None:
                raise ValueError(f"{key}: a rule of kind {kind.name} has none")
        return 1.0, 0.0
    threshold = bound.default if given.threshold is None else given.threshold
    if not bound.low <= threshold <= bound.high:
        raise ValueError(
            f"threshold must be {bound.low:g} to {bound.high:g} {bound.unit}, not {threshold:g}"
        )
    return threshold, _hysteresis(bound, threshold, given.hysteresis)


def _hysteresis(bound: Threshold, threshold: float, given: float | None) -> float:
    """Return how far beyond the threshold an alert ends, where some value still is."""
    room = bound.high - threshold if bound.below else threshold
    if given is None:
        return min(bound.hysteresis, room / 2)
    if not 0 <= given <= room or (given == room and not bound.below):
        within = f"0 to {room:g}" if bound.below else f"0 or more and less than {room:g}"
        raise ValueError(
            f"hysteresis must be {within} {bound.unit} beside a threshold of {threshold:g}, not"
            f" {given:g}"
        )
    return given


def _hold(key: str, given: str | None, usual: str, kind: Kind) -> Hold:
    try:
        return parse_hold(usual if given is None else given, kind.judged == "record")
    except ValueError as error:
        raise ValueError(f"{key} {error}") from None


def _patterns(kind: Kind, given: RuleTable) -> tuple[str, ...]:
    if given.nodes is None:
        return ("*",)
    if kind.judged == "monitor":
        raise ValueError(f"nodes: a rule of kind {kind.name} is about the {MONITOR_TITLE} itself")
    if not given.nodes or not all(pattern.strip("!") for pattern in given.nodes):
        raise ValueError("nodes must be patterns such as ['lab-*', '!lab-old']")
    return tuple(given.nodes)


def _check_name(key: str, name: str, names: Collection[str]) -> None:
    if name not in names:
        hint = did_you_mean(name, names) if names else ": no destination is in the file"
        raise ValueError(f"{key}: there is no {name!r}{hint}")


DEFAULT_RULES = read_rules({}).rules
