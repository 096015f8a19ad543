"""One node as a row of `/api/nodes`: its latest values, its state, and what deserves attention."""

from typing import Any

from filmgauge_host.telemetry.nodes import NodeSnapshot, NodeState
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.web import quantities

_STATE_WEIGHT: dict[NodeState, int] = {
    "offline": 80,
    "late": 60,
    "unknown": 40,
    "online": 0,
    "sleeping": 0,
}
_LEVEL_WEIGHT = {"warning": 20, "limit": 50, "fault": 90}
_FAULT_WEIGHT = 70
_MISSING_WEIGHT = 10
_LOW_PCT, _LOW_WEIGHT = 10.0, 30
_SOON_S, _SOON_WEIGHT = 86400, 30
_VALUES = (
    *("soc_pct", "soc_sigma_pct", "soc_shown_pct", "stored_uah", "full_uah", "full_sigma_uah"),
    *("available_uah", "available_sigma_uah", "available_full_uah"),
    *("voltage_v", "current_ua", "temperature_c", "time_to_empty_s", "time_to_full_s"),
    *("resistance_ohm", "resistance_sigma_ohm", "resistance_age_h"),
    *("coulombic_efficiency_pct", "coulombic_sigma_pct", "coulombic_age_h"),
    *("equivalent_full_cycles", "capacity_trend_pct", "capacity_trend_sigma_pct"),
    *("cycles_left", "cycles_left_sigma", "capacity_age_h", "backlog", "resets", "up_s"),
    *("restarts", "refused"),
)
_NOTHING: dict[str, Any] = dict.fromkeys(("life", "boot", "seq", *_VALUES))


def node_row(
    node: NodeSnapshot,
    now_s: float,
    latest_ms: int | None = None,
    world_now_ms: int | None = None,
) -> dict[str, Any]:
    """Return the row at `now_s` of the monotonic clock. latest_ms: the time of the latest record,
    Unix ms. world_now_ms: in a simulation what the time there is."""
    latest, status, counts = node.latest, node.status, node.statistics
    age_s = None
    if latest is not None and node.last_seen_s is not None:
        age_s = max(0.0, now_s - node.last_seen_s)
        if world_now_ms is not None and latest_ms is not None:
            age_s = max(0.0, (world_now_ms - latest_ms) / 1000)
            now_s = node.last_seen_s + age_s
    state = node.state(now_s)
    values = _latest_values(latest) if latest else _NOTHING
    weight, reasons = _attention(state, latest, values, counts.lost)
    return {
        "node": node.name,
        **values,
        "state": state,
        "age_s": None if age_s is None else round(age_s, 1),
        "next_report_s": status.next_report_s if status else None,
        "faults": quantities.faults(latest.value("faults")) if latest else "none",
        "limits": quantities.limits(latest.value("limits")) if latest else None,
        "time_ms": latest_ms if latest_ms or latest is None else latest.received_unix_ms,
        "history": latest.history if latest else False,
        "lives": node.lives,
        "received": counts.received,
        "duplicated": counts.duplicated,
        "conflicting": counts.conflicting,
        "malformed": counts.malformed,
        "lost": counts.lost,
        "lost_earlier": counts.lost_earlier,
        "attention": weight,
        "reasons": reasons,
    }


def _latest_values(latest: ReceivedRecord) -> dict[str, Any]:
    life, boot, seq = latest.key
    values = quantities.course_values(latest)
    return {"life": life, "boot": boot, "seq": seq, **{name: values[name] for name in _VALUES}}


def _attention(
    state: NodeState, latest: ReceivedRecord | None, values: dict[str, Any], lost: int
) -> tuple[int, list[str]]:
    """Return how much a node needs somebody, 0 for not at all, and why."""
    found: list[tuple[int, str]] = []
    if _STATE_WEIGHT[state]:
        found.append((_STATE_WEIGHT[state], "no report yet" if state == "unknown" else state))
    if latest is not None:
        found += _of_limits(quantities.limits(latest.value("limits")) or "none")
        names = quantities.faults(latest.value("faults"))
        if names != "none":
            found += [(_FAULT_WEIGHT, f"fault {name}") for name in names.split("+")]
    soc_pct, empty_s = values["soc_pct"], values["time_to_empty_s"]
    if soc_pct is not None and soc_pct < _LOW_PCT:
        found.append((_LOW_WEIGHT, "nearly empty"))
    elif empty_s is not None and empty_s < _SOON_S:
        found.append((_SOON_WEIGHT, "empty soon"))
    if lost:
        found.append((_MISSING_WEIGHT, f"{lost} records missing" if lost > 1 else "1 missing"))
    found.sort(key=lambda each: -each[0])
    weight = found[0][0] + min(9, len(found) - 1) if found else 0
    return weight, [reason for _, reason in found]


def _of_limits(text: str) -> list[tuple[int, str]]:
    if text == "none":
        return []
    parts = [part.split(":") for part in text.split("+")]
    return [(_LEVEL_WEIGHT[level], f"{kind.replace('_', ' ')}: {level}") for kind, level in parts]
