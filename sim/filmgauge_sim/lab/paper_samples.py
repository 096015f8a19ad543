"""The published tests and their samples, as paper.toml has them."""

from dataclasses import dataclass, field, replace
from typing import Any

from filmgauge_sim.cell import FilmCell, LifeState
from filmgauge_sim.lab.specimen import film
from filmgauge_sim.package_data import read_toml

PAPER = read_toml("filmgauge_sim.lab", "paper.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSample:
    """One sample of the paper before its test, discharged; paper.toml explains the fields."""

    cell: str
    remark: str
    life: dict[str, float] = field(default_factory=dict)
    capacity_factor: float = 1.0
    current_ua_cm2: float = 0.0
    cycles: int = 0
    conditions: list[tuple[float, float]] = field(default_factory=list)
    published_uah_cm2: list[float] = field(default_factory=list)
    early_cycles: int = 0
    profiles: bool = False
    physics: str = "linear"
    otherwise: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def parameter_set(self) -> str:
        """The name of its parameter set."""
        return set_of(self.cell, self.physics)

    def make(self) -> FilmCell:
        """The sample itself, 1 cm2 of it."""
        life = LifeState(**self.life)
        return film(self.parameter_set, 1.0, 0.0, life=life, capacity_factor=self.capacity_factor)

    def of(self, physics: str) -> "PaperSample":
        """The same sample with another physics, and what is its own in that."""
        return replace(self, physics=physics, **self.otherwise.get(physics, {}))


def set_of(cell: str, physics: str) -> str:
    """The name of the parameter set of a cell with a physics."""
    return cell if physics == "linear" else f"{cell}-{physics}"


SAMPLES = {name: PaperSample(**table) for name, table in PAPER["samples"].items()}
