"""Nodes whose description is wrong: the cell is right, what its gauge was told of it is not."""

from dataclasses import replace
from random import Random

from filmgauge_sim.score.modifier import Description, Modifier
from filmgauge_sim.score.random_cells import SensorErrors

AREA_ERROR = 0.20
SHUNT_ERROR = 0.01  # the tolerance of an ordinary precision resistor
OFF_C = 3.0
_OTHER_KIND = {"evp-li": "pre-li", "pre-li": "evp-li"}


class WrongArea(Modifier):
    """A fifth more or less area than was stated."""

    name = "wrong-area"
    is_wrong_profile = True

    def description(self, true: Description, source: Random) -> Description:
        return replace(true, area_cm2=true.area_cm2 * (1.0 + source.choice((-1, 1)) * AREA_ERROR))


class WrongKind(Modifier):
    """The profile of the other kind of cell."""

    name = "wrong-kind"
    is_wrong_profile = True

    def description(self, true: Description, source: Random) -> Description:
        return replace(true, cell_set=_OTHER_KIND[true.cell_set])


class WrongShunt(Modifier):
    """A shunt at the edge of its tolerance."""

    name = "wrong-shunt"

    def shunt_ohm(self, nominal_ohm: float, source: Random) -> float:
        return nominal_ohm * (1.0 + source.choice((-1, 1)) * SHUNT_ERROR)


class SensorOff(Modifier):
    """A temperature sensor that shows 3 degC too much or too little, glued to something else."""

    name = "sensor-off"

    def sensors(self, drawn: SensorErrors, source: Random) -> SensorErrors:
        return replace(drawn, temperature_offset_c=source.choice((-1, 1)) * OFF_C)
