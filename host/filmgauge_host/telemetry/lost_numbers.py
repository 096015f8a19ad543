"""What is missing of one node, over all of its lives.

Where several processes write a store, what is missing among the records that came to this one may
have come to another. Then no number counts as lost before the store was asked for it again.
"""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from filmgauge_host.telemetry.ingest_store import Gap, IngestStore
from filmgauge_host.telemetry.received_record import RecordKey
from filmgauge_host.telemetry.sequence_tracker import SequenceTracker

Boots: TypeAlias = Sequence[tuple[int, int, int, int]]  # see IngestStore.boots

_AGAIN_S = 60.0  # until a number that is missing is asked for again
_PAUSE = 20  # times what asking takes, so that it takes a twentieth of the time at most


class StoredNumbers(NamedTuple):
    """What a store has of a node, by life, and what it lacks."""

    boots: Mapping[int, Boots]
    gaps: Sequence[Gap]


class LostNumbers:
    """Counts the numbers that are missing.

    is_shared: other processes write the store too.
    """

    def __init__(self, boots: Mapping[int, Boots], is_shared: bool) -> None:
        self._lives = {life: SequenceTracker(found) for life, found in boots.items()}
        self._is_shared = is_shared
        self._confirmed = self._missing  # of which the store was asked
        self._is_unclear = False
        self._again_s = self._pause_s = 0.0

    def __contains__(self, life: int) -> bool:
        return life in self._lives

    @property
    def lives(self) -> int:
        """The number of lives."""
        return len(self._lives)

    @property
    def lost(self) -> int:
        """How many are missing, as far as that is certain."""
        return self._confirmed if self._is_shared else self._missing

    @property
    def lost_earlier(self) -> int:
        """How many of them were missing at first."""
        return sum(each.missing_earlier for each in self._lives.values())

    @property
    def due_s(self) -> float | None:
        """When to ask the store again, on the monotonic clock; None for never."""
        if not self._is_shared or not self._missing:
            return None
        is_urgent = self._is_unclear or self._missing > self._confirmed
        return self._pause_s if is_urgent else self._again_s

    def add(self, key: RecordKey, is_new: bool) -> None:
        """Count a record that came for the first time. is_new: to the store, too; else another
        process has stored it, perhaps before the store was asked."""
        life, boot, seq = key
        tracker = self._lives.setdefault(life, SequenceTracker())
        is_counted = False if is_new else tracker.is_counted(boot, seq)
        if is_counted is None:
            self._is_unclear = True
        elif not is_counted:
            tracker.add(boot, seq)
            if self._is_shared:
                self._confirmed = min(self._confirmed, self._missing)

    def ask(self, node: str, store: IngestStore) -> StoredNumbers:
        """Return what the store has now of the lives that are known; raise StorageError."""
        begun_s = time.monotonic()
        # Gaps are the longer question, and needed only to tell old ones from new ones.
        gaps = store.gaps(node) if self.lost_earlier else []
        boots = {life: store.boots(node, life) for life in self._lives}
        ended_s = time.monotonic()
        self._pause_s = ended_s + _PAUSE * (ended_s - begun_s)
        self._again_s = max(self._pause_s, ended_s + _AGAIN_S)
        return StoredNumbers(boots, gaps)

    def renew(self, stored: StoredNumbers) -> None:
        """Count anew by what the store has, as `ask` has returned it."""
        for life, boots in stored.boots.items():
            gaps = [gap for gap in stored.gaps if gap.life == life]
            self._lives[life].renew(boots, gaps)
        self._confirmed, self._is_unclear = self._missing, False

    @property
    def _missing(self) -> int:
        return sum(each.missing for each in self._lives.values())
