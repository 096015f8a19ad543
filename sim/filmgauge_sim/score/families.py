"""The families of the score: what is done to which cells, and how their nodes sample.

Where a family says nothing else, the cell begins anywhere between 20 and 80 % on either branch
and the gauge begins with 50 % and a standard deviation of 29 %, that of anything from 0 to 100.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from math import cos, pi
from random import Random
from typing import Protocol

from filmgauge_sim.cell import CellParameters, LifeState
from filmgauge_sim.score import truth
from filmgauge_sim.score.cell_run import Sampling
from filmgauge_sim.score.programmes import (
    DAY_S,
    HOUR_S,
    Programme,
    bursts,
    cycles,
    first_cycles,
    implant,
    office_window,
    outdoor,
    swings,
)
from filmgauge_sim.score.random_cells import SensorErrors, drawn_cell, drawn_sensors

UNKNOWN_SOC = (0.5, 0.29)
BURST_UA = 13.0  # over 1 cm2
_COLDEST_S = 4.0 * HOUR_S  # after midnight


class CountedFrom(Enum):
    """From when on the errors of a run count; what lies before is reported beside it."""

    SWING = "first full swing"
    ANCHOR = "first anchor"
    DAY = "one day of use"


@dataclass(frozen=True, slots=True)
class Weather:
    """Temperature of the cell: a mean and a daily swing around it, degC."""

    mean_c: float = 25.0
    swing_c: float = 0.0

    def at_c(self, now_s: float) -> float:
        """Temperature at a time after midnight of the first day."""
        return self.mean_c - self.swing_c * cos(2.0 * pi * (now_s - _COLDEST_S) / DAY_S)


class Temperature(Protocol):
    """Temperature around a cell."""

    def at_c(self, now_s: float) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Family:
    """One row of the table. ``programme`` gets the profile's capacity (uAh) and a generator."""

    name: str
    cell_set: str = "evp-li"
    area_cm2: float
    days: float
    sampling: Sampling
    programme: Callable[[float, Random], Programme]
    weather: Temperature = Weather()
    counted: CountedFrom = CountedFrom.SWING
    life: LifeState | None = None
    stoichiometry: tuple[float, float] = (0.2, 0.8)
    initial_soc: tuple[float, float] = UNKNOWN_SOC  # given to the gauge: estimate and its sigma
    is_new: bool = False
    is_charged: bool | None = None  # branch at the start, None for either
    baselines_know_start: bool = True  # they begin at the true state, else as the gauge does
    draw_cell: Callable[[CellParameters, Random], CellParameters] = drawn_cell
    draw_sensors: Callable[[Random], SensorErrors] = drawn_sensors
    lost_share: float = 0.0
    stuck_s: float = 0.0
    load_c: float = truth.LOAD_C


_MINUTE = Sampling(60.0, 6.0 * HOUR_S)
_FIVE_MINUTES = Sampling(300.0, 6.0 * HOUR_S)


_LAB = Family(name="lab-25", area_cm2=1.0, days=10.0, sampling=_MINUTE, programme=cycles)
_OUTSIDE = Family(
    name="outdoor",
    area_cm2=4.0,
    days=30.0,
    sampling=_FIVE_MINUTES,
    programme=outdoor,
    weather=Weather(20.0, 30.0),
)
_ALL = (
    _LAB,
    replace(_LAB, name="lab-60", weather=Weather(60.0)),
    Family(
        name="implant-37",
        area_cm2=3.0,
        days=60.0,
        sampling=_FIVE_MINUTES,
        programme=implant,
        weather=Weather(37.0, 0.5),
    ),
    _OUTSIDE,
    replace(
        _OUTSIDE,
        name="window",
        area_cm2=20.0,
        days=28.0,
        programme=office_window,
        weather=Weather(22.0, 3.0),
    ),
    Family(
        name="no-anchor",
        area_cm2=1.0,
        days=60.0,
        sampling=_FIVE_MINUTES,
        programme=swings,
        weather=Weather(25.0, 5.0),
        counted=CountedFrom.ANCHOR,
    ),
    replace(_LAB, name="aged", life=LifeState(cycles=1500.0)),
    replace(
        _LAB,
        name="cold-boot",
        days=4.0,
        counted=CountedFrom.DAY,
        stoichiometry=(0.02, 0.98),
        baselines_know_start=False,
    ),
    replace(
        _LAB,
        name="activation",
        days=30.0,  # ends after its 50 cycles
        programme=partial(first_cycles, count=50, rate_c=1 / 2),
        life=LifeState.as_built(),
        stoichiometry=(0.0, 0.0),  # a film as built was never charged
        initial_soc=(0.0, 0.02),
        is_new=True,
        is_charged=False,
    ),
    replace(_LAB, name="fast", programme=partial(bursts, most_ua=BURST_UA)),
    replace(
        _LAB,
        name="bad-sensor",
        draw_sensors=partial(drawn_sensors, times_datasheet=2.0),
        lost_share=0.05,
        stuck_s=HOUR_S,
    ),
)
FAMILIES = {family.name: family for family in _ALL}
