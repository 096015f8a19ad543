"""How a batch of records gets into a store, whichever database holds it.

    outcomes = store.add([received, ...])

A record counts as stored when `add` returns. What is in the tables beside the records follows in
the same transaction: the order of lives, the clocks of boots, the hours to summarise.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from filmgauge_host.telemetry.ingest_store import Outcome
from filmgauge_host.telemetry.measurement_time import BootClock, Dispute
from filmgauge_host.telemetry.received_record import COLUMNS, FIELDS, ReceivedRecord, Row
from filmgauge_host.telemetry.store_reader import StoreReader
from filmgauge_host.telemetry.store_tables import BOOTS, HOUR_MS, LIVES, UNSUMMARISED

Boot: TypeAlias = tuple[str, int, int]  # node, life, boot
Hours: TypeAlias = set[tuple[str, int]]  # node, begin in Unix ms
_Move: TypeAlias = tuple[int, int, int]  # seq, unix_ms before and after

_LIFE_AT, _BOOT_AT, _SEQ_AT, _UP_AT = (
    COLUMNS.index(name) for name in ("life", "boot", "seq", "up_s")
)
_SAME = (
    f"SELECT {', '.join(FIELDS)} FROM records WHERE node = ? AND life = ? AND boot = ? AND seq = ?"
)
_LIFE = "SELECT live FROM lives WHERE node = ? AND life = ?"
_LAST_LIFE = "SELECT coalesce(max(number), 0) FROM lives WHERE node = ?"
_LIVE_LIFE = (
    "SELECT coalesce(max(number) FILTER (WHERE live = 1), max(number) + 1, 1) "
    "FROM lives WHERE node = ?"
)
_MAKE_ROOM = "UPDATE lives SET number = number + 1 WHERE node = ? AND number >= ?"
_CLOCK = "SELECT up_s, unix_ms, is_set FROM boots WHERE node = ? AND life = ? AND boot = ?"
_REMOVED = "SELECT first_seq, last_seq FROM removed WHERE node = ? AND life = ? AND boot = ?"
_OF_BOOT = "FROM records WHERE node = ? AND life = ? AND boot = ?"
_DATED = f"SELECT seq, up_s, unix_ms {_OF_BOOT} AND unix_ms > ?"
_RECEIVED = (
    f"SELECT seq, up_s, unix_ms, received_unix_ms, history {_OF_BOOT} "
    "AND unix_ms - 1000 * up_s < ?"
)
_REDATE = "UPDATE records SET unix_ms = ? WHERE node = ? AND life = ? AND boot = ? AND seq = ?"
_MARK = UNSUMMARISED.insert() + (
    " ON CONFLICT (node, unix_ms) DO UPDATE SET marks = unsummarised.marks + 1"
)
_REMOVE = "DELETE FROM records WHERE node = ? AND life = ? AND boot = ? AND seq = ?"
_SAVE_CLOCK_S = 3600
# A clock that is corrected with every record, as where a simulation is faster than time, has them
# dated anew when there are a tenth more of them, so that n records cost some n of it, not n * n.
_RARELY = 10


class Transaction(Protocol):
    """What runs statements with ? for values; all of them count, or none."""

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return the rows of a query."""
        ...

    def run(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row of values."""
        ...


@dataclass(slots=True)
class _BootState:
    """What writing needs of one boot."""

    clock: BootClock | None
    saved_up_s: int  # of the clock as the database has it
    misdated: int = 0  # records that came since what they are dated by was wrong
    redated: int = 0  # records of the boot when they were dated anew last
    removed: list[tuple[int, int]] = field(default_factory=list)

    def is_removed(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self.removed)


class StoreWriter(StoreReader):
    """A store that records are added to. is_shared: see IngestStore."""

    is_shared = False

    def __init__(self) -> None:
        self._boots: dict[Boot, _BootState] = {}
        self._disputes: dict[Boot, Dispute] = {}
        self._live: dict[tuple[str, int], bool] = {}

    @property
    @abstractmethod
    def rows(self) -> int:
        """The number of stored records, counted when it is asked for first; what other writers
        have added since is not in it."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """See SessionMemory, as for `attribute` and `set_attribute`."""

    @abstractmethod
    def attribute(self, name: str) -> str | None: ...

    @abstractmethod
    def set_attribute(self, name: str, value: str) -> None: ...

    @abstractmethod
    def check_exists(self) -> None:
        """Raise StorageError where what is written would not be found again."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Transaction]:
        """Return what commits at the end of a `with`, and undoes all where that is left by an
        error; database errors come out as StorageError."""

    @abstractmethod
    def insert_new(self, transaction: Transaction, rows: Sequence[Row]) -> list[bool]:
        """Insert rows of `records` with different keys unless their key is there; return which
        were inserted."""

    def stored(self, transaction: Transaction, keys: Set[tuple]) -> dict[tuple, Row]:
        """Return the fields of the records that have one of these keys, by key."""
        found = ((key, transaction.select(_SAME, key)) for key in keys)
        return {key: rows[0] for key, rows in found if rows}

    def add(self, batch: Sequence[ReceivedRecord]) -> list[Outcome]:
        """Commit a batch and return the outcome of each; raise StorageError, storing none."""
        try:
            with self.transaction() as transaction:
                return _Addition(self, transaction, batch).outcomes()
        except BaseException:
            self.forget()
            raise

    def forget(self) -> None:
        """Read again what is known of boots and lives: the database may have another mind."""
        for boot, state in self._boots.items():  # of which it knows nothing
            if state.clock is not None and state.clock.dispute is not None:
                self._disputes[boot] = state.clock.dispute
        self._boots.clear()
        self._live.clear()

    def mark(self, transaction: Transaction, hours: Hours) -> None:
        """Have hours (node, begin in Unix ms) summarised."""
        transaction.run(_MARK, [(*hour, 1) for hour in sorted(hours)])

    def unmarked(self, hours: Iterable[tuple[str, int]]) -> None:
        """Learn that hours were summarised."""

    def remove(self, transaction: Transaction, keys: Sequence[tuple]) -> None:
        """Remove the records that have these keys."""
        transaction.run(_REMOVE, keys)

    def alone(self, transaction: Transaction) -> bool:
        """Return whether no other process removes records until this transaction ends."""
        return True

    def boot_state(self, transaction: Transaction, boot: Boot) -> _BootState:
        """Return what is known of a boot, from memory where it has been asked for before."""
        state = self._boots.get(boot)
        if state is None:
            clock, saved_up_s = None, -1
            for saved_up_s, unix_ms, is_set in transaction.select(_CLOCK, boot):
                dispute = self._disputes.pop(boot, None)
                clock = BootClock(saved_up_s, unix_ms, bool(is_set), dispute=dispute)
            state = self._boots[boot] = _BootState(
                clock,
                saved_up_s,
                removed=transaction.select(_REMOVED, boot),
            )
        return state

    def lock_lives(self, transaction: Transaction) -> None:
        """Let no other process number lives before this transaction ends, where there can be
        one."""

    def redate(self, transaction: Transaction, boot: Boot) -> Hours:
        """Date anew what the clock of a boot had dated before it was corrected; return the hours
        (node, begin) that have changed."""
        state = self._boots.get(boot)
        clock = state and state.clock
        if state is None or clock is None or not clock.is_corrected:
            return set()
        hours: Hours = set()
        if clock.is_set_back:
            dated = transaction.select(_DATED, (*boot, clock.at(0)))
            hours |= _move(transaction, boot, _set_back(clock, dated))
            state.redated = len(dated)
        if clock.is_set_forward:
            received = transaction.select(_RECEIVED, (*boot, clock.at(0)))
            hours |= _move(transaction, boot, _set_forward(clock, received))
        state.saved_up_s, state.misdated = -1, 0
        clock.is_set_back = clock.is_set_forward = False
        return hours

    def redate_all(self) -> None:
        """Date anew whatever was put off; raise StorageError."""
        with self.transaction() as transaction:
            for boot in list(self._boots):
                self.mark(transaction, self.redate(transaction, boot))

    def order_life(self, transaction: Transaction, node: str, life: int, live: bool) -> None:
        """Give the life of a new record its number among those of its node."""
        known = self._live.get((node, life))
        if known is None:
            found = transaction.select(_LIFE, (node, life))
            known = bool(found[0][0]) if found else None
        if known is None or known < live:
            self.lock_lives(transaction)
            if live:
                number = transaction.select(_LAST_LIFE, (node,))[0][0] + 1
            else:  # before the one that sends it, behind all others
                number = transaction.select(_LIVE_LIFE, (node,))[0][0]
                transaction.run(_MAKE_ROOM, [(node, number)])
            transaction.run(LIVES.upsert(), [(node, life, number, int(live))])
            known = live
        self._live[node, life] = known


class _Addition:
    """One batch on its way into a store."""

    def __init__(
        self, store: StoreWriter, transaction: Transaction, batch: Sequence[ReceivedRecord]
    ) -> None:
        self._store = store
        self._transaction = transaction
        self._batch = batch
        self._states: dict[Boot, _BootState] = {}

    def outcomes(self) -> list[Outcome]:
        """Store the batch; return the outcome of each record."""
        rows = [self._row(received) for received in self._batch]
        first: dict[tuple, int] = {}  # key: where it comes first in the batch
        for index, row in enumerate(rows):
            key = _key(row)
            if key not in first and not self._states[key[:3]].is_removed(key[3]):
                first[key] = index
        order = sorted(first.values(), key=lambda index: _key(rows[index]))
        inserted = self._store.insert_new(self._transaction, [rows[index] for index in order])
        new = {index for index, is_new in zip(order, inserted, strict=True) if is_new}
        self._follow([rows[index] for index in sorted(new)])
        others = [row for index, row in enumerate(rows) if index not in new]
        stored = self._store.stored(self._transaction, {_key(row) for row in others})
        return [
            Outcome.NEW if index in new else _compared(row, stored.get(_key(row)))
            for index, row in enumerate(rows)
        ]

    def _row(self, received: ReceivedRecord) -> Row:
        """Return the row of a record, dated."""
        row = received.row
        state = self._state(_key(row)[:3])
        up_s, unix_ms, is_live = row[_UP_AT], row[-2], not row[-1]
        if state.clock is None:
            state.clock = BootClock.first(up_s, unix_ms, is_live)
        else:
            unix_ms = state.clock.date(up_s, unix_ms, is_live)
        return (*row, unix_ms)

    def _state(self, boot: Boot) -> _BootState:
        state = self._states.get(boot)
        if state is None:
            state = self._states[boot] = self._store.boot_state(self._transaction, boot)
        return state

    def _follow(self, new: list[Row]) -> None:
        """Bring along what depends on records that are new."""
        for row in new:
            self._store.order_life(self._transaction, row[0], row[_LIFE_AT], not row[-2])
        hours = {(row[0], row[-1] // HOUR_MS * HOUR_MS) for row in new}
        changed: list[Row] = []
        fresh = Counter((row[0], row[_LIFE_AT], row[_BOOT_AT]) for row in new)
        for boot, state in self._states.items():
            clock = state.clock
            if clock is None:
                continue
            if clock.is_corrected:
                state.misdated += fresh[boot]
                if clock.is_set_forward or _RARELY * state.misdated >= state.redated:
                    hours |= self._store.redate(self._transaction, boot)
            if state.saved_up_s < 0 or abs(clock.up_s - state.saved_up_s) >= _SAVE_CLOCK_S:
                changed.append((*boot, clock.up_s, clock.unix_ms, int(clock.is_set)))
                state.saved_up_s = clock.up_s
        self._transaction.run(BOOTS.upsert(), sorted(changed))
        self._store.mark(self._transaction, hours)


def _set_back(clock: BootClock, dated: Sequence[Row]) -> list[_Move]:
    """Return what is too late for a clock, and what it dates from there on. dated: seq, up_s and
    unix_ms of each record that may be."""
    wrong = [up_s for _, up_s, unix_ms in dated if clock.is_misdated(up_s, unix_ms)]
    since_s = min(wrong, default=None)
    return [
        (seq, unix_ms, clock.at(up_s))
        for seq, up_s, unix_ms in dated
        if since_s is not None and up_s >= since_s and unix_ms > clock.at(up_s)
    ]


def _set_forward(clock: BootClock, received: Sequence[Row]) -> list[_Move]:
    """Return what is too early for a clock."""
    moved: list[_Move] = []
    for seq, up_s, unix_ms, received_unix_ms, history in received:
        after_ms = clock.date_again(up_s, unix_ms, received_unix_ms, not history)
        if after_ms != unix_ms:
            moved.append((seq, unix_ms, after_ms))
    return moved


def _move(transaction: Transaction, boot: Boot, moved: Sequence[_Move]) -> Hours:
    """Date records anew; return the hours that have changed."""
    transaction.run(_REDATE, [(after_ms, *boot, seq) for seq, _, after_ms in moved])
    hours = {each // HOUR_MS * HOUR_MS for _, *both in moved for each in both}
    return {(boot[0], hour) for hour in hours}


def _compared(row: Row, stored: Row | None) -> Outcome:
    """Return what a record is that was not inserted. stored: the fields that are there, None
    where retention has removed them."""
    same = stored is None or stored == row[1 : 1 + len(FIELDS)]
    return Outcome.DUPLICATE if same else Outcome.CONFLICT


def _key(row: Row) -> tuple:
    return row[0], row[_LIFE_AT], row[_BOOT_AT], row[_SEQ_AT]
