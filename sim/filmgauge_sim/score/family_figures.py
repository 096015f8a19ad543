"""From the logs of a family's runs to its figures, all runs together.

Errors count from the family's own beginning (``families.CountedFrom``) on; a run in which it never
comes counts from its first anchor, and not at all without one. What lies before is ``before``.
All figures are per cent; None where there is nothing to judge.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from math import inf, isfinite, isnan
from operator import sub
from typing import Any

from filmgauge_sim.score.bounds import FAILURES
from filmgauge_sim.score.cell_run import End
from filmgauge_sim.score.coverage import CellCoverage, RowCoverage
from filmgauge_sim.score.families import CountedFrom
from filmgauge_sim.score.measure import SocErrors, errors_of, mean_size, named
from filmgauge_sim.score.run import RunLog, Track

DAY_S = 86400.0
LATE_S = 30.0 * DAY_S  # when a wrong profile has to show in sigma, without a swing
TTE_LEAST = 0.10  # a time to empty is judged while more than this of the reference is to come


def counted_from_s(log: RunLog, counted: CountedFrom) -> float:
    """The time from which on the errors of a run count; infinite for never."""
    if counted is CountedFrom.DAY:
        return DAY_S
    if not log.ends:
        return inf
    first_s, first = log.ends[0]
    if counted is CountedFrom.SWING:
        return next((time_s for time_s, end in log.ends if end is not first), first_s)
    return first_s


def learnt_from_s(log: RunLog, counted: CountedFrom) -> float:
    """The time from which on the capacity counts: a full swing, in a family that has them."""
    start_s = counted_from_s(log, counted)
    if counted is CountedFrom.ANCHOR:
        return start_s
    return max(start_s, counted_from_s(log, CountedFrom.SWING))


def figures(logs: Sequence[RunLog], name: str, counted: CountedFrom) -> dict[str, Any]:
    """The figures of one gauge over all runs of a family."""
    starts = [counted_from_s(log, counted) for log in logs]
    tracks = [log.tracks[name] for log in logs]
    after, before = _soc_errors(logs, tracks, starts)
    runs = _evaluations(logs, tracks, starts)
    evaluations = list(chain.from_iterable(runs))
    learnt = [learnt_from_s(log, counted) for log in logs]
    known = runs if learnt == starts else _evaluations(logs, tracks, learnt)
    healthy = list(chain.from_iterable(known))
    times = [each.to_empty for each in evaluations if isfinite(each.to_empty)]
    emptying = sum(each.is_emptying for each in evaluations)
    return {
        **after.as_dict(),
        **named("available", errors_of(each.available for each in evaluations)),
        "capacity_error_pct": mean_size(each.capacity for each in healthy),
        "capacity_max_pct": errors_of(each.capacity for each in healthy).worst,
        "resistance_error_pct": mean_size(each.resistance for each in evaluations),
        "tte_error_pct": mean_size(times),
        "tte_known_pct": 100.0 * len(times) / emptying if emptying else None,
        "before": before.as_dict(),
        "covered": {
            "soc": _soc_covered(logs, tracks, starts),
            "late_soc": _soc_covered(logs, tracks, [LATE_S] * len(logs)),
            **{
                what: _covered([run_of(each) for each in runs]) for what, run_of in _JUDGED.items()
            },
        },
        "told_in_swing_pct": _unlike_in_swing_pct(logs, tracks),
        "told_pct": 100.0 * sum(any(track.is_unlike) for track in tracks) / len(tracks),
        "failures": _failures(tracks),
    }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Errors at one evaluation in per cent, and their sigmas in the same; NaN where the gauge or
    the question does not apply."""

    available: float
    capacity: float
    resistance: float
    to_empty: float
    is_emptying: bool
    available_sigma: float
    capacity_sigma: float
    to_empty_sigma: float


Pairs = Iterable[tuple[float, float]]
# What is judged beside the state of charge: errors and sigmas of a run.
_JUDGED: dict[str, Callable[[Sequence[Evaluation]], Pairs]] = {
    "available": lambda run: ((each.available, each.available_sigma) for each in run),
    "capacity": lambda run: ((each.capacity, each.capacity_sigma) for each in run),
    "tte": lambda run: (
        (each.to_empty, each.to_empty_sigma) for each in run if not isnan(each.to_empty)
    ),
}


def _evaluations(
    logs: Sequence[RunLog], tracks: Sequence[Track], starts: Sequence[float]
) -> list[list[Evaluation]]:
    """Of each run, the evaluations from its start on."""
    runs = zip(logs, tracks, starts, strict=True)
    return [list(_of_run(log, track, start_s)) for log, track, start_s in runs]


def _of_run(log: RunLog, track: Track, start_s: float) -> Iterator[Evaluation]:
    for at, sample in enumerate(log.evaluated):
        if log.time_s[sample] < start_s:
            continue
        reference, true_h = log.reference_uah[at], log.time_to_empty_h[at]
        emptying = isfinite(true_h) and true_h * log.mean_ua[at] > TTE_LEAST * reference
        yield Evaluation(
            100.0 * (track.available_uah[at] - log.available_uah[at]) / reference,
            100.0 * (track.full_uah[at] / log.full_uah[at] - 1.0),
            100.0 * (track.resistance_ohm[at] / log.resistance_ohm - 1.0),
            100.0 * (track.time_to_empty_h[at] / true_h - 1.0) if emptying else float("nan"),
            emptying,
            100.0 * track.available_sigma_uah[at] / reference,
            100.0 * track.full_sigma_uah[at] / log.full_uah[at],
            100.0 * track.time_to_empty_sigma_h[at] / true_h if emptying else float("nan"),
        )


def _soc_errors(
    logs: Sequence[RunLog], tracks: Sequence[Track], starts: Sequence[float]
) -> tuple[SocErrors, SocErrors]:
    """Errors of the state of charge from each run's start on, and those before it."""
    after, before = SocErrors(), SocErrors()
    for log, track, start_s in zip(logs, tracks, starts, strict=True):
        first = bisect_left(log.time_s, start_s)
        before.add_run(track.soc[:first], log.soc[:first], track.sigma[:first])
        after.add_run(track.soc[first:], log.soc[first:], track.sigma[first:])
    return after, before


def _soc_covered(
    logs: Sequence[RunLog], tracks: Sequence[Track], starts: Sequence[float]
) -> dict[str, float | None]:
    runs: list[Pairs] = []
    for log, track, start_s in zip(logs, tracks, starts, strict=True):
        first = bisect_left(log.time_s, start_s)
        errors = map(sub, track.soc[first:], log.soc[first:])
        runs.append(zip(errors, track.sigma[first:], strict=True))
    return _covered(runs)


def _covered(runs: Iterable[Pairs]) -> dict[str, float | None]:
    return asdict(RowCoverage.of([CellCoverage.of(run) for run in runs]))


def _unlike_in_swing_pct(logs: Sequence[RunLog], tracks: Sequence[Track]) -> float | None:
    """Share of the cells with a full swing of which the gauge said by its end, or at the next
    evaluation, that they are unlike their profile."""
    told: list[bool] = []
    for log, track in zip(logs, tracks, strict=True):
        swung_s = next((time_s for time_s, end in log.ends if end is not log.ends[0][1]), inf)
        until = bisect_left(log.evaluated, bisect_left(log.time_s, swung_s))
        if until < len(log.evaluated):
            told.append(any(track.is_unlike[: until + 1]))
    return 100.0 * sum(told) / len(told) if told else None


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


def anchors(log: RunLog) -> dict[str, int]:
    """Ends of charge and of discharge of a run."""
    kinds = [end for _, end in log.ends]
    return {"full": kinds.count(End.FADED), "empty": kinds.count(End.LOW)}
