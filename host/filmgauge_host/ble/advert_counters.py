"""Counters of encrypted advertisements: which address has proven which key, and how far it was."""

from typing import Protocol


class AdvertCounters(Protocol):
    """What is kept of encrypted advertisements that a key has opened."""

    def advert_counter(self, address: str, key: bytes) -> int | None:
        """Return the counter that was saved last, None where nothing was opened by the key."""

    def save_advert_counter(self, address: str, key: bytes, counter: int) -> None:
        """Keep the counter of an advertisement that the key has opened."""


class AdvertCountersInMemory(AdvertCounters):
    """As long as the process lives."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, bytes], int] = {}

    def advert_counter(self, address: str, key: bytes) -> int | None:
        """See AdvertCounters."""
        return self._last.get((address, key))

    def save_advert_counter(self, address: str, key: bytes, counter: int) -> None:
        """See AdvertCounters."""
        self._last[address, key] = counter
