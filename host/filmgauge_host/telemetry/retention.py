"""Hours and days of what is stored, for ever, and the end of single records that are old.

    with RetentionThread(Retention(store, keep_raw_s=90 * 86400)):
        ...

An hour is summarised when it is over, from its records, and again when more of it have come late.
A record that is removed leaves its number behind: it is not missing, and does not come twice. What
comes so late that its hour has no records any more is added to the hour and removed, in its time.

A record is old where it was measured and received long ago: what a wrong clock has dated stays
until it is dated anew.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Self

from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store_tables import (
    DAILY,
    DAY_MS,
    HOUR_MS,
    HOURLY,
    RAW_FROM,
    REMOVED,
    SUMMARISED,
)
from filmgauge_host.telemetry.store_writer import StoreWriter, Transaction
from filmgauge_host.telemetry.summary import Summary
from filmgauge_host.telemetry.trusted_clock import TrustedClock

KEEP_RAW_S = 90 * 86400
_EVERY_S = 600.0
_STOP_S = 5.0
_LATE_MS = 600_000  # what comes within that time after an hour is waited for
_FOUND = 10_000  # hours that are looked for at once: there is no index by time over all nodes
_HOURS = 20  # that are summarised in one transaction, so that what arrives need not wait long
_SLICE_MS = 7 * DAY_MS  # of a node that is removed in one transaction

_VALUES = ", ".join(SUMMARISED)
_IN_HOUR = "FROM records WHERE node = ? AND unix_ms >= ? AND unix_ms < ?"
_RECORDS = f"SELECT {_VALUES} {_IN_HOUR} ORDER BY unix_ms, life, boot, seq"
_OVER = (
    "SELECT node, unix_ms FROM unsummarised WHERE unix_ms <= ? AND (unix_ms, node) > (?, ?) "
    "ORDER BY unix_ms, node LIMIT ?"
)
_UNMARK = "DELETE FROM unsummarised WHERE node = ? AND unix_ms = ? RETURNING unix_ms"
_SUMMARIES = (
    f"SELECT {', '.join(HOURLY.names[2:])} FROM hourly "
    "WHERE node = ? AND unix_ms >= ? AND unix_ms < ? ORDER BY unix_ms"
)
_FORGET_HOUR = "DELETE FROM hourly WHERE node = ? AND unix_ms = ?"
_FORGET_DAY = "DELETE FROM daily WHERE node = ? AND unix_ms = ?"
_RAW_FROM = "SELECT unix_ms FROM raw_from WHERE node = ?"
_KEYS = f"SELECT life, boot, seq {_IN_HOUR}"
_MARKED = "SELECT count(*) FROM unsummarised WHERE node = ? AND unix_ms >= ? AND unix_ms < ?"
_REMOVED_OF = "SELECT first_seq, last_seq FROM removed WHERE node = ? AND life = ? AND boot = ?"
_FORGET_REMOVED = "DELETE FROM removed WHERE node = ? AND life = ? AND boot = ?"
_OLDEST = "SELECT min(unix_ms) FROM records WHERE node = ? AND unix_ms >= ?"
_YOUNG = f"SELECT min(unix_ms) {_IN_HOUR} AND received_unix_ms >= ?"
# What was received later than now, was so by a wrong clock, and keeps nothing else.
_YOUNG_NOW = f"{_YOUNG} AND received_unix_ms <= ?"


class Retention:
    """What is done with `store` now and then. keep_raw_s: how old single records get.

    Methods raise StorageError; what was done until then is done. `stop` has the rest left for
    another time.
    """

    def __init__(self, store: StoreWriter, keep_raw_s: float = KEEP_RAW_S) -> None:
        self.store = store
        self._stopped = threading.Event()
        self._keep_ms = round(keep_raw_s * 1000)

    def run(self, now_unix_ms: int) -> None:
        """Summarise what is over, then remove what is old."""
        self.store.redate_all()
        self.summarise(now_unix_ms)
        for node in self.store.nodes():
            while not self._stopped.is_set() and self._remove(node, now_unix_ms):
                pass

    def stop(self) -> None:
        """End `run` behind the transaction at which it is; from another thread."""
        self._stopped.set()

    def summarise(self, now_unix_ms: int) -> None:
        """Bring `hourly` and `daily` along with the records of all hours that are over."""
        last_ms, after = now_unix_ms - _LATE_MS - HOUR_MS, (-1, "")
        while found := self.store.select(_OVER, (last_ms, *after, _FOUND)):
            after = found[-1][1], found[-1][0]
            for at in range(0, len(found), _HOURS):
                if self._stopped.is_set():
                    return
                self._summarise_hours(found[at : at + _HOURS], now_unix_ms)

    def _cut_ms(self, now_unix_ms: int) -> int:
        """Return the hour before which records are old."""
        return (now_unix_ms - self._keep_ms) // HOUR_MS * HOUR_MS

    def _summarise_hours(self, hours: Sequence[tuple[str, int]], now_unix_ms: int) -> None:
        """Bring some hours along in one transaction, and the days that they are of."""
        with self.store.transaction() as transaction:
            done = [
                (node, hour_ms)
                for node, hour_ms in hours
                if self._summarise_hour(transaction, node, hour_ms, now_unix_ms)
            ]
            days = {(node, hour_ms // DAY_MS * DAY_MS) for node, hour_ms in done}
            for node, day_ms in sorted(days):
                _summarise_day(transaction, node, day_ms)
            self.store.unmarked(done)

    def _summarise_hour(
        self, transaction: Transaction, node: str, hour_ms: int, now_unix_ms: int
    ) -> bool:
        """Bring one hour along; return whether that is done, or must wait."""
        span = node, hour_ms, hour_ms + HOUR_MS
        is_removed = hour_ms < raw_from_ms(transaction, node)
        if is_removed:
            young = transaction.select(_YOUNG, (*span, self._cut_ms(now_unix_ms)))
            if young[0][0] is not None:
                return False
        # First, so that what another writer adds from here on marks the hour anew.
        if not transaction.select(_UNMARK, (node, hour_ms)):
            return True
        summary = Summary.of_records(transaction.select(_RECORDS, span))
        if is_removed:
            rows = transaction.select(_SUMMARIES, span)
            summary = Summary.merged([*(Summary.of_row(row) for row in rows), summary])
            self._remove_records(transaction, node, transaction.select(_KEYS, span))
        if summary.records:
            transaction.run(HOURLY.upsert(), [(node, hour_ms, *summary.row())])
        else:
            transaction.run(_FORGET_HOUR, [(node, hour_ms)])
        return True

    def _remove(self, node: str, now_unix_ms: int) -> bool:
        """Remove records of a node that are old, or some of them; return whether more are."""
        cut_ms = self._cut_ms(now_unix_ms)
        with self.store.transaction() as transaction:
            since_ms = raw_from_ms(transaction, node)
            oldest_ms = transaction.select(_OLDEST, (node, since_ms))[0][0]
            if oldest_ms is None or oldest_ms >= cut_ms or not self.store.alone(transaction):
                return False
            until_ms = min(cut_ms, oldest_ms // HOUR_MS * HOUR_MS + _SLICE_MS)
            # Hours go whole: what stays of one would be counted twice with what comes late.
            young = transaction.select(
                _YOUNG_NOW, (node, oldest_ms, until_ms, cut_ms, now_unix_ms)
            )
            young_ms = young[0][0]
            if young_ms is not None:
                until_ms = cut_ms = young_ms // HOUR_MS * HOUR_MS
            # What another writer has added meanwhile is in no hour yet: another time.
            marked = transaction.select(_MARKED, (node, since_ms, until_ms))[0][0]
            if marked or until_ms <= oldest_ms:
                return False
            keys = transaction.select(_KEYS, (node, since_ms, until_ms))
            self._remove_records(transaction, node, keys)
            transaction.run(RAW_FROM.upsert(), [(node, until_ms)])
        return until_ms < cut_ms

    def _remove_records(
        self, transaction: Transaction, node: str, keys: Sequence[tuple[int, int, int]]
    ) -> None:
        by_boot: defaultdict[tuple[str, int, int], list[tuple[int, int]]] = defaultdict(list)
        for life, boot, seq in keys:
            by_boot[node, life, boot].append((seq, seq))
        for boot, ranges in by_boot.items():
            ranges += transaction.select(_REMOVED_OF, boot)
            transaction.run(_FORGET_REMOVED, [boot])
            transaction.run(REMOVED.insert(), [(*boot, *each) for each in _joined(ranges)])
        self.store.remove(transaction, [(node, *key) for key in keys])
        self.store.forget()  # which numbers are there


def raw_from_ms(transaction: Transaction, node: str) -> int:
    """Return from when on the records of a node are whole."""
    found = transaction.select(_RAW_FROM, (node,))
    return found[0][0] if found else 0


def _summarise_day(transaction: Transaction, node: str, day_ms: int) -> None:
    rows = transaction.select(_SUMMARIES, (node, day_ms, day_ms + DAY_MS))
    if rows:
        summary = Summary.merged(Summary.of_row(row) for row in rows)
        transaction.run(DAILY.upsert(), [(node, day_ms, *summary.row())])
    else:
        transaction.run(_FORGET_DAY, [(node, day_ms)])


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges of numbers without those that touch each other."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined


class RetentionThread:
    """Does it every ten minutes within a `with`, first after first_s, and says when the clock has
    leapt."""

    def __init__(
        self, retention: Retention, first_s: float = 60.0, clock: TrustedClock | None = None
    ) -> None:
        self._first_s = first_s
        self._retention = retention
        self._clock = clock or TrustedClock(retention.store)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._retention.stop()
        self._thread.join(_STOP_S)  # a database that does not answer ends nothing

    def _run(self) -> None:
        pause_s = self._first_s
        while not self._stop.wait(pause_s):
            pause_s = _EVERY_S
            try:
                self._retention.run(self._clock.now_ms())
            except StorageError:  # the ingest says so; what was put off waits
                pass
