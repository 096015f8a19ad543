"""When a record was measured: a node's own seconds brought to the host's clock, boot by boot.

    clock = BootClock(store.clock_readings(node, life, boot))
    at_unix_ms, quality = clock.measured(received)

A node counts seconds since its boot and knows no date. What it sends live comes soon after it was
measured, so that the live records of a boot tie its seconds to the host's clock, and those that
waited on the node lie between them. Nothing is written: `up_s` stays what the node has said, and
the same store always gives the same times.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, Protocol, TypeAlias

from filmgauge_host.telemetry.received_record import ReceivedRecord

Quality: TypeAlias = Literal["live", "anchored", "unknown"]

# A node's clock runs at most this much faster or slower than the host's: an RC oscillator's.
_DRIFT = 0.02


class MeasuredTime(NamedTuple):
    """When a record was measured. unix_ms: by the host's clock, None when unknown.

    quality: "live": when it came, as it was sent at once; "anchored": between live records of
    the same boot, right to their delay and to the drift of the node's clock between them;
    "unknown": no live record of the boot has come.
    """

    unix_ms: int | None
    quality: Quality


class BootClock:
    """The clock of one boot of a node, of (up_s, received_unix_ms) of its live records.

    A record that waited in a broker says a time that is too late. It is found out by one beside
    it that came earlier than any drift of 2 % explains, and ties nothing.
    """

    def __init__(self, readings: Iterable[tuple[int, int]]) -> None:
        offsets: dict[int, int] = {}
        for up_s, received_unix_ms in readings:
            offset_ms = received_unix_ms - up_s * 1000
            offsets[up_s] = min(offset_ms, offsets.get(up_s, offset_ms))
        ordered = sorted(offsets.items())
        forth = dict(_undercut(ordered))
        back = dict(_undercut(reversed(ordered)))
        kept = [(up_s, at) for up_s, at in ordered if at <= min(forth[up_s], back[up_s])]
        self._up_s = [up_s for up_s, _ in kept]
        self._offsets_ms = [offset_ms for _, offset_ms in kept]

    def measured(self, received: ReceivedRecord) -> MeasuredTime:
        """Return when a record of this boot was measured."""
        up_s = received.value("up_s")
        assert up_s is not None  # no record is without
        offset_ms = self._offset_ms(up_s)
        if offset_ms is None:
            return MeasuredTime(None, "unknown")
        at_unix_ms = up_s * 1000 + offset_ms
        is_live = not received.history and received.received_unix_ms == at_unix_ms
        return MeasuredTime(at_unix_ms, "live" if is_live else "anchored")

    def _offset_ms(self, up_s: int) -> int | None:
        """Return the host's clock minus the node's at `up_s`, on the line between its anchors."""
        if not self._up_s:
            return None
        right = bisect_left(self._up_s, up_s)
        if right == len(self._up_s):
            return self._offsets_ms[-1]
        after_s, after_ms = self._up_s[right], self._offsets_ms[right]
        if after_s == up_s or not right:
            return after_ms
        before_s, before_ms = self._up_s[right - 1], self._offsets_ms[right - 1]
        return before_ms + (after_ms - before_ms) * (up_s - before_s) // (after_s - before_s)


class ClockStore(Protocol):
    """What is needed of a store: see IngestStore."""

    def clock_readings(self, node: str, life: int, boot: int) -> list[tuple[int, int]]:
        """Return (up_s, received_unix_ms) of the live records of a boot."""
        ...


def measured_times(
    store: ClockStore, records: Iterable[ReceivedRecord]
) -> Iterator[tuple[ReceivedRecord, MeasuredTime]]:
    """Yield each record with when it was measured; those of a boot should follow each other, as
    in `RecordStore.records`: its clock is read once for them. Raises StorageError."""
    of: tuple[str, int, int] | None = None
    clock = BootClock(())
    for received in records:
        life, boot, _ = received.key
        if of != (received.node, life, boot):
            of = received.node, life, boot
            clock = BootClock(store.clock_readings(*of))
        yield received, clock.measured(received)


def _undercut(offsets: Iterable[tuple[int, int]]) -> Iterator[tuple[int, float]]:
    """Yield for each up_s the most that its offset can be after those before it, in this order."""
    bound_ms, at_s = float("inf"), 0
    for up_s, offset_ms in offsets:
        bound_ms += abs(up_s - at_s) * 1000 * _DRIFT
        at_s = up_s
        yield up_s, bound_ms
        bound_ms = min(bound_ms, offset_ms)
