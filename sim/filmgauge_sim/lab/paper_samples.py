"""The published tests and their samples, as paper.toml has them."""

from dataclasses import dataclass, field

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

    def make(self) -> FilmCell:
        """The sample itself, 1 cm2 of it."""
        life = LifeState(**self.life)
        return film(self.cell, 1.0, 0.0, life=life, capacity_factor=self.capacity_factor)


SAMPLES = {name: PaperSample(**table) for name, table in PAPER["samples"].items()}
