"""Few points of many: whatever they are, the extremes stay and time runs forward."""

from hypothesis import example, given
from hypothesis import strategies as st

from filmgauge_host.telemetry.downsampling import Bins

VALUE = st.none() | st.integers(-1000, 1000)
READINGS = st.lists(st.tuples(st.integers(100, 999), VALUE, VALUE), min_size=1).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)


def sampled(readings, points: int) -> list[tuple]:
    bins = Bins(100, 1000, points, 2)
    for at, *values in readings:
        bins.add(at, values)
    return bins.rows()


@given(READINGS, st.integers(2, 60))
@example([(996, None, None)], 58)  # in the last bin, which ends with the span
def test_extremes_stay_and_time_runs_forward(readings, points) -> None:
    rows = sampled(readings, points)
    assert len(rows) <= points
    times = [row[0] for row in rows]
    assert times == sorted(set(times))
    assert times[0] >= 100
    assert times[-1] < 1000
    for column in (1, 2):
        given_values = {row[column] for row in readings} - {None}
        kept = {row[column] for row in rows} - {None}
        assert kept <= given_values
        if given_values:
            assert (min(kept), max(kept)) == (min(given_values), max(given_values))


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=900), st.integers(2, 60))
def test_what_only_rises_still_rises(values, points) -> None:
    rows = sampled([(100 + k, v, -v) for k, v in enumerate(sorted(values))], points)
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)


def test_the_order_within_a_bin_is_that_of_the_extremes() -> None:
    assert sampled([(100, 5, None), (200, 9, 1), (300, 1, None)], 2) == [(325, 9, 1), (775, 1, 1)]
