"""What lies between and beside the points of a course: gaps, restarts, faults and limits."""

from collections.abc import Sequence
from typing import Any

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.web import quantities

SPANS_MAX = 2000


def gaps_and_restarts(
    records: Sequence[ReceivedRecord], times: Sequence[int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return where records are missing, and where a boot or a life begins.

    records: life after life and by (boot, seq), with the time of each in Unix ms.
    """
    gaps: list[dict[str, Any]] = []
    restarts: list[dict[str, Any]] = []
    for index in range(1, len(records)):
        life, boot, seq = records[index].key
        life_before, boot_before, seq_before = records[index - 1].key
        same_life = life == life_before
        if same_life and boot == boot_before:
            missing = seq - seq_before - 1
        else:
            # a boot begins at 0, and nobody knows how many were in the boots between
            missing = seq if same_life else 0
            restarts.append(
                {"time_ms": times[index], "life": life, "boot": boot, "new_life": not same_life}
            )
        if missing > 0 or (same_life and boot > boot_before + 1):
            gaps.append(
                {"from_ms": times[index - 1], "to_ms": times[index], "missing": max(missing, 0)}
            )
    return gaps, restarts


def fault_and_limit_spans(
    records: Sequence[ReceivedRecord], times: Sequence[int]
) -> list[dict[str, Any]]:
    """Return from when to when each fault and limit was reported, the last SPANS_MAX of them.

    kind: "fault" or "limit"; level: of a limit; to_ms: of the first record without it, None while
    the last record has it.
    """
    spans: list[dict[str, Any]] = []
    open_spans: dict[tuple[str, str, str | None], dict[str, Any]] = {}
    before: tuple[int, int] = (0, 0)
    for received, time_ms in zip(records, times, strict=True):
        words = (received.value("faults") or 0, received.value("limits") or 0)
        if words == before:
            continue
        before = words
        present = set(_names(received))
        for name in [name for name in open_spans if name not in present]:
            open_spans.pop(name)["to_ms"] = time_ms
        for kind, name, level in sorted(present - open_spans.keys(), key=str):
            span = {"kind": kind, "name": name, "level": level, "from_ms": time_ms, "to_ms": None}
            open_spans[kind, name, level] = span
            spans.append(span)
    return spans[-SPANS_MAX:]


def _names(received: ReceivedRecord) -> list[tuple[str, str, str | None]]:
    faults, limits = quantities.faults(received), quantities.limits(received) or "none"
    found: list[tuple[str, str, str | None]] = []
    if faults != "none":
        found += [("fault", name, None) for name in faults.split("+")]
    if limits != "none":
        for part in limits.split("+"):
            kind, _, level = part.partition(":")
            found.append(("limit", kind, level))
    return found
