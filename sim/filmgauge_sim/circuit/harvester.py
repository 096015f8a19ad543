"""Harvesters: the power that they offer, constant over steps.

Each one answers `power_uw(now_us)`, `holds_until_us(now_us)` (when that power may change) and
`peak_uw`. A scenario begins on a Monday at 0:00. Powers are those at the harvester's own maximum
power point; what the converter makes of them is the converter's matter.
"""

import csv
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from filmgauge_sim.circuit.ambient import NEVER_US, Ambient

PV_UW_CM2_LUX = 4.0 / 200.0  # about 4 uW/cm2 at 200 lux, computed; linear in light (assumed)
_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_WORKING_DAYS = 5
_DAYS_A_WEEK = 7
_HIGHEST_C, _LOWEST_C = 85.0, -40.0

Days = Literal["all", "weekdays", "weekends"]


class HarvesterError(ValueError):
    """A harvester cannot be built; the text is one sentence with the reason."""


class Harvester(Protocol):
    """A source of power that changes in steps."""

    @property
    def peak_uw(self) -> float:
        """The most that it will ever offer."""
        ...

    def power_uw(self, now_us: int) -> float:
        """Return the power on offer at `now_us`."""
        ...

    def holds_until_us(self, now_us: int) -> int:
        """Return until when that stays so, always later than `now_us`."""
        ...


@dataclass(frozen=True)
class ConstantHarvester:
    """Always `peak_uw`; 0 is a node without harvester."""

    peak_uw: float = 0.0

    def power_uw(self, now_us: int) -> float:
        """See Harvester."""
        del now_us
        return self.peak_uw

    def holds_until_us(self, now_us: int) -> int:
        """See Harvester."""
        del now_us
        return NEVER_US


@dataclass(frozen=True)
class Light:
    """`lux` on some days of the week from `begin_h` to `end_h`, hours of the day."""

    begin_h: float
    end_h: float
    lux: float
    days: Days = "all"

    @property
    def begin_us(self) -> int:
        """When it comes on, us since midnight."""
        return round(self.begin_h * _HOUR_US)

    @property
    def end_us(self) -> int:
        """When it goes out, us since midnight."""
        return round(self.end_h * _HOUR_US)

    def shines(self, day: int, in_day_us: int) -> bool:
        """Whether it is on, on day 0 (Monday) to 6 of the week, that long after midnight."""
        working = day < _WORKING_DAYS
        on_this_day = self.days == "all" or working == (self.days == "weekdays")
        return on_this_day and self.begin_us <= in_day_us < self.end_us


class Photovoltaic:
    """An indoor cell of `area_cm2` under lights that come on by day and hour; lights add up."""

    def __init__(self, area_cm2: float, lights: list[Light]) -> None:
        """Raises HarvesterError when a light does not end after it begins."""
        for index, light in enumerate(lights):
            if not 0.0 <= light.begin_h < light.end_h <= 24.0:
                raise HarvesterError(f"light[{index}].end_h must be above begin_h, at most 24")
        self._area_cm2 = area_cm2
        self._lights = lights
        edges_us = {0, _DAY_US}
        for light in lights:
            edges_us |= {light.begin_us, light.end_us}
        self._edges_us = sorted(edges_us)
        self.peak_uw = max(
            self.power_uw(day * _DAY_US + edge_us)
            for day in range(_DAYS_A_WEEK)
            for edge_us in self._edges_us
        )

    def power_uw(self, now_us: int) -> float:
        """See Harvester."""
        day, in_day_us = divmod(now_us, _DAY_US)
        weekday = day % _DAYS_A_WEEK
        lux = sum(light.lux for light in self._lights if light.shines(weekday, in_day_us))
        return PV_UW_CM2_LUX * lux * self._area_cm2

    def holds_until_us(self, now_us: int) -> int:
        """See Harvester."""
        day, in_day_us = divmod(now_us, _DAY_US)
        return day * _DAY_US + self._edges_us[bisect_right(self._edges_us, in_day_us)]


@dataclass(frozen=True)
class Thermoelectric:
    """A generator between a body of `source_c` and the ambient: `uw_per_k2` times the square of
    the difference (matched load, resistance constant), whichever side is warmer."""

    source_c: float
    uw_per_k2: float
    ambient: Ambient

    @property
    def peak_uw(self) -> float:
        """See Harvester."""
        widest_k = max(_HIGHEST_C - self.source_c, self.source_c - _LOWEST_C)
        reach_k = abs(self.source_c - self.ambient.mean_c) + self.ambient.swing_c
        return self.uw_per_k2 * min(widest_k, reach_k) ** 2

    def power_uw(self, now_us: int) -> float:
        """See Harvester."""
        return self.uw_per_k2 * (self.source_c - self.ambient.at_c(now_us)) ** 2

    def holds_until_us(self, now_us: int) -> int:
        """See Harvester."""
        return self.ambient.holds_until_us(now_us)


@dataclass(frozen=True)
class Charger:
    """A charger that is put to a node now and then, as for an implant.

    It offers `peak_uw` for `hours`, first after `first_h` hours and then every `every_h`.

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


class TraceHarvester:
    """Power over time as recorded: each power holds until the time of the next, the last for
    ever, and before the first time there is none."""

    def __init__(self, points: list[tuple[float, float]]) -> None:
        """Take (time in s, power in uW). Raises HarvesterError when times do not rise."""
        if not points:
            raise HarvesterError("a trace needs at least one line of time_s, power_uw")
        for line, (time_s, power_uw) in enumerate(points, start=1):
            if not 0.0 <= power_uw <= 1e9:
                raise HarvesterError(f"power_uw in line {line} must be from 0 to 1e9")
            if not 0.0 <= time_s <= 1e12:
                raise HarvesterError(f"time_s in line {line} must be from 0 to 1e12")
        self._times_us = [round(time_s * 1e6) for time_s, _ in points]
        for line, (before, after) in enumerate(
            zip(self._times_us, self._times_us[1:], strict=False), start=2
        ):
            if after <= before:
                raise HarvesterError(f"time_s in line {line} must be above the one before")
        self._powers_uw = [power_uw for _, power_uw in points]
        self.peak_uw = max(self._powers_uw)

    @classmethod
    def read(cls, path: Path) -> "TraceHarvester":
        """Read a CSV file with the columns time_s and power_uw. Raises HarvesterError."""
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            points = [(float(row["time_s"]), float(row["power_uw"])) for row in rows]
        except OSError as error:
            raise HarvesterError(f"{path} cannot be read: {error.strerror}") from None
        except KeyError as error:
            raise HarvesterError(f"{path} has no column {error}") from None
        except (TypeError, ValueError, csv.Error):
            raise HarvesterError(f"{path} must hold numbers under time_s and power_uw") from None
        try:
            return cls(points)
        except HarvesterError as error:
            raise HarvesterError(f"{path}: {error}") from None

    def power_uw(self, now_us: int) -> float:
        """See Harvester."""
        at = bisect_right(self._times_us, now_us) - 1
        return self._powers_uw[at] if at >= 0 else 0.0

    def holds_until_us(self, now_us: int) -> int:
        """See Harvester."""
        at = bisect_right(self._times_us, now_us)
        return self._times_us[at] if at < len(self._times_us) else NEVER_US
