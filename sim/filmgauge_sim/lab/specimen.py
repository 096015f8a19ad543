"""What the laboratory measures: a cell, chosen by name.

Units of the laboratory: uA/cm2 and uAh/cm2 of film, volts, degC, seconds. Positive charges.
"""

from dataclasses import replace
from math import inf
from typing import Any

from filmgauge_sim.cell import FilmCell, LifeState, load_parameters
from filmgauge_sim.cell.liquid import LiquidCell, load_liquid

EMPTY_V, FULL_V = 1.0, 4.0  # window of every published galvanostatic test
LIQUID = "liquid-li-s"

# What an experiment acts on.
Specimen = FilmCell | LiquidCell


def film(
    name: str,
    area_cm2: float = 1.0,
    stoichiometry: float = 1.0,
    *,
    life: LifeState | None = None,
    capacity_factor: float = 1.0,
    seed: int | None = None,
) -> FilmCell:
    """A film cell of a named set or TOML file, scaled to a sample's own capacity.

    Raises ParameterError when there is no such set, ValueError for a cell that cannot be.
    """
    parameters = load_parameters(name)
    if seed is not None:
        parameters = parameters.drawn(seed)
    capacity = _scaled(parameters.capacity_uah_cm2, capacity_factor)
    parameters = replace(parameters, capacity_uah_cm2=capacity)
    branch = 1.0 if stoichiometry > 0.5 else -1.0
    return FilmCell(parameters, area_cm2, stoichiometry, hysteresis=branch, life=life)


def specimen(
    name: str, area_cm2: float = 1.0, stoichiometry: float = 1.0, **film_options: Any
) -> Specimen:
    """Like ``film``, and the liquid comparison cell by its name, of which no life is known."""
    if name != LIQUID:
        return film(name, area_cm2, stoichiometry, **film_options)
    if film_options.get("seed") is not None:
        raise ValueError(f"seed must be left out for {LIQUID}: its spread is not known")
    parameters = load_liquid()
    factor = film_options.get("capacity_factor", 1.0)
    capacity = _scaled(parameters.capacity_uah_cm2, factor)
    return LiquidCell(replace(parameters, capacity_uah_cm2=capacity), area_cm2, stoichiometry)


def _scaled(capacity_uah_cm2: float, capacity_factor: float) -> float:
    if not 0.0 < capacity_factor < inf:
        raise ValueError(f"capacity_factor must be above 0 and finite, not {capacity_factor!r}")
    return capacity_uah_cm2 * capacity_factor


def window_v(cell: Specimen) -> tuple[float, float]:
    """The voltages between which a cell is cycled."""
    if isinstance(cell, LiquidCell):
        return cell.parameters.empty_v, cell.parameters.full_v
    return EMPTY_V, FULL_V
