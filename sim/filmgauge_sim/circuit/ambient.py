"""Temperature around a cell: a mean with a daily swing, held constant over short steps."""

import math
from dataclasses import dataclass

NEVER_US = 1 << 62
STEP_US = 600_000_000  # ten minutes: the swing of 5 degC a day moves 0.2 degC in one


@dataclass(frozen=True)
class Ambient:
    """`mean_c` and a sine of amplitude `swing_c` with a period of `period_h`, coldest at start."""

    mean_c: float = 25.0
    swing_c: float = 0.0
    period_h: float = 24.0

    def at_c(self, now_us: int) -> float:
        """Return the temperature of the step that `now_us` falls into."""
        if not self.swing_c:
            return self.mean_c
        middle_us = now_us // STEP_US * STEP_US + STEP_US / 2
        phase = 2 * math.pi * middle_us / (self.period_h * 3.6e9)
        return self.mean_c - self.swing_c * math.cos(phase)

    def holds_until_us(self, now_us: int) -> int:
        """Return when the next step begins; without a swing none does."""
        if not self.swing_c:
            return NEVER_US
        return (now_us // STEP_US + 1) * STEP_US
