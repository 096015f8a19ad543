"""The film cell: parameter sets, exact stepping, threshold crossings and the truth for scores.

Positive current charges the cell, everywhere.
"""

from filmgauge_sim.cell.ageing import LifeState
from filmgauge_sim.cell.boundary_film import BoundaryFilm
from filmgauge_sim.cell.crossing import Crossing
from filmgauge_sim.cell.deliverable import deliverable_uah
from filmgauge_sim.cell.diffusion_film import DiffusionFilm
from filmgauge_sim.cell.film import FilmCell
from filmgauge_sim.cell.parameters import (
    CellParameters,
    ParameterError,
    available_sets,
    load_parameters,
)
from filmgauge_sim.cell.stepped import SteppedCell
from filmgauge_sim.cell.variable_film import VariableFilm

__all__ = [
    "BoundaryFilm",
    "CellParameters",
    "Crossing",
    "DiffusionFilm",
    "FilmCell",
    "LifeState",
    "ParameterError",
    "SteppedCell",
    "VariableFilm",
    "available_sets",
    "deliverable_uah",
    "load_parameters",
]
