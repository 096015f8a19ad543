"""Fewer points with the same extremes, whatever the course."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_host.web.sampling import kept_indices

Course = tuple[list[int], list[list[float | None]]]


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """Times with steps of all sizes, none too; columns with what is not known in between."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    count = draw(st.one_of(st.integers(0, 60), st.integers(0, 400)))
    steps = [chance.choice([0, 1, 1, 7, 5000]) for _ in range(count)]
    times = [sum(steps[: at + 1]) for at in range(count)]
    unknown = draw(st.sampled_from([0.0, 0.5, 1.0]))
    columns = [
        [None if chance.random() < unknown else chance.uniform(-9, 9) for _ in times]
        for _ in range(draw(st.integers(1, 3)))
    ]
    return times, columns


@settings(max_examples=60)
@given(courses(), st.integers(50, 120))
def test_bounded_ordered_with_its_ends_and_the_extremes_of_every_column(
    course: Course, points: int
) -> None:
    times, columns = course
    kept = kept_indices(times, columns, points)
    assert len(kept) <= points
    assert kept == sorted(set(kept))
    if times:
        assert (kept[0], kept[-1]) == (0, len(times) - 1)
    if len(times) <= points:
        assert len(kept) == len(times)
    for column in columns:
        known = [value for value in column if value is not None]
        left = [value for at in kept if (value := column[at]) is not None]
        if known:
            assert (min(left), max(left)) == (min(known), max(known))
