"""What nobody has published and a sizing still needs: each number with its range.

    nodes = nominal(count)                              # all as they should be
    nodes = drawn(parameters, count, seed)              # each with a draw of its own

Source of none of them is a measurement of this cell; docs/sizing.md says what each rests on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.cell.parameters import CellParameters
from filmgauge_sim.sizing.film_bank import FilmSpread, even_spread

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """A number between two bounds, evenly likely."""

    low: float
    nominal: float
    high: float

    def draw(self, source: np.random.Generator, count: int) -> Numbers:
        """Return `count` of them."""
        return source.uniform(self.low, self.high, count)


# Share of the capacity that is lost in a year at 25 degC, used or not.
CALENDAR_FADE = Band(0.0, 0.005, 0.02)
CALENDAR_ENERGY_EV = 0.5
# Of what the light, the harvester and its place really give over what the world says.
HARVEST_FACTOR = Band(0.75, 1.0, 1.25)
# Of what boards take over what the catalogue says.
LOAD_FACTOR = Band(0.9, 1.0, 1.2)


@dataclass(frozen=True)
class Variation:
    """How nodes differ from their nominal ones. Arrays, one number a node."""

    films: FilmSpread
    harvest: Numbers
    load: Numbers

    def part(self, span: slice) -> "Variation":
        """Return some of the nodes."""
        return Variation(self.films.part(span), self.harvest[span], self.load[span])

    def repeated(self, times: int) -> "Variation":
        """Return the same nodes so many times, one after the other."""
        return Variation(
            self.films.repeated(times), np.tile(self.harvest, times), np.tile(self.load, times)
        )


def nominal(count: int) -> Variation:
    """Return `count` nodes that are all as they should be."""
    films = even_spread(count, CALENDAR_FADE.nominal, CALENDAR_ENERGY_EV)
    factor = np.ones(count)
    return Variation(films, HARVEST_FACTOR.nominal * factor, LOAD_FACTOR.nominal * factor)


def drawn(parameters: CellParameters, count: int, seed: int) -> Variation:
    """Return `count` nodes, each with a cell of its own and the assumed numbers from their bands.

    Cells vary as `CellParameters.drawn` says.
    """
    source = np.random.default_rng(seed)

    def varied(spread: float) -> Numbers:
        return np.exp(spread * source.standard_normal(count))

    return Variation(
        films=FilmSpread(
            capacity=varied(parameters.capacity_spread),
            diffusion_time=varied(parameters.diffusion_spread),
            resistance=varied(parameters.resistance_spread),
            loss=varied(parameters.loss_spread),
            calendar_fade=CALENDAR_FADE.draw(source, count),
            calendar_energy_ev=CALENDAR_ENERGY_EV,
        ),
        harvest=HARVEST_FACTOR.draw(source, count),
        load=LOAD_FACTOR.draw(source, count),
    )
