"""A bench cycler: a list of steps of constant current, run round and round."""

from dataclasses import dataclass
from typing import Literal

Action = Literal["charge", "discharge", "rest"]


@dataclass(frozen=True)
class Step:
    """Constant current `current_ua` (positive charges) for at most `duration_us`.

    `until_v` ends it earlier: from below when charging, from above when discharging.
    """

    action: Action
    current_ua: float
    duration_us: int | None = None
    until_v: float | None = None


class Cycler:
    """Where the cycler is in its steps. An empty list rests for ever."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps or [Step("rest", 0.0)]
        self._index = 0
        self._began_us = 0

    @property
    def step(self) -> Step:
        """The present step."""
        return self._steps[self._index]

    @property
    def ends_us(self) -> int | None:
        """When the present step ends by time."""
        duration_us = self.step.duration_us
        return None if duration_us is None else self._began_us + duration_us

    @property
    def low_v(self) -> float | None:
        """The voltage that ends a discharge."""
        return self.step.until_v if self.step.current_ua < 0 else None

    @property
    def high_v(self) -> float | None:
        """The voltage that ends a charge."""
        return self.step.until_v if self.step.current_ua > 0 else None

    def next_step(self, now_us: int) -> None:
        """Go on to the next step, after the last one to the first."""
        self._index = (self._index + 1) % len(self._steps)
        self._began_us = now_us
