"""What an ingest knows, in the text format of Prometheus: base units, one label `node`.

    body = metrics_text(ingest, nodes, alerts)     # served as CONTENT_TYPE

Names follow prometheus.io/docs/practices/naming: coulombs (of the SI, as ampere hours are not),
ratios of 0 to 1, seconds; `_total` only on what grows. A value that may be no longer true looks
live nowhere: while a node is late or offline, or has sent but history, it has no measured values;
the time of its last report stays.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from filmgauge import VERSION
from filmgauge.record.limit_text import limit_text
from filmgauge.record.record_text import fault_text
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.nodes import NodeSnapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PPM = 1e6
_NAH_A_COULOMB = 1e9 / 3600
_NODE = ("node",)
_PREFIX = "filmgauge_"
_LIVE = frozenset({"online", "sleeping"})
_INFO = ("firmware", "board", "cell")  # what a node says of itself, as its info names it


class _Gauge(NamedTuple):
    """A gauge of one field of a record, of which `divisor` are one in the unit of its name."""

    name: str
    text: str
    field: str
    divisor: float = 1.0


_MEASURED = (
    _Gauge("state_of_charge_ratio", "Stored charge of the capacity.", "soc_ppm", _PPM),
    _Gauge(
        "state_of_charge_sigma_ratio",
        "Standard deviation of the state of charge.",
        *("soc_sigma_ppm", _PPM),
    ),
    _Gauge(
        "state_of_charge_displayed_ratio",
        "State of charge for people: it never moves against the current.",
        *("shown_ppm", _PPM),
    ),
    _Gauge("stored_charge_coulombs", "Charge in the cell.", "stored_nah", _NAH_A_COULOMB),
    _Gauge(
        "available_charge_coulombs",
        "Charge that the cell gives at this temperature and the stated load.",
        *("available_nah", _NAH_A_COULOMB),
    ),
    _Gauge(
        "available_charge_sigma_coulombs",
        "Standard deviation of the available charge.",
        *("available_sigma_nah", _NAH_A_COULOMB),
    ),
    _Gauge("capacity_coulombs", "Charge of the full cell.", "full_nah", _NAH_A_COULOMB),
    _Gauge(
        "capacity_sigma_coulombs",
        "Standard deviation of the capacity.",
        *("full_sigma_nah", _NAH_A_COULOMB),
    ),
    _Gauge("voltage_volts", "Voltage of the cell.", "voltage_uv", 1e6),
    _Gauge("current_amperes", "Current; positive charges the cell.", "current_pa", 1e12),
    _Gauge("temperature_celsius", "Temperature of the cell.", "temperature_cdeg", 100),
    _Gauge("time_to_empty_seconds", "At the recent mean current.", "to_empty_s"),
    _Gauge("time_to_full_seconds", "At the recent mean current.", "to_full_s"),
    _Gauge("resistance_ohms", "Inner resistance of the cell.", "resistance_mohm", 1000),
    _Gauge(
        "coulombic_efficiency_ratio",
        "Charge that comes back out of what was charged.",
        *("efficiency_ppm", _PPM),
    ),
    _Gauge(
        "capacity_trend_ratio", "Change of the capacity a cycle, of itself.", "trend_ppm", _PPM
    ),
    _Gauge("equivalent_full_cycles", "Cycles that the cell has had.", "mcycles", 1000),
    _Gauge("cycles_left", "Cycles until four fifths of the capacity are left.", "cycles_left"),
    _Gauge("backlog_records", "Records that wait on the node.", "backlog"),
    _Gauge("awake_seconds", "How long the wake before took.", "awake_ms", 1000),
    _Gauge("uptime_seconds", "The node's own time since its power came.", "up_s"),
    _Gauge("resets", "By watchdog and brown-outs since the power came; 254: or more.", "resets"),
    _Gauge("refused_commands", "Since they were reset; 65534: or more.", "refused"),
    _Gauge("restarts", "By exceptions, since they were reset; 65534: or more.", "restarts"),
)


class _Counted(NamedTuple):
    """A counter of the ingest for each node."""

    name: str
    text: str
    statistic: str


_COUNTED = (
    _Counted("records_received", "New records.", "received"),
    _Counted("records_duplicated", "Records that came again.", "duplicated"),
    _Counted("records_conflicting", "Records that came again with other content.", "conflicting"),
    _Counted("messages_refused", "Messages that could not be used.", "malformed"),
)


class ActiveAlert(Protocol):
    """What of an alert is exported."""

    @property
    def node(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def severity(self) -> str: ...


class Alerts(Protocol):
    """Whoever knows the alerts that are not over."""

    def active(self) -> Iterable[ActiveAlert]: ...


def metrics_text(
    ingest: Ingest, nodes: Mapping[str, NodeSnapshot], alerts: Alerts | None
) -> bytes:
    """Return all metrics of now, encoded as CONTENT_TYPE says. nodes: those that are known, by
    name, also of which the ingest has received nothing."""
    registry = CollectorRegistry()
    registry.register(_Families(ingest, nodes, alerts))
    return generate_latest(registry)


class _Families(Collector):
    """One scrape."""

    def __init__(
        self, ingest: Ingest, nodes: Mapping[str, NodeSnapshot], alerts: Alerts | None
    ) -> None:
        self._ingest = ingest
        self._nodes = nodes
        self._alerts = alerts

    def describe(self) -> list[Metric]:
        """Return nothing: the registry is of one scrape, and need not look for clashes."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        now_s = time.monotonic()
        nodes = list(self._nodes.values())
        states = {node.name: node.state(now_s) for node in nodes}
        live = [node for node in nodes if states[node.name] in _LIVE and _has_live(node)]
        yield from _health_of_ingest(self._ingest, len(nodes))
        yield _labelled(
            "node_state", "1 for the state that the node is in.", ("node", "state"), states.items()
        )
        yield from _about_nodes(nodes, states)
        yield from _counted(nodes)
        for gauge in _MEASURED:
            yield _measured(gauge, live)
        yield from _faults_and_limits(live)
        if self._alerts is not None:
            labels = ("node", "rule", "subject", "severity")
            active = [
                (each.node, each.rule, each.subject, each.severity)
                for each in self._alerts.active()
            ]
            yield _labelled("alert", "1 for an alert that is not over.", labels, active)


def _health_of_ingest(ingest: Ingest, nodes: int) -> Iterator[Metric]:
    """Yield what tells that the figures below may be old ones."""
    yield _single("broker_connected", "1 while messages can arrive.", ingest.connected)
    yield _single("store_writable", "1 while records can be stored.", not ingest.unstored)
    yield _single("nodes", "Nodes that have sent something.", nodes)
    family = CounterMetricFamily(
        f"{_PREFIX}broker_sessions_lost", "Times that the broker had forgotten this ingest."
    )
    family.add_metric((), ingest.forgotten)
    yield family
    yield _labelled("build_info", "1, with the version.", ("version",), [(VERSION,)])


def _has_live(node: NodeSnapshot) -> bool:
    """Return whether the latest record came as it was made: the broker may have retained one for
    any time."""
    return node.latest is not None and not node.latest.history


def _about_nodes(nodes: list[NodeSnapshot], states: dict[str, str]) -> Iterator[Metric]:
    up = _family("node_up", "1 while the node reports as it announced.")
    seen = _family("last_report_timestamp_seconds", "When the latest record was received.")
    due = _family("report_interval_seconds", "Until the next report, as announced.")
    missing = _family("records_missing", "Records known of by their numbers that did not come.")
    lives = _family("lives", "How often the node began without memory, 1 for once.")
    boots = CounterMetricFamily(f"{_PREFIX}boots", "Times that power came.", labels=_NODE)
    info: list[tuple[str, ...]] = []
    for node in nodes:
        label = (node.name,)
        up.add_metric(label, states[node.name] in _LIVE)
        if node.latest is not None:
            if _has_live(node):
                seen.add_metric(label, node.latest.received_unix_ms / 1000)
            boots.add_metric(label, node.latest.value("boot") or 0)
        if node.status is not None and node.status.next_report_s is not None:
            due.add_metric(label, node.status.next_report_s)
        missing.add_metric(label, node.statistics.lost)
        lives.add_metric(label, node.lives)
        info.append((node.name, *(str(node.info.get(key) or "") for key in _INFO)))
    yield from (up, seen, due, missing, lives, boots)
    yield _labelled("node_info", "1, with what the node says of itself.", ("node", *_INFO), info)


def _counted(nodes: list[NodeSnapshot]) -> Iterator[Metric]:
    for counted in _COUNTED:
        family = CounterMetricFamily(f"{_PREFIX}{counted.name}", counted.text, labels=_NODE)
        for node in nodes:
            family.add_metric((node.name,), getattr(node.statistics, counted.statistic))
        yield family


def _measured(gauge: _Gauge, nodes: list[NodeSnapshot]) -> Metric:
    family = _family(gauge.name, gauge.text)
    for node in nodes:
        value = node.latest.value(gauge.field) if node.latest is not None else None
        if value is not None:
            family.add_metric((node.name,), value / gauge.divisor)
    return family


def _faults_and_limits(nodes: list[NodeSnapshot]) -> Iterator[Metric]:
    """Yield those that are there: the others are not reported as 0 for each node."""
    faults: list[tuple[str, ...]] = []
    limits: list[tuple[str, ...]] = []
    for node in nodes:
        if node.latest is None:
            continue
        faults += [
            (node.name, fault) for fault in _parts(fault_text(node.latest.value("faults") or 0))
        ]
        for limit in _parts(limit_text(node.latest.value("limits") or 0)):
            kind, _, level = limit.partition(":")
            limits.append((node.name, kind, level))
    yield _labelled("fault", "1 for a fault in the latest record.", ("node", "fault"), faults)
    labels = ("node", "limit", "level")
    yield _labelled("limit", "1 for a limit in the latest record.", labels, limits)


def _parts(text: str) -> list[str]:
    return [] if text == "none" else text.split("+")


def _family(name: str, text: str, labels: tuple[str, ...] = _NODE) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}{name}", text, labels=labels)


def _single(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}{name}", text, value=value)


def _labelled(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[str, ...]]
) -> Metric:
    """Return a family whose samples are all 1: what they say is in their labels."""
    family = _family(name, text, labels)
    for each in values:
        family.add_metric(each, 1)
    return family
