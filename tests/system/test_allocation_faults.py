"""A sample of the statements at which `make soak` lets every allocation fail."""

import pytest
from allocation_faults import campaign


@pytest.mark.parametrize(
    ("board", "wake", "numbers"),
    [
        ("esp32-c3", "reporting", range(35, 6500, 410)),
        ("stm32wb55", "reporting", range(50, 7000, 870)),
        ("pico-w", "commanded", range(36, 9000, 900)),
    ],
)
def test_a_node_outlives_a_heap_that_is_full(board: str, wake: str, numbers: range) -> None:
    results = list(campaign(board, numbers, wake))
    assert [result for result in results if result.problems] == []
    assert len(results) == len(numbers)
    assert any(result.failed for result in results)  # a statement that allocates was among them
