"""What a world tells of its cell, for scores and files of truth."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Truth:
    """What the cell really is at `now_us`. Positive current charges."""

    now_us: int
    stoichiometry: float
    voltage_v: float
    current_ua: float
    temperature_c: float
    phase: str
