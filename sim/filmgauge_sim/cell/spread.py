"""From cell to cell: a parameter set drawn from the spread that the set states.

Every figure that varies is multiplied by exp(spread x) with x from a standard normal
distribution, so that its median is the set's own value and it stays positive.
"""

from dataclasses import replace
from math import exp
from random import Random

from filmgauge_sim.cell.parameters import CellParameters


def drawn(parameters: CellParameters, seed: int) -> CellParameters:
    """One cell of this kind; the same seed gives the same cell on every machine."""
    source = Random(seed)
    capacity, diffusion, resistance, contact, loss, leak = (
        source.gauss(0.0, 1.0) for _ in range(6)
    )
    lost = (1.0 - parameters.charge_acceptance) * exp(parameters.loss_spread * loss)
    factor = exp(parameters.resistance_spread * resistance)
    return replace(
        parameters,
        capacity_uah_cm2=parameters.capacity_uah_cm2 * exp(parameters.capacity_spread * capacity),
        diffusion_time_h=parameters.diffusion_time_h
        * exp(parameters.diffusion_spread * diffusion),
        lipon_conductivity_s_cm=parameters.lipon_conductivity_s_cm / factor,
        contact_resistance_ohm_cm2=parameters.contact_resistance_ohm_cm2
        * exp(parameters.resistance_spread * contact),
        charge_acceptance=1.0 - lost,
        self_discharge_per_year=parameters.self_discharge_per_year
        * exp(parameters.loss_spread * leak),
    )
