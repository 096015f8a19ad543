"""A charger that is put to a node for some hours now and then, as for an implant."""

from dataclasses import dataclass

_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Charger:
    """Offers `peak_uw` for `hours`, first after `first_h` hours and then every `every_h`.

    Raises ValueError where it would come again before it has gone.
    """

    peak_uw: float
    hours: float
    every_h: float
    first_h: float = 0.0

    def __post_init__(self) -> None:
        """It has to go before it comes again."""
        if not 0 < self.hours < self.every_h:
            raise ValueError("charger hours must be above 0 and below every_h")

    def power_uw(self, now_us: int) -> float:
        """See Harvester."""
        since_us = now_us - self._first_us
        here = since_us >= 0 and since_us % self._period_us < self._stay_us
        return self.peak_uw if here else 0.0

    def holds_until_us(self, now_us: int) -> int:
        """See Harvester."""
        if now_us < self._first_us:
            return self._first_us
        visits, in_visit_us = divmod(now_us - self._first_us, self._period_us)
        left_us = self._stay_us if in_visit_us < self._stay_us else self._period_us
        return self._first_us + visits * self._period_us + left_us

    @property
    def _first_us(self) -> int:
        return round(self.first_h * _HOUR_US)

    @property
    def _period_us(self) -> int:
        return round(self.every_h * _HOUR_US)

    @property
    def _stay_us(self) -> int:
        return round(self.hours * _HOUR_US)
