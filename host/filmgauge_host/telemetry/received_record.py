"""A record as it arrived: whose it is, when it came, and whether it had waited on the node."""

from dataclasses import dataclass

from filmgauge.record.record import Record


@dataclass(frozen=True, slots=True)
class ReceivedRecord:
    """One received record. received_unix_ms: the host's clock. history: it is not a live value."""

    node: str
    record: Record
    received_unix_ms: int
    history: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """See record_key."""
        return record_key(self.record)

    def value(self, name: str) -> int | None:
        """Return the field `name` of the record in its integer unit, None when not known."""
        return getattr(self.record, name)

    def to_json(self) -> str:
        """Return one flat JSON object: node, history, then the record's own keys."""
        history = "true" if self.history else "false"
        rest = self.record.to_json()[1:]
        return f'{{"node":"{self.node}","history":{history},{rest}'


def record_key(record: Record) -> tuple[int, int]:
    """Return (boot, seq): orders the records of one node, whatever the order of arrival."""
    boot, seq = record.values()[:2]
    return boot, seq
