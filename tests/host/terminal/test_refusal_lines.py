"""What is refused again and again does not fill a journal."""

from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.terminal.refusal_lines import RefusalLines

THIEF = Rejected("rig", "filmgauge/rig/telemetry", "rig is revoked", 0)
OTHER = Rejected("rig", "filmgauge/rig/telemetry", "record is not JSON", 0)


def test_each_refusal_is_said_once_and_its_repetitions_once_a_minute() -> None:
    lines = RefusalLines()
    said = "filmgauge/rig/telemetry: rig is revoked"
    assert lines.add(THIEF, 5.0) == said
    assert [lines.add(THIEF, 5.0 + second) for second in range(1, 60)] == [None] * 59
    assert lines.add(OTHER, 64.0) == "filmgauge/rig/telemetry: record is not JSON"
    assert lines.add(THIEF, 65.0) == f"{said} (and 59 more since it was said last)"
    assert lines.add(THIEF, 500.0) == said


def test_topics_that_somebody_makes_up_take_no_memory() -> None:
    lines = RefusalLines()
    for number in range(3000):
        made_up = Rejected(None, f"filmgauge/{number}/telemetry", "wrong", 0)
        assert lines.add(made_up, 1.0) == f"filmgauge/{number}/telemetry: wrong"
    assert len(lines._said) <= 1000
