"""The samples of the paper: the state of each one, apart from the equations, which are common.

Source of the tests: Nano-Micro Lett. 15:73 (2023). What is a sample's own is its capacity over
that of its parameter set, its age at the start, and the current where none is published.
"""

from dataclasses import dataclass

from filmgauge_sim.cell import FilmCell, LifeState
from filmgauge_sim.lab.specimen import film


@dataclass(frozen=True, slots=True)
class PaperSample:
    """One sample of the paper before its test, discharged."""

    cell: str
    current_ua_cm2: float
    life: LifeState | None = None
    capacity_factor: float = 1.0
    remark: str = ""

    def make(self) -> FilmCell:
        """The sample itself, 1 cm2 of it."""
        return film(
            self.cell,
            1.0,
            0.0,
            life=self.life,
            capacity_factor=self.capacity_factor,
        )


@dataclass(frozen=True, slots=True)
class RateTest:
    """Currents (uA/cm2) and published capacities (uAh/cm2) of one rate test."""

    sample: PaperSample
    points: tuple[tuple[float, float], ...]
    # Cycles at the first current before it is measured again, where the paper says so.
    early_cycles: int = 0


PRE_RATE = RateTest(
    PaperSample(
        "pre-li",
        1.0,
        LifeState(activation=0.96),
        1.01,
        "own Q0 16.3 uAh/cm2, activation 0.96 (slightly above when back)",
    ),
    # "Slightly above the first value" is taken as that value, and as an order in a row of its own.
    ((1.0, 15.58), (2.0, 14.95), (8.0, 13.11), (12.0, 10.95), (1.0, 15.58)),
)
EVP_RATE = RateTest(
    PaperSample(
        "evp-li",
        1.12,
        LifeState(activation=0.88),
        1.02,
        "own Q0 11.2 uAh/cm2, activation 0.88 (from 10.33 to 10.56)",
    ),
    ((1.12, 10.33), (1.12, 10.56), (2.24, 10.36), (8.96, 7.35), (13.46, 5.41), (1.12, 10.88)),
    early_cycles=5,
)
# The current is not published; only current times diffusion time is known (about 75 uAh/cm2).
TEMPERATURE = PaperSample(
    "pre-li",
    55.0,
    LifeState(adaptation=1.0),
    1.435,
    "own Q0 23.1 uAh/cm2, 55 uA/cm2 (not published), used to fast cycling",
)
PRE_FIRST = PaperSample("pre-li", 1.0, LifeState.as_built(), remark="as built")
EVP_FIRST = PaperSample("evp-li", 1.12, LifeState.as_built(), remark="as built")
PRE_300 = PaperSample("pre-li", 6.32, LifeState.as_built(), remark="as built")
PRE_3000 = PaperSample(
    "pre-li", 25.8, LifeState.formed(), 1.085, "formed at a smaller current, own Q0 17.5 uAh/cm2"
)
EVP_500 = PaperSample("evp-li", 10.0, LifeState.formed(), remark="formed")
SWEEP = PaperSample(
    "pre-li",
    0.0,
    LifeState.as_built(),
    0.5,
    "as built, own Q0 8.1 uAh/cm2 (peak current near 10 uA/cm2)",
)
SWEEP_EVP = PaperSample("evp-li", 0.0, LifeState.as_built(), remark="as built")
