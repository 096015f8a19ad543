"""What has come to this process, where others write the same store: a record that one of them was
quicker to store is a duplicate for the store, and new here."""

from collections import defaultdict
from collections.abc import Sequence

from filmgauge_host.telemetry.ingest_store import Outcome
from filmgauge_host.telemetry.number_ranges import NumberRanges
from filmgauge_host.telemetry.received_record import ReceivedRecord


class Arrivals:
    """The numbers of all records that this process has received."""

    def __init__(self) -> None:
        self._numbers: defaultdict[tuple[str, int, int], NumberRanges] = defaultdict(NumberRanges)

    def outcomes(
        self, records: Sequence[ReceivedRecord], stored: Sequence[Outcome]
    ) -> list[Outcome]:
        """Return what records are for this process. stored: what they are for the store."""
        return [
            outcome if outcome is Outcome.CONFLICT else self._outcome(received, outcome)
            for received, outcome in zip(records, stored, strict=True)
        ]

    def _outcome(self, received: ReceivedRecord, outcome: Outcome) -> Outcome:
        life, boot, seq = received.key
        is_first = self._numbers[received.node, life, boot].add(seq)
        return Outcome.STORED_BY_OTHER if is_first and outcome is Outcome.DUPLICATE else outcome
