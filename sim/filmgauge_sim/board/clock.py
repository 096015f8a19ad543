"""A board's clock beside true time: it runs fast or slow by a constant fraction."""

from dataclasses import dataclass

_MILLION = 1_000_000


@dataclass
class BoardClock:
    """Microseconds since power-on as the board counts them.

    error_ppm: by how much it runs fast. power_on_us: true time at which it began at zero.
    offset_us: by how much the date was set since, beside what it began with; ticks know nothing
    of it.
    """

    error_ppm: int = 0
    power_on_us: int = 0
    offset_us: int = 0
    _known_us: int = 0  # the offset that the running firmware knows

    def power_on(self, now_us: int) -> None:
        """Begin anew: the date that somebody has set is gone with the power."""
        self.power_on_us = now_us
        self.offset_us = 0

    def begin_date(self, now_us: int) -> None:
        """Let the date begin anew, and the time since power-on go on."""
        self.offset_us = -self.reading_us(now_us)

    def stand_still(self, since_us: int, now_us: int) -> None:
        """Let the date leave out a time that has passed, and go on from a whole second."""
        self.offset_us -= self.reading_us(now_us) - self.reading_us(since_us)
        self.offset_us -= self.date_us(now_us) % _MILLION

    def current_offset_us(self) -> int:
        """Return the offset, for firmware that will know it from now on."""
        self._known_us = self.offset_us
        return self.offset_us

    def unknown_offset_us(self) -> int | None:
        """Return the same where the firmware does not know it yet, None otherwise."""
        return None if self._known_us == self.offset_us else self.current_offset_us()

    def reading_us(self, true_us: int) -> int:
        """Return what the board reads at a true time, rounded down."""
        elapsed = true_us - self.power_on_us
        return elapsed + elapsed * self.error_ppm // _MILLION

    def date_us(self, true_us: int) -> int:
        """Return how far the date is beyond the one with which it began at power-on."""
        return self.reading_us(true_us) + self.offset_us

    def true_us(self, reading_us: int) -> int:
        """Return the first true time at which the board reads at least `reading_us`."""
        elapsed = -(-reading_us * _MILLION // (_MILLION + self.error_ppm))
        while elapsed + elapsed * self.error_ppm // _MILLION < reading_us:
            elapsed += 1
        return self.power_on_us + elapsed
