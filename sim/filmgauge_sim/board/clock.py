"""A board's clock beside true time: it runs fast or slow by a constant fraction."""

from dataclasses import dataclass

_MILLION = 1_000_000


@dataclass
class BoardClock:
    """Microseconds since power-on as the board counts them.

    error_ppm: by how much it runs fast. power_on_us: true time at which it began at zero.
    """

    error_ppm: int = 0
    power_on_us: int = 0

    def reading_us(self, true_us: int) -> int:
        """Return what the board reads at a true time, rounded down."""
        elapsed = true_us - self.power_on_us
        return elapsed + elapsed * self.error_ppm // _MILLION

    def true_us(self, reading_us: int) -> int:
        """Return the first true time at which the board reads at least `reading_us`."""
        elapsed = -(-reading_us * _MILLION // (_MILLION + self.error_ppm))
        while elapsed + elapsed * self.error_ppm // _MILLION < reading_us:
            elapsed += 1
        return self.power_on_us + elapsed
