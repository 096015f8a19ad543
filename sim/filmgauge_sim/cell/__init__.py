"""The film cell: parameter sets, exact stepping, threshold crossings and the truth for scores.

Positive current charges the cell, everywhere.
"""

from filmgauge_sim.cell import boundary_film, diffusion_film, variable_film  # physics of FilmCell
from filmgauge_sim.cell.ageing import LifeState
from filmgauge_sim.cell.crossing import Crossing
from filmgauge_sim.cell.deliverable import deliverable_uah
from filmgauge_sim.cell.film import FilmCell
from filmgauge_sim.cell.parameters import (
    CellParameters,
    ParameterError,
    available_sets,
    load_parameters,
)

__all__ = [
    "CellParameters",
    "Crossing",
    "FilmCell",
    "LifeState",
    "ParameterError",
    "available_sets",
    "deliverable_uah",
    "load_parameters",
]
