"""What a virtual board stands in: a world of physics, and the supply that it lives from."""

from typing import Protocol

from filmgauge_sim.parts.bus import I2CBus


class World(Protocol):
    """What surrounds the board: the cell, its circuit and the sensors on the bus."""

    bus: I2CBus

    def advance_to(self, now_us: int) -> None:
        """Let physics follow to `now_us`."""
        ...

    def set_pin(self, pin: int, level: int, now_us: int) -> None:
        """Let an output of the board act on the circuit."""
        ...


class Supply(Protocol):
    """What the board lives from, where that can fail."""

    @property
    def now_us(self) -> int:
        """The time that the supply has reached."""
        ...

    def draw(self, current_ua: float, now_us: int, until_us: int) -> int | None:
        """Give a current from `now_us` to `until_us`; return when it failed, None if it held."""
        ...

    def restore(self, until_us: int) -> bool:
        """Wait until it gives power again, at most until `until_us`; return whether it does."""
        ...
