"""A comparator with hysteresis: what switches the converter's paths and the board's supply."""

from dataclasses import dataclass


@dataclass
class Comparator:
    """Goes on at or above `on_v`, off at or below `off_v`, and stays as it is between.

    Raises ValueError when `off_v` is not below `on_v`.
    """

    off_v: float
    on_v: float
    on: bool = False

    def __post_init__(self) -> None:
        if not self.off_v < self.on_v:
            raise ValueError(f"off_v must be below on_v, got {self.off_v:g} and {self.on_v:g}")

    def see(self, voltage_v: float) -> bool:
        """Follow a voltage; return whether that switched it."""
        before = self.on
        if voltage_v <= self.off_v:
            self.on = False
        elif voltage_v >= self.on_v:
            self.on = True
        return self.on != before

    @property
    def edge_v(self) -> float:
        """The voltage that would switch it next."""
        return self.off_v if self.on else self.on_v
