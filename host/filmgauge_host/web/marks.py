"""What lies between and beside the points of a course: gaps, restarts, faults and limits."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from filmgauge_host.web import quantities

SPANS_MAX = 2000


class Moment(NamedTuple):
    """Which record it was, when it was made (Unix ms), and the words of its faults and limits."""

    time_ms: int
    life: int
    boot: int
    seq: int
    faults: int | None
    limits: int | None


def gaps_and_restarts(
    moments: Sequence[Moment],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return where records are missing, and where a boot or a life begins.

    moments: life after life and by (boot, seq).
    """
    gaps: list[dict[str, Any]] = []
    restarts: list[dict[str, Any]] = []
    for index in range(1, len(moments)):
        before, now = moments[index - 1], moments[index]
        same_life = now.life == before.life
        if same_life and now.boot == before.boot:
            missing = now.seq - before.seq - 1
        else:
            # a boot begins at 0, and nobody knows how many were in the boots between
            missing = now.seq if same_life else 0
            mark = {"time_ms": now.time_ms, "life": now.life, "boot": now.boot}
            restarts.append({**mark, "new_life": not same_life})
        if missing > 0 or (same_life and now.boot > before.boot + 1):
            gap = {"from_ms": before.time_ms, "to_ms": now.time_ms, "missing": max(missing, 0)}
            gaps.append(gap)
    return gaps, restarts


def fault_and_limit_spans(moments: Iterable[Moment]) -> list[dict[str, Any]]:
    """Return from when to when each fault and limit was reported, the last SPANS_MAX of them.

    kind: "fault" or "limit"; level: of a limit; to_ms: of the first record without it, None while
    the last record has it.
    """
    spans: list[dict[str, Any]] = []
    open_spans: dict[tuple[str, str, str | None], dict[str, Any]] = {}
    words: tuple[int, int] = (0, 0)
    for moment in moments:
        before, words = words, (moment.faults or 0, moment.limits or 0)
        if words == before:
            continue
        present = set(_names(*words))
        for name in [name for name in open_spans if name not in present]:
            open_spans.pop(name)["to_ms"] = moment.time_ms
        for kind, name, level in sorted(present - open_spans.keys(), key=str):
            span = {"kind": kind, "name": name, "level": level, "from_ms": moment.time_ms}
            spans.append({**span, "to_ms": None})
            open_spans[kind, name, level] = spans[-1]
    return spans[-SPANS_MAX:]


def _names(fault_word: int, limit_word: int) -> list[tuple[str, str, str | None]]:
    faults, limits = quantities.faults(fault_word), quantities.limits(limit_word) or "none"
    found: list[tuple[str, str, str | None]] = []
    if faults != "none":
        found += [("fault", name, None) for name in faults.split("+")]
    if limits != "none":
        for part in limits.split("+"):
            kind, _, level = part.partition(":")
            found.append(("limit", kind, level))
    return found
