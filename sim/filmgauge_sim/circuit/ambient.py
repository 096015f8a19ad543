"""Temperature around a cell: a mean with a daily swing, held constant over short steps, and skin
that touches it now and then."""

import math
from dataclasses import dataclass

NEVER_US = 1 << 62
STEP_US = 600_000_000  # ten minutes: the swing of 5 degC a day moves 0.2 degC in one


@dataclass(frozen=True)
class Touches:
    """Skin of `skin_c` that touches for `for_us`, at `first_us` and then every `every_us`."""

    first_us: int
    every_us: int
    for_us: int
    skin_c: float

    def is_touched(self, now_us: int) -> bool:
        """Return whether it touches now."""
        return now_us >= self.first_us and (now_us - self.first_us) % self.every_us < self.for_us

    def holds_until_us(self, now_us: int) -> int:
        """Return when it next touches or lets go."""
        if now_us < self.first_us:
            return self.first_us
        since_us = (now_us - self.first_us) % self.every_us
        return now_us - since_us + (self.for_us if since_us < self.for_us else self.every_us)


@dataclass(frozen=True)
class Ambient:
    """`mean_c` and a sine of amplitude `swing_c` with a period of `period_h`, coldest at start;
    that of the skin while it is touched."""

    mean_c: float = 25.0
    swing_c: float = 0.0
    period_h: float = 24.0
    touches: Touches | None = None

    def at_c(self, now_us: int) -> float:
        """Return the temperature of the step that `now_us` falls into."""
        if self.touches is not None and self.touches.is_touched(now_us):
            return self.touches.skin_c
        if not self.swing_c:
            return self.mean_c
        middle_us = now_us // STEP_US * STEP_US + STEP_US / 2
        phase = 2 * math.pi * middle_us / (self.period_h * 3.6e9)
        return self.mean_c - self.swing_c * math.cos(phase)

    def holds_until_us(self, now_us: int) -> int:
        """Return when the next step begins; without a swing and touches none does."""
        step_us = (now_us // STEP_US + 1) * STEP_US if self.swing_c else NEVER_US
        return min(step_us, self.touches.holds_until_us(now_us)) if self.touches else step_us
