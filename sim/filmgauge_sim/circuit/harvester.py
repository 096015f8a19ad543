"""Harvesters: the power that they offer, constant over steps.

A scenario begins on a Monday at 0:00. Powers are those at the harvester's own maximum power point;
what the converter makes of them is the converter's matter.
"""

import csv
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, Protocol

from filmgauge_sim.circuit.ambient import NEVER_US, Ambient

PV_UW_CM2_LUX = 4.0 / 200.0  # about 4 uW/cm2 at 200 lux, computed; linear in light (assumed)
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
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


class SteppedHarvester:
    """Each of `powers_uw` holds from its time on until the next; before the first there is none.

    `times_us` rise. With a `period_us`, all of them come again so long after the first time.
    """

    def __init__(
        self, times_us: Sequence[int], powers_uw: Sequence[float], period_us: int | None = None
    ) -> None:
        self.peak_uw = max(powers_uw)
        self._times_us = times_us
        self._powers_uw = powers_uw
        self._period_us = period_us

    def power_uw(self, now_us: int) -> float:
        """See Harvester."""
        _, at = self._step(now_us)
        return self._powers_uw[at] if at >= 0 else 0.0

    def holds_until_us(self, now_us: int) -> int:
        """See Harvester."""
        passed_us, at = self._step(now_us)
        if at + 1 < len(self._times_us):
            return passed_us + self._times_us[at + 1]
        if self._period_us is None:
            return NEVER_US
        return passed_us + self._period_us + self._times_us[0]

    def _step(self, now_us: int) -> tuple[int, int]:
        """Return the length of the whole periods that have passed, and which step it is."""
        passed_us, first_us = 0, self._times_us[0]
        if self._period_us is not None and now_us > first_us:
            passed_us = (now_us - first_us) // self._period_us * self._period_us
        return passed_us, bisect_right(self._times_us, now_us - passed_us) - 1


class ConstantHarvester(SteppedHarvester):
    """Always `peak_uw`; 0 is a node without harvester."""

    def __init__(self, peak_uw: float = 0.0) -> None:
        super().__init__([0], [peak_uw])


@dataclass(frozen=True)
class Light:
    """`lux` on some days of the week from `begin_h` to `end_h`, hours of the day."""

    begin_h: float
    end_h: float
    lux: float
    days: Days = "all"

    @property
    def span_us(self) -> range:
        """When it is on, us since midnight."""
        return range(round(self.begin_h * _HOUR_US), round(self.end_h * _HOUR_US))

    def shines(self, day: int, in_day_us: int) -> bool:
        """Whether it is on, on day 0 (Monday) to 6 of the week, that long after midnight."""
        working = day < _WORKING_DAYS
        on_this_day = self.days == "all" or working == (self.days == "weekdays")
        return on_this_day and in_day_us in self.span_us


class Photovoltaic(SteppedHarvester):
    """An indoor cell of `area_cm2` under lights that come on by day and hour; lights add up."""

    def __init__(self, area_cm2: float, lights: list[Light]) -> None:
        """Raises HarvesterError when a light does not end after it begins."""
        for index, light in enumerate(lights):
            if not 0.0 <= light.begin_h < light.end_h <= 24.0:
                raise HarvesterError(f"light[{index}].end_h must be above begin_h, at most 24")
        edges_us = {0}.union(*((each.span_us.start, each.span_us.stop) for each in lights))
        steps = [
            (day, edge_us)
            for day in range(_DAYS_A_WEEK)
            for edge_us in sorted(edges_us - {_DAY_US})
        ]
        super().__init__(
            [day * _DAY_US + edge_us for day, edge_us in steps],
            [
                PV_UW_CM2_LUX * sum(each.lux for each in lights if each.shines(*step)) * area_cm2
                for step in steps
            ],
            _DAYS_A_WEEK * _DAY_US,
        )


class Charger(SteppedHarvester):
    """A charger that is put to a node now and then, as for an implant.

    It offers `peak_uw` for `hours`, first after `first_h` hours and then every `every_h`.

    Raises ValueError where it would come again before it has gone.
    """

    def __init__(self, peak_uw: float, hours: float, every_h: float, first_h: float = 0.0) -> None:
        if not 0 < hours < every_h:
            raise ValueError("charger hours must be above 0 and below every_h")
        comes_us = round(first_h * _HOUR_US)
        goes_us = comes_us + round(hours * _HOUR_US)
        super().__init__([comes_us, goes_us], [peak_uw, 0.0], round(every_h * _HOUR_US))


class TraceHarvester(SteppedHarvester):
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
        times_us = [round(time_s * 1e6) for time_s, _ in points]
        for line, (before, after) in enumerate(pairwise(times_us), start=2):
            if after <= before:
                raise HarvesterError(f"time_s in line {line} must be above the one before")
        super().__init__(times_us, [power_uw for _, power_uw in points])

    @classmethod
    def read(cls, path: Path) -> "TraceHarvester":
        """Read a CSV file with the columns time_s and power_uw. Raises HarvesterError."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
            for line, row in enumerate(rows, start=1):
                if any(row.get(None, ())):  # cells beyond the header, as of a decimal comma
                    raise HarvesterError(f"line {line} has more cells than the header")
            return cls([(float(row["time_s"]), float(row["power_uw"])) for row in rows])
        except OSError as error:
            raise HarvesterError(f"{path} cannot be read: {error.strerror}") from None
        except KeyError as error:
            raise HarvesterError(f"{path} has no column {error}") from None
        except HarvesterError as error:
            raise HarvesterError(f"{path}: {error}") from None
        except (TypeError, ValueError, csv.Error):
            raise HarvesterError(f"{path} must hold numbers under time_s and power_uw") from None


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
