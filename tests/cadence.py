"""When a node of a scenario reports, from its description alone: for tests of several folders."""

from filmgauge_sim.nodes.description import NodeDescription


def period_s(node: NodeDescription) -> int:
    """Return the time from report to report, s."""
    return node.intervals.sample_s * node.intervals.report_every


def reports_due(node: NodeDescription, seconds: float) -> int:
    """Return how many reports begin in a boot of `seconds`; the first comes at once."""
    return int(-(-seconds // period_s(node)))
