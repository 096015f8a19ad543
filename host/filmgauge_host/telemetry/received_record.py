"""A record as it arrived: whose it is, when it came, and whether it had waited on the node."""

from dataclasses import dataclass
from typing import TypeAlias

from filmgauge.record.record import Record

RecordKey: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ReceivedRecord:
    """One received record. received_unix_ms: the host's clock. history: it is not a live value."""

    node: str
    record: Record
    received_unix_ms: int
    history: bool = False

    @property
    def key(self) -> RecordKey:
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


def record_key(record: Record) -> RecordKey:
    """Return (life, boot, seq), which no other record of a node has.

    Within a life it orders records, whatever the order of arrival. Lives are random numbers:
    which one is newer only their arrival says. Life 0: of a version that had none.
    """
    values = record.values()
    return values[-1], values[0], values[1]
