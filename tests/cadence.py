"""When a node of a scenario reports, from its section alone: for tests of several folders."""

from filmgauge_sim.scenario.scenario import NodeSection


def period_s(node: NodeSection) -> int:
    """Return the time from report to report, s."""
    return node.firmware.sample_s * node.firmware.report_every


def reports_due(node: NodeSection, seconds: float) -> int:
    """Return how many reports begin in a boot of `seconds`; the first comes at once."""
    return int(-(-seconds // period_s(node)))
