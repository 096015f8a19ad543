"""Nodes with the real firmware behind a bridge, on an air that loses a third of everything."""

from bench.bluetooth_campaign import NODES, campaign


def test_eight_nodes_at_once_lose_nothing_and_send_nothing_twice() -> None:
    """A report every ten minutes of eight nodes at the same moment; the full day is a bench."""
    found = campaign("90min", loss=0.3)
    assert NODES * 9 < found.made <= NODES * 10  # a slow clock misses the last one
    assert found.lost == 0
    assert found.duplicated == 0
    assert found.received + found.waiting == found.made
    assert found.waiting <= 2 * NODES  # the last visits may fail: the next ones would fetch them
