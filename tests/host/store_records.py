"""Records for the tests of stores."""

from mqtt_nodes import record

from filmgauge_host.telemetry.received_record import ReceivedRecord


def report(seq: int, node: str = "bench", boot: int = 1, **values: int) -> ReceivedRecord:
    return ReceivedRecord(
        node, record(seq, boot, **values), received_unix_ms=1_700_000_000_000 + seq
    )


HOUR_MS = 3_600_000
NOON_MS = 1_700_049_600_000  # 2023-11-15 12:00 UTC


def sent(seq: int, came_s: float, history: bool = False, **values: int) -> ReceivedRecord:
    """Return a record measured 60 s times seq after a boot at NOON_MS."""
    return ReceivedRecord("bench", record(seq, **values), NOON_MS + round(came_s * 1000), history)
