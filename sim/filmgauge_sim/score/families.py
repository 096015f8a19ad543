"""The families of the score: what is done to which cells, and how their nodes sample.

Where a family says nothing else, the cell begins anywhere between 20 and 80 % on either branch
and the gauge is told 50 % with a standard deviation of 29 %, that of anything from 0 to 100.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from math import cos, pi
from random import Random
from typing import Protocol

from filmgauge_sim.cell import CellParameters, LifeState
from filmgauge_sim.score import truth
from filmgauge_sim.score.cell_run import Sampling
from filmgauge_sim.score.programmes.cycling import HOUR_S, Programme, bursts, cycles, first_cycles
from filmgauge_sim.score.programmes.harvest import DAY_S, harvesting, office_days, outdoor_days
from filmgauge_sim.score.programmes.implant import implant
from filmgauge_sim.score.programmes.swing import swings
from filmgauge_sim.score.random_cells import SensorErrors, drawn_cell, drawn_sensors

UNKNOWN = (0.5, 0.29)
BURST_UA_CM2 = 13.0
_COLDEST_S = 4.0 * HOUR_S  # after midnight


class Counted(Enum):
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


class Air(Protocol):
    """Temperature around a cell."""

    def at_c(self, now_s: float) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Family:
    """One row of the table. ``programme`` gets the profile's capacity (uAh), area and luck."""

    name: str
    cell_set: str = "evp-li"
    area_cm2: float
    days: float
    sampling: Sampling
    programme: Callable[[float, float, Random], Programme]
    weather: Air = Weather()
    counted: Counted = Counted.SWING
    life: LifeState | None = None
    stoichiometry: tuple[float, float] = (0.2, 0.8)
    known: tuple[float, float] = UNKNOWN  # state of charge told to the gauge, and its sigma
    is_new: bool = False
    is_charged: bool | None = None  # branch at the start, None for either
    is_told: bool = True  # whether baselines are told the true state at the start
    draw_cell: Callable[[CellParameters, Random], CellParameters] = drawn_cell
    draw_sensors: Callable[[Random], SensorErrors] = drawn_sensors
    lost_share: float = 0.0
    stuck_s: float = 0.0
    load_c: float = truth.LOAD_C


_MINUTE = Sampling(60.0, 6.0 * HOUR_S)
_FIVE_MINUTES = Sampling(300.0, 6.0 * HOUR_S)


def _cycles(capacity_uah: float, area_cm2: float, luck: Random) -> Programme:
    return cycles(capacity_uah, luck)


def _implant(capacity_uah: float, area_cm2: float, luck: Random) -> Programme:
    return implant(capacity_uah, luck)


def _outdoor(capacity_uah: float, area_cm2: float, luck: Random) -> Programme:
    return harvesting(capacity_uah, 1 / 60, outdoor_days(luck))


def _window(capacity_uah: float, area_cm2: float, luck: Random) -> Programme:
    load_c = luck.uniform(1 / 80, 1 / 50)
    return harvesting(capacity_uah, load_c, office_days(luck, 1 / 20, 1 / 10))


def _swings(capacity_uah: float, area_cm2: float, luck: Random) -> Programme:
    return swings(capacity_uah, luck)


def _first_cycles(capacity_uah: float, area_cm2: float, luck: Random) -> Programme:
    return first_cycles(capacity_uah, 50, 1 / 2)


def _bursts(capacity_uah: float, area_cm2: float, luck: Random) -> Programme:
    return bursts(capacity_uah, BURST_UA_CM2 * area_cm2, luck)


_ALL = (
    Family(name="lab-25", area_cm2=1.0, days=10.0, sampling=_MINUTE, programme=_cycles),
    Family(
        name="lab-60",
        area_cm2=1.0,
        days=10.0,
        sampling=_MINUTE,
        programme=_cycles,
        weather=Weather(60.0),
    ),
    Family(
        name="implant-37",
        area_cm2=3.0,
        days=60.0,
        sampling=_FIVE_MINUTES,
        programme=_implant,
        weather=Weather(37.0, 0.5),
    ),
    Family(
        name="outdoor",
        area_cm2=4.0,
        days=30.0,
        sampling=_FIVE_MINUTES,
        programme=_outdoor,
        weather=Weather(20.0, 30.0),
    ),
    Family(
        name="window",
        area_cm2=20.0,
        days=28.0,
        sampling=_FIVE_MINUTES,
        programme=_window,
        weather=Weather(22.0, 3.0),
    ),
    Family(
        name="no-anchor",
        area_cm2=1.0,
        days=60.0,
        sampling=_FIVE_MINUTES,
        programme=_swings,
        weather=Weather(25.0, 5.0),
        counted=Counted.ANCHOR,
    ),
    Family(
        name="aged",
        area_cm2=1.0,
        days=10.0,
        sampling=_MINUTE,
        programme=_cycles,
        life=LifeState(cycles=1500.0),
    ),
    Family(
        name="cold-boot",
        area_cm2=1.0,
        days=4.0,
        sampling=_MINUTE,
        programme=_cycles,
        counted=Counted.DAY,
        stoichiometry=(0.02, 0.98),
        is_told=False,
    ),
    Family(
        name="activation",
        area_cm2=1.0,
        days=30.0,  # ends after its 50 cycles
        sampling=_MINUTE,
        programme=_first_cycles,
        life=LifeState.as_built(),
        stoichiometry=(0.0, 0.0),  # a film as built was never charged
        known=(0.0, 0.02),
        is_new=True,
        is_charged=False,
    ),
    Family(name="fast", area_cm2=1.0, days=10.0, sampling=_MINUTE, programme=_bursts),
    Family(
        name="bad-sensor",
        area_cm2=1.0,
        days=10.0,
        sampling=_MINUTE,
        programme=_cycles,
        draw_sensors=partial(drawn_sensors, times_datasheet=2.0),
        lost_share=0.05,
        stuck_s=HOUR_S,
    ),
)
FAMILIES = {family.name: family for family in _ALL}
