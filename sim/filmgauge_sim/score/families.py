"""The families of the score, as families.toml has them.

Where a family says nothing else, the cell begins anywhere between 20 and 80 % on either branch
and the gauge begins with 50 % and a standard deviation of 29 %, that of anything from 0 to 100.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from math import cos, pi
from random import Random
from typing import Any, Protocol

from filmgauge_sim.cell import CellParameters, LifeState
from filmgauge_sim.package_data import read_toml
from filmgauge_sim.score import programmes, truth
from filmgauge_sim.score.bounds import FamilyBounds, RowBounds
from filmgauge_sim.score.cell_run import Sampling
from filmgauge_sim.score.modifiers import PLAIN, Modifier
from filmgauge_sim.score.programmes import DAY_S, HOUR_S, Programme
from filmgauge_sim.score.random_cells import SensorErrors, drawn_cell, drawn_sensors

LINEAR = "linear"
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
    """One row of the table.

    cell_set: what the gauge is made for; the cell is drawn around it, or around the same film in
    another physics, and modified. The same seed draws the same use whatever these are.
    """

    name: str
    cell_set: str = "evp-li"
    physics: str = LINEAR
    modifier: Modifier = PLAIN
    area_cm2: float
    days: float
    sampling: Sampling
    programme: Programme
    weather: Temperature = Weather()
    counted: CountedFrom = CountedFrom.SWING
    life: LifeState | None = None
    stoichiometry: tuple[float, float] = (0.2, 0.8)
    initial_soc: tuple[float, float] = (0.5, 0.29)  # given to the gauge: estimate and its sigma
    is_new: bool = False
    is_charged: bool | None = None  # branch at the start, None for either
    baselines_know_start: bool = True  # they begin at the true state, else as the gauge does
    draw_cell: Callable[[CellParameters, Random], CellParameters] = drawn_cell
    draw_sensors: Callable[[Random], SensorErrors] = drawn_sensors
    lost_share: float = 0.0
    stuck_s: float = 0.0
    load_c: float = truth.LOAD_C
    bounds: FamilyBounds | None = None
    row_bounds: RowBounds | None = None
    reference_rmse_pct: float | None = None

    @property
    def title(self) -> str:
        """Its name, and the physics and the modifier where they are not those of the profile."""
        if self.modifier is not PLAIN:
            return f"{self.name} {self.physics} {self.modifier.name}"
        return self.name if self.physics == LINEAR else f"{self.name} {self.physics}"

    @property
    def true_set(self) -> str:
        """The parameter set of the cell."""
        return self.cell_set if self.physics == LINEAR else f"{self.cell_set}-{self.physics}"


def _programme(table: dict[str, Any]) -> Programme:
    options = dict(table)
    return partial(getattr(programmes, options.pop("name")), **options)


# What is made of a key of the table.
_MADE: dict[str, Callable[[Any], Any]] = {
    "sampling": lambda table: Sampling(**table),
    "programme": _programme,
    "weather": lambda table: Weather(**table),
    "counted": CountedFrom,
    "life": lambda table: LifeState(**table),
    "draw_sensors": lambda table: partial(drawn_sensors, **table),
    "bounds": lambda table: FamilyBounds(**table),
}


def _families() -> dict[str, Family]:
    tables = read_toml("filmgauge_sim.score", "families.toml")
    families: dict[str, Family] = {}
    for name, own in tables.items():
        table = tables.get(own.pop("like", ""), {}) | own
        made = {key: _MADE[key](value) if key in _MADE else value for key, value in table.items()}
        families[name] = Family(name=name, **made)
    return families


FAMILIES = _families()
