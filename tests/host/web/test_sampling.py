"""Fewer points with the same extremes, whatever the course."""

from hypothesis import given
from hypothesis import strategies as st

from filmgauge_host.web.sampling import kept_indices

VALUES = st.one_of(st.none(), st.integers(-1000, 1000).map(float))


@st.composite
def courses(draw: st.DrawFn) -> tuple[list[int], list[list[float | None]]]:
    count = draw(st.integers(0, 400))
    steps = draw(st.lists(st.sampled_from([0, 1, 1, 7, 5000]), min_size=count, max_size=count))
    times = [sum(steps[: at + 1]) for at in range(count)]
    column = st.lists(VALUES, min_size=count, max_size=count)
    return times, draw(st.lists(column, min_size=1, max_size=3))


@given(courses(), st.integers(50, 120))
def test_bounded_ordered_and_with_its_ends(course, points: int) -> None:
    times, columns = course
    kept = kept_indices(times, columns, points)
    assert len(kept) <= points
    assert kept == sorted(set(kept))
    if times:
        assert (kept[0], kept[-1]) == (0, len(times) - 1)
    if len(times) <= points:
        assert len(kept) == len(times)


@given(courses(), st.integers(50, 120))
def test_every_column_keeps_its_least_and_largest(course, points: int) -> None:
    times, columns = course
    kept = kept_indices(times, columns, points)
    for column in columns:
        known = [value for value in column if value is not None]
        left = [column[at] for at in kept if column[at] is not None]
        if known:
            assert (min(left), max(left)) == (min(known), max(known))
