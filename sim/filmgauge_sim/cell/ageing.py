"""How old a film is, and what cycling does to it: activation, slow growth, slowing diffusion,
strain and fade.

With n the equivalent full cycles and j the current density, everything per equivalent cycle:

    activation  da/dn = (1 - a) / n_act                     opens the film as built
    adaptation  dz/dn = sigma (1 - z) / n_z                 the film gets used to fast cycling
    stranded    dd/dn = (D sigma (1 - z) - d) / n_d         cut off by fast cycling, comes back
    sigma       mean of j^4 / (j^4 + j_s^4) over the passed charge

    capacity / Q0 = (1 - u (1 - a)) (1 - d) (1 + g (1 - exp(-n / n_g))) exp(-f n)
    tau / tau0    = (1 + n / n_s)^p

The forms are assumed: they are the least that follows the published courses. Charge passed at
another temperature counts more by one Arrhenius factor.
"""

from dataclasses import dataclass, replace
from math import exp

from filmgauge_sim.cell.parameters import CellParameters


@dataclass(frozen=True, slots=True)
class LifeState:
    """The age of a film; every number is one of a state, none a parameter.

    A cycle here is an equivalent full one: as much charge as one discharge and one charge of the
    whole film, passed at 25 degC (warmth counts more).
    """

    # Share of the film that was never charged: 1 as built, 0 after the first full charge.
    virgin: float = 0.0
    # How far the first cycles have opened the film: 0 as built, 1 when formed.
    activation: float = 1.0
    # Cycles since the film was built.
    cycles: float = 0.0
    # Share of the film that fast cycling has cut off for the time being.
    stranded: float = 0.0
    # How far the film has become used to fast cycling: 0 not at all, 1 wholly.
    adaptation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("virgin", "activation", "stranded", "adaptation"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} must be from 0 to 1, not {value!r}.")
        if not 0.0 <= self.cycles <= 1e9:
            raise ValueError(f"cycles must be from 0 to 1e9, not {self.cycles!r}.")

    @classmethod
    def as_built(cls) -> "LifeState":
        """A film that has never been charged."""
        return cls(virgin=1.0, activation=0.0)

    @classmethod
    def formed(cls) -> "LifeState":
        """A film after its first cycles, with its full capacity."""
        return cls()

    def charged_to(self, stoichiometry: float) -> "LifeState":
        """The state after a charge that ended at the given mean stoichiometry."""
        virgin = max(0.0, min(self.virgin, 1.0 - stoichiometry))
        # A first charge that reached the last per cent has opened the whole film.
        return replace(self, virgin=0.0 if virgin < 0.01 else virgin)


def strain_share(parameters: CellParameters, current_ua_cm2: float) -> float:
    """How much a current strains the film: 0 when slow, 1/2 at j_s, 1 far above it."""
    ratio = current_ua_cm2 / parameters.strain_current_ua_cm2
    fourth = ratio * ratio * ratio * ratio
    return fourth / (1.0 + fourth)


def aged(
    parameters: CellParameters, life: LifeState, cycles: float, strained_cycles: float
) -> LifeState:
    """The state after some equivalent cycles, of which ``strained_cycles`` strained the film."""
    if cycles <= 0.0:
        return life
    open_to_strain = 1.0 - life.adaptation
    left = open_to_strain * exp(-strained_cycles / parameters.adaptation_cycles)
    mean_open = 0.5 * (open_to_strain + left)
    target = parameters.strain_most * strained_cycles / cycles * mean_open
    keeps = exp(-cycles / parameters.strain_cycles)
    closed = (1.0 - life.activation) * exp(-cycles / parameters.activation_cycles)
    return replace(
        life,
        activation=1.0 - closed,
        cycles=life.cycles + cycles,
        adaptation=1.0 - left,
        stranded=target + (life.stranded - target) * keeps,
    )


def capacity_factor(parameters: CellParameters, life: LifeState) -> float:
    """Charge between stoichiometry 0 and 1, over that of the formed film."""
    opened = 1.0 - (1.0 - parameters.fresh_capacity_share) * (1.0 - life.activation)
    grown = 1.0 + parameters.growth_share * (1.0 - exp(-life.cycles / parameters.growth_cycles))
    fade = exp(-parameters.fade_per_cycle * life.cycles)
    return opened * (1.0 - life.stranded) * grown * fade


def diffusion_factor(parameters: CellParameters, life: LifeState) -> float:
    """Diffusion time over that of the formed film."""
    return (1.0 + life.cycles / parameters.slowing_cycles) ** parameters.slowing_exponent
