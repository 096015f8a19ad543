"""A record as it arrived: whose it is, when it came, and whether it had waited on the node."""

from typing import Any, Self, TypeAlias

from filmgauge.record.record import Record, fields

RecordKey: TypeAlias = tuple[int, int, int]
# The values of COLUMNS: text, then integers or None; history is 0 or 1.
Row: TypeAlias = tuple[Any, ...]

FIELDS = tuple(name for name, *_ in fields())
COLUMNS = ("node", *FIELDS, "received_unix_ms", "history")
_NUMBERS = {name: number for number, name in enumerate(COLUMNS)}
_LIFE, _BOOT, _SEQ = (_NUMBERS[name] for name in ("life", "boot", "seq"))


class ReceivedRecord:
    """One received record; must not be changed. received_unix_ms: the host's clock. history: it
    is not a live value.

    row: all of it in the order of COLUMNS, as stores have it. A record that came from there or
    from the broker is a row, and becomes a `Record` only for those who ask for it.
    """

    __slots__ = ("_record", "row")

    row: Row
    _record: Record | None

    def __init__(self, node: str, record: Record, received_unix_ms: int, history: bool = False):
        self.row = (node, *record.values(), received_unix_ms, int(history))
        self._record = record

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the record of a row whose values are within the bounds of a record's fields."""
        received = cls.__new__(cls)
        received.row = row
        received._record = None
        return received

    @property
    def node(self) -> str:
        """Return the name of the node."""
        return self.row[0]

    @property
    def received_unix_ms(self) -> int:
        """Return when it came, by the host's clock."""
        return self.row[-2]

    @property
    def history(self) -> bool:
        """Return whether it had waited somewhere before it came."""
        return bool(self.row[-1])

    @property
    def record(self) -> Record:
        """Return what the node has sent."""
        if self._record is None:
            record = Record.__new__(Record)
            record.__dict__.update(zip(FIELDS, self.row[1:-2], strict=True))
            self._record = record
        return self._record

    @property
    def key(self) -> RecordKey:
        """See record_key."""
        row = self.row
        return row[_LIFE], row[_BOOT], row[_SEQ]

    def value(self, name: str) -> int | None:
        """Return the field `name` of the record in its integer unit, None when not known."""
        return self.row[_NUMBERS[name]]

    def to_json(self) -> str:
        """Return one flat JSON object: node, history, then the record's own keys."""
        history = "true" if self.history else "false"
        rest = self.record.to_json()[1:]
        return f'{{"node":"{self.node}","history":{history},{rest}'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReceivedRecord) and self.row == other.row

    def __hash__(self) -> int:
        return hash(self.row)

    def __repr__(self) -> str:
        return f"ReceivedRecord({self.to_json()}, {self.received_unix_ms})"


def record_key(record: Record) -> RecordKey:
    """Return (life, boot, seq), which no other record of a node has.

    Within a life it orders records, whatever the order of arrival. Lives are random numbers:
    which one is newer only their arrival says. Life 0: of a version that had none.
    """
    values = record.values()
    return values[-1], values[0], values[1]
