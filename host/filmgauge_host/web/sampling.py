"""Fewer points of a course without losing its extremes.

What is kept are points as they were, each with the key of its record. The bins of
telemetry/downsampling.py, of records that nobody can hold one by one, have none.
"""

from collections.abc import Sequence
from itertools import pairwise

POINTS_MAX = 5000


def kept_indices(
    times: Sequence[float], columns: Sequence[Sequence[float | None]], points: int
) -> list[int]:
    """Return which of the points to keep, at most `points` (from 50), in order.

    The time is cut into equal parts; of each part its first and last point stay, and of each
    column the points with the least and the largest value. times: ascending.
    """
    count = len(times)
    if count <= points:
        return list(range(count))
    most = 2 + 2 * len(columns)
    parts = max(1, points // 3)
    while True:
        kept = _of_parts(times, columns, parts)
        if len(kept) <= points:
            return kept
        # what one part gave decides how many there may be
        smaller = int(parts * points / len(kept) * 0.97)
        parts = max(1, min(parts - 1, smaller))
        if parts == 1 and points < most:
            return kept[:points]


def _of_parts(
    times: Sequence[float], columns: Sequence[Sequence[float | None]], parts: int
) -> list[int]:
    begin, span = times[0], (times[-1] - times[0]) or 1
    bounds: list[int] = []  # the first point of each part that has one
    part_before = -1
    for index, moment in enumerate(times):
        part = min(parts - 1, int((moment - begin) * parts / span))
        if part != part_before:
            bounds.append(index)
            part_before = part
    bounds.append(len(times))
    kept: set[int] = set()
    for start, end in pairwise(bounds):
        kept.add(start)
        kept.add(end - 1)
        if end - start > 2:
            for column in columns:
                known = [(v, at) for at in range(start, end) if (v := column[at]) is not None]
                if known:
                    kept.update((min(known)[1], max(known)[1]))
    return sorted(kept)
