"""What every part on the bus has: an address, a supply, and a time that never goes back."""

from abc import ABC, abstractmethod

from filmgauge_sim.parts.bus import Nack


class SuppliedPart(ABC):
    """A part that starts without supply at time 0. `now_us` is true time in us."""

    def __init__(self, address: int) -> None:
        self.address = address
        self.powered = False
        self._now_us = 0

    def power(self, on: bool, now_us: int) -> None:
        """Switch the supply at `now_us`. Off forgets everything; on starts from reset values.

        No effect if it is already so. Raises ValueError if `now_us` lies before the last time.
        """
        self._not_back(now_us)
        if on == self.powered:
            return
        self._now_us = now_us
        self.powered = on
        self._forget()
        if on:
            self._power_up()

    @abstractmethod
    def _forget(self) -> None:
        """Take the values after a loss of supply."""

    @abstractmethod
    def _power_up(self) -> None:
        """Begin what the part does by itself when it gets its supply."""

    @abstractmethod
    def _is_behind(self, now_us: int) -> bool:
        """Return whether something happens up to `now_us` that only `advance` can tell."""

    def _reach(self, now_us: int) -> None:
        """Come to the time of a bus access. Raises Nack without supply, ValueError if behind."""
        if not self.powered:
            raise Nack(f"part at {self.address:#04x} has no supply")
        if now_us == self._now_us:
            return
        self._not_back(now_us)
        if self._is_behind(now_us):
            raise ValueError(f"advance the part to {now_us} us first, it is at {self._now_us} us")
        self._now_us = now_us

    def _not_back(self, now_us: int) -> None:
        if now_us < self._now_us:
            raise ValueError(f"now_us must be at least {self._now_us}, got {now_us}")
