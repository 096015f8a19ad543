"""What the score asks of a gauge, ours or a baseline.

A time to empty is at the recent mean current, an exponential mean with a time constant of one
hour,

    m <- m + (i - m) (1 - exp(-dt / 1 h))

for all gauges and for the truth, so that everybody answers the same question.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import expm1
from typing import ClassVar

from filmgauge_sim.score.sensor_model import Reading

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Sigmas:
    """Standard deviations of what a gauge was asked last beside its state of charge; None for
    what it does not know."""

    available_uah: float | None = None
    full_uah: float | None = None
    time_to_empty_h: float | None = None


class Gauge(ABC):
    """A gauge that is fed readings and nothing else.

    States of charge from 0 to 1 where the gauge keeps to it; None for what it does not know.
    """

    tells_sigma: ClassVar[bool] = False

    @abstractmethod
    def update(self, reading: Reading) -> None:
        """Use the reading of one wake."""

    @abstractmethod
    def soc(self) -> float:
        """Stored charge over full capacity."""

    @abstractmethod
    def full_uah(self) -> float:
        """Charge between empty and full."""

    @abstractmethod
    def available_uah(self, load_ua: float, temperature_cdeg: int) -> float:
        """What the cell will deliver under a constant load (positive) at a temperature."""

    @abstractmethod
    def time_to_empty_h(self, temperature_cdeg: int) -> float | None:
        """Hours to empty at the recent mean current; None while it does not discharge."""

    def sigma(self) -> float | None:
        """Standard deviation of ``soc``, where it tells one."""
        return None

    def sigmas(self) -> Sigmas:
        """Standard deviations of ``available_uah``, ``full_uah`` and ``time_to_empty_h``, as they
        were asked last."""
        return Sigmas()

    def is_unlike_profile(self) -> bool:
        """Whether it says that its cell is not of the kind or size that its profile is for."""
        return False

    def resistance_ohm(self) -> float | None:
        """Chord of the polarisation between C/10 and C/5, at 25 degC."""
        return None

    def is_silent_jump(self) -> bool:
        """Whether the last reading moved the state of charge by more than it says it did."""
        return False

    def problems(self) -> list[str]:
        """What it could not cope with so far, a sentence each."""
        return []


class RecentMean:
    """Mean current in the unit of what is added; 0 before anything was."""

    def __init__(self) -> None:
        self.current = 0.0

    def add(self, current: float, duration_s: float) -> None:
        """Let a mean current act for a time."""
        self.current -= (current - self.current) * expm1(-duration_s / HOUR_S)
