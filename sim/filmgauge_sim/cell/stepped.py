"""What a score asks of a cell, be it one film or something that is made of films."""

from typing import Protocol

from filmgauge_sim.cell.crossing import Crossing
from filmgauge_sim.cell.parameters import CellParameters


class SteppedCell(Protocol):
    """A cell that is stepped by constant currents, with the units and errors of FilmCell."""

    @property
    def parameters(self) -> CellParameters:
        """Those of its film, or of the first of its films."""
        ...

    @property
    def area_cm2(self) -> float: ...

    @property
    def stoichiometry(self) -> float:
        """Stored charge over capacity."""
        ...

    @property
    def capacity_uah(self) -> float: ...

    def clone(self) -> "SteppedCell": ...

    def full(self) -> "SteppedCell":
        """The same cell at its present age, full and at rest."""
        ...

    def advance(self, current_ua: float, temperature_c: float, duration_s: float) -> None: ...

    def voltage_v(self, current_ua: float, temperature_c: float) -> float: ...

    def next_crossing(
        self,
        current_ua: float,
        temperature_c: float,
        duration_s: float,
        low_v: float | None = None,
        high_v: float | None = None,
    ) -> Crossing | None: ...
