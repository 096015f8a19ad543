"""What the score asks of a gauge, ours or a baseline."""

from typing import Protocol

from filmgauge_sim.score.sensor_model import Reading


class Estimator(Protocol):
    """A gauge that is fed readings and nothing else.

    States of charge from 0 to 1 where the gauge keeps to it; None for what it does not know.
    """

    def take(self, reading: Reading) -> None:
        """Take the reading of one wake."""
        ...

    def soc(self) -> float:
        """Stored charge over full capacity."""
        ...

    def sigma(self) -> float | None:
        """Standard deviation of ``soc``."""
        ...

    def full_uah(self) -> float:
        """Charge between empty and full."""
        ...

    def available_uah(self, load_ua: float, temperature_cdeg: int) -> float:
        """What the cell will deliver under a constant load (positive) at a temperature."""
        ...

    def time_to_empty_h(self, temperature_cdeg: int) -> float | None:
        """Hours to empty at the recent mean current; None while it does not discharge."""
        ...

    def resistance_ohm(self) -> float | None:
        """Chord of the polarisation between C/10 and C/5, at 25 degC."""
        ...

    def is_silent_jump(self) -> bool:
        """Whether the last reading moved the state of charge by more than it says it did."""
        ...

    def problems(self) -> list[str]:
        """What it could not cope with so far, a sentence each."""
        ...
