"""Which life of a node hours and days are of: they do not say it, but the clocks of boots do."""

from collections.abc import Sequence
from math import inf

from filmgauge_host.telemetry.store_reader import StoreReader


class LifeSpans:
    """The lives of one node in time. Raises StorageError when the store cannot be read."""

    def __init__(self, store: StoreReader, node: str) -> None:
        self._spans: list[tuple[int, float, float]] = []
        spans = store.life_spans(node)
        for at, (life, begin_ms, end_ms) in enumerate(spans):
            is_last = at == len(spans) - 1
            self._spans.append((life, begin_ms if at else -inf, inf if is_last else end_ms))

    def lives(self, times_ms: Sequence[int], reach_ms: int) -> list[int | None]:
        """Return the life of what was measured about each of these times, no further from it than
        reach_ms; None where that may be of more than one."""
        return [self._life(time_ms - reach_ms, time_ms + reach_ms) for time_ms in times_ms]

    def _life(self, from_ms: int, to_ms: int) -> int | None:
        found = [
            life
            for life, begin_ms, end_ms in self._spans
            if begin_ms <= to_ms and from_ms <= end_ms
        ]
        return found[0] if len(found) == 1 else None
