"""From the logs of a family's runs to its figures, all runs together.

Errors count from the family's own beginning (``families.Counted``) on; a run in which it never
comes counts from its first anchor, and not at all without one. What lies before is ``before``.
All figures are per cent; None where there is nothing to tell.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Any

from filmgauge_sim.score.bounds import FAILURES
from filmgauge_sim.score.families import Counted
from filmgauge_sim.score.run import RunLog, Track
from filmgauge_sim.score.steps import End

DAY_S = 86400.0
TTE_LEAST = 0.10  # a time to empty is judged while more than this of the reference is to come


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square, 95th percentile and worst of some errors."""

    rmse: float | None
    p95: float | None
    worst: float | None


def errors_of(values: Iterable[float]) -> Errors:
    """Of errors of either sign; NaN are left out (they are counted as failures)."""
    sizes = sorted(abs(value) for value in values if isfinite(value))
    if not sizes:
        return Errors(None, None, None)
    square = sum(size * size for size in sizes) / len(sizes)
    rank = max(0, -(-95 * len(sizes) // 100) - 1)  # nearest rank
    return Errors(sqrt(square), sizes[rank], sizes[-1])


def counted_from_s(log: RunLog, counted: Counted) -> float:
    """The time from which on the errors of a run count; infinite for never."""
    if counted is Counted.DAY:
        return DAY_S
    if not log.ends:
        return inf
    first_s, first = log.ends[0]
    if counted is Counted.SWING:
        return next((time_s for time_s, end in log.ends if end is not first), first_s)
    return first_s


def learnt_from_s(log: RunLog, counted: Counted) -> float:
    """The time from which on the capacity counts: a full swing, in a family that has them."""
    start_s = counted_from_s(log, counted)
    if counted is Counted.ANCHOR:
        return start_s
    return max(start_s, counted_from_s(log, Counted.SWING))


def figures(logs: Sequence[RunLog], name: str, counted: Counted) -> dict[str, Any]:
    """The figures of one gauge over all runs of a family."""
    starts = [counted_from_s(log, counted) for log in logs]
    tracks = [log.tracks[name] for log in logs]
    after = _soc_errors(logs, tracks, starts, lambda time_s, start_s: time_s >= start_s)
    before = _soc_errors(logs, tracks, starts, lambda time_s, start_s: time_s < start_s)
    looks = _all_looks(logs, tracks, starts)
    healthy = _all_looks(logs, tracks, [learnt_from_s(log, counted) for log in logs])
    available = errors_of(look.available for look in looks)
    times = [abs(look.to_empty) for look in looks if isfinite(look.to_empty)]
    asked = sum(look.is_emptying for look in looks)
    found = {
        **_named("soc", after[0]),
        "coverage_pct": after[1],
        **_named("available", available),
        "capacity_error_pct": _mean(look.capacity for look in healthy),
        "capacity_max_pct": errors_of(look.capacity for look in healthy).worst,
        "resistance_error_pct": _mean(look.resistance for look in looks),
        "tte_error_pct": _mean(times),
        "tte_known_pct": 100.0 * len(times) / asked if asked else None,
        "before": {**_named("soc", before[0]), "coverage_pct": before[1]},
    }
    return found | {"failures": _failures(tracks)}


@dataclass(frozen=True, slots=True)
class Look:
    """Errors of one look in per cent; NaN where the gauge or the question does not apply."""

    available: float
    capacity: float
    resistance: float
    to_empty: float
    is_emptying: bool


def _all_looks(
    logs: Sequence[RunLog], tracks: Sequence[Track], starts: Sequence[float]
) -> list[Look]:
    runs = zip(logs, tracks, starts, strict=True)
    return [look for log, track, start_s in runs for look in _looks(log, track, start_s)]


def _looks(log: RunLog, track: Track, start_s: float) -> Iterable[Look]:
    for at, sample in enumerate(log.look):
        if log.time_s[sample] < start_s:
            continue
        reference, true_h = log.reference_uah[at], log.time_to_empty_h[at]
        emptying = isfinite(true_h) and true_h * log.mean_ua[at] > TTE_LEAST * reference
        yield Look(
            100.0 * (track.available_uah[at] - log.available_uah[at]) / reference,
            100.0 * (track.full_uah[at] / log.full_uah[at] - 1.0),
            100.0 * (track.resistance_ohm[at] / log.resistance_ohm - 1.0),
            100.0 * (track.time_to_empty_h[at] / true_h - 1.0) if emptying else float("nan"),
            emptying,
        )


def _soc_errors(
    logs: Sequence[RunLog],
    tracks: Sequence[Track],
    starts: Sequence[float],
    chosen: Callable[[float, float], bool],
) -> tuple[Errors, float | None]:
    """Errors of the state of charge, and the share of them within two sigma."""
    found: list[float] = []
    within = judged = 0
    for log, track, start_s in zip(logs, tracks, starts, strict=True):
        columns = zip(log.time_s, log.soc, track.soc, track.sigma, strict=True)
        for time_s, true, said, sigma in columns:
            if not chosen(time_s, start_s):
                continue
            found.append(100.0 * (said - true))
            if isfinite(sigma):
                judged += 1
                within += abs(said - true) <= 2.0 * sigma
    return errors_of(found), 100.0 * within / judged if judged else None


def _failures(tracks: Iterable[Track]) -> dict[str, int]:
    """What must never happen, counted over whole runs."""
    found = dict.fromkeys(FAILURES, 0)
    for track in tracks:
        found["not_a_number"] += sum(not isfinite(value) for value in track.soc)
        found["not_a_number"] += sum(not isfinite(value) for value in track.available_uah)
        found["out_of_range"] += sum(value < 0.0 or value > 1.0 for value in track.soc)
        found["out_of_range"] += sum(value < 0.0 for value in track.available_uah)
        found["silent_jumps"] += track.silent_jumps
        found["exceptions"] += len(track.problems)
    return found


def _named(what: str, errors: Errors) -> dict[str, float | None]:
    return {
        f"{what}_rmse_pct": errors.rmse,
        f"{what}_p95_pct": errors.p95,
        f"{what}_max_pct": errors.worst,
    }


def _mean(values: Iterable[float]) -> float | None:
    sizes = [abs(value) for value in values if isfinite(value)]
    return sum(sizes) / len(sizes) if sizes else None


def anchors(log: RunLog) -> dict[str, int]:
    """Ends of charge and of discharge of a run."""
    kinds = [end for _, end in log.ends]
    return {"full": kinds.count(End.FADED), "empty": kinds.count(End.LOW)}
