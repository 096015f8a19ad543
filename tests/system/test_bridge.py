"""Nodes with the real firmware behind a bridge, on an air that loses a third of everything."""

from bench.bluetooth_bridge import NODES, campaign, latencies


def test_eight_nodes_at_once_lose_nothing_and_send_nothing_twice() -> None:
    """A report every ten minutes of eight nodes at the same moment; the full day is a bench."""
    found = campaign("60min", loss=0.3)
    made = found.total("sent") + found.total("waiting")
    assert NODES * 6 < made <= NODES * 7  # a slow clock misses the last one
    assert found.total("lost") == 0
    assert found.total("duplicated") == 0
    assert found.total("received") + found.total("waiting") == made
    assert found.total("waiting") <= 2 * NODES  # the last may fail: the next ones would fetch them


def test_what_is_timed_is_each_record_from_the_air_to_the_broker() -> None:
    found = latencies(1, minutes=2, speed=20.0)
    assert 9 <= len(found) <= 13  # a report in ten seconds; the last may be under way
    assert min(found) > 0.0
