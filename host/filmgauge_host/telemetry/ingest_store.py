"""What the ingest needs of a store, so that it works with any: SQLite's and PostgreSQL's."""

import enum
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from filmgauge_host.telemetry.received_record import ReceivedRecord


class Outcome(enum.Enum):
    """What became of a record: stored, there already, or there already with other content.

    STORED_BY_OTHER: another process has stored it, and it has come to this one for the first time.
    For the store it is a duplicate.
    """

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    STORED_BY_OTHER = "stored by other"

    @property
    def is_first(self) -> bool:
        """Whether the record has come for the first time."""
        return self in (Outcome.NEW, Outcome.STORED_BY_OTHER)


class Gap(NamedTuple):
    """Numbers `first` to `last` of a boot that are missing, while others of it are there."""

    life: int
    boot: int
    first: int
    last: int


class SessionMemory(Protocol):
    """Where a session at a broker is remembered. Methods raise StorageError."""

    @property
    def identity(self) -> str:
        """Return text that no other store has, the same whenever this one is opened: names the
        session, in which the broker keeps what comes while nobody is connected."""
        ...

    def attribute(self, name: str) -> str | None:
        """Return the text under a name, None for nothing."""
        ...

    def set_attribute(self, name: str, value: str) -> None:
        """Keep a text under a name."""
        ...


class IngestStore(SessionMemory, Protocol):
    """Records by (node, life, boot, seq), each once: the first that came stays.

    Methods raise StorageError, having changed nothing, when the store cannot be used just now;
    the ingest keeps what it has not stored, acknowledges none of it and tries again.
    """

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write it meanwhile."""
        ...

    def check_exists(self) -> None:
        """Raise StorageError where what is written would not be found again, and another
        FilmgaugeError for what ends this process."""
        ...

    def add(self, batch: Sequence[ReceivedRecord]) -> list[Outcome]:
        """Commit the rows of a batch in one transaction and return the outcome of each, in turn.

        When it returns, they have reached the disk. The same key may come twice in a batch: then
        the first is new. Whether a record is a duplicate or a conflict is judged by its fields
        alone, not by when it came and whether it was history. A new record that is not history
        makes its life a live one: see `lives`.
        """
        ...

    def lives(self, node: str) -> dict[int, bool]:
        """Return the lives of a node, the newest last, and whether each has sent a live record.

        Of two, the one whose first live record came later is newer; one of which only history
        has come is older than the one that was newest then.
        """
        ...

    def boots(self, node: str, life: int) -> list[tuple[int, int, int, int]]:
        """Return (boot, first seq, last seq, number of records) of each boot of a life."""
        ...

    def newest(self, node: str, limit: int) -> list[ReceivedRecord]:
        """Return up to `limit` records with the highest (boot, seq) of the newest life, of those
        before it when it has fewer; oldest of them first."""
        ...

    def latest(self, node: str) -> ReceivedRecord | None:
        """Return the newest record; where it is too old to be there what its hour has left of it,
        as history of that hour. None for a node without either."""
        ...

    def gaps(self, node: str) -> list[Gap]:
        """Return what is missing of a node, lives in the order of `lives`.

        Of a boot all numbers from 0 to its highest must be there; but of the lowest boot of a
        life the beginning may have come before anybody listened, and is not missed.
        """
        ...
