"""Ranges of numbers, against a plain set."""

from hypothesis import given
from hypothesis import strategies as st

from filmgauge_host.telemetry.number_ranges import NumberRanges


@given(st.lists(st.integers(0, 40), max_size=200))
def test_agrees_with_a_plain_set(numbers) -> None:
    ranges, added = NumberRanges(), set()
    for number in numbers:
        assert ranges.add(number) == (number not in added)
        added.add(number)


def test_numbers_without_neighbours_take_bounded_memory() -> None:
    ranges = NumberRanges()
    for number in range(0, 100_000, 2):
        assert ranges.add(number)
    assert len(ranges._ends) == 2000
    assert not ranges.add(0)
    assert not ranges.add(99_998)
    assert ranges.add(99_997)
