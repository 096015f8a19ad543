"""What cycling does to a film: activation, slow growth, slowing diffusion, strain and fade.

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

from dataclasses import replace
from math import exp

from filmgauge_sim.cell.life import LifeState
from filmgauge_sim.cell.parameters import CellParameters


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
