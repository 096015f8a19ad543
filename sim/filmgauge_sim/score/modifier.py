"""How a cell or its node may differ from what its gauge was made for."""

from dataclasses import dataclass
from random import Random

from filmgauge_sim.cell import CellParameters, FilmCell, SteppedCell
from filmgauge_sim.score.random_cells import SensorErrors


@dataclass(frozen=True, slots=True)
class Description:
    """What a gauge and the baselines are made for: a parameter set and an area."""

    cell_set: str
    area_cm2: float


class Modifier:
    """One difference; this one makes none.

    Each method is given a generator of its own, so that a seed draws the same whatever else is
    drawn. name: as in the options of a score. is_wrong_profile: whether the gauge is made for
    another kind or size of cell, which it has to notice.
    """

    name = "plain"
    is_wrong_profile = False

    def parameters(self, drawn: CellParameters, source: Random) -> CellParameters:
        """The parameters of the cell, of those that were drawn for it."""
        return drawn

    def cell(self, film: FilmCell, duration_s: float, source: Random) -> SteppedCell:
        """The cell of a run that lasts so long, of the film that was drawn for it."""
        return film

    def sensors(self, drawn: SensorErrors, source: Random) -> SensorErrors:
        """The errors of its sensors."""
        return drawn

    def shunt_ohm(self, nominal_ohm: float, source: Random) -> float:
        """The resistance of its shunt, which its gauge takes to be the nominal one."""
        return nominal_ohm

    def description(self, true: Description, source: Random) -> Description:
        """What its gauge is made for."""
        return true
