"""Films of another kind: their parameters alone differ from what is drawn for a family."""

from dataclasses import replace
from math import log
from random import Random

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.score.modifier import Modifier

END_WIDTH = 0.02  # of the range of charge; the sets assume 0.003
PLATEAU_SLOPE_V = 0.25  # over the whole plateau; the sets assume 0.03
# Of the diffusion: twice as slow at -10 degC as the energy says that holds at 25 degC.
FREEZING_K = 180.0
MONTHLY_LOSS = 0.05
MONTHS_PER_YEAR = 12.0


class WideEnds(Modifier):
    """A knee over the last tenth of the charge instead of the last per cent, at both ends."""

    name = "wide-ends"

    def parameters(self, drawn: CellParameters, source: Random) -> CellParameters:
        return replace(drawn, empty_width=END_WIDTH, full_width=END_WIDTH)


class SlopingPlateau(Modifier):
    """Wide ends with a slope between them, as of a conversion through solid solutions."""

    name = "sloping-plateau"

    def parameters(self, drawn: CellParameters, source: Random) -> CellParameters:
        return replace(
            drawn,
            empty_width=END_WIDTH,
            full_width=END_WIDTH,
            plateau_slope_v=PLATEAU_SLOPE_V,
        )


class BentTemperatureLaw(Modifier):
    """Diffusion that follows Vogel's law, as through a glass, and not that of Arrhenius."""

    name = "bent-temperature"

    def parameters(self, drawn: CellParameters, source: Random) -> CellParameters:
        return replace(drawn, diffusion_freezing_k=FREEZING_K)


class SoftShort(Modifier):
    """A cell that loses 5 % of its charge a month, whatever the temperature, as through a
    filament."""

    name = "soft-short"

    def parameters(self, drawn: CellParameters, source: Random) -> CellParameters:
        return replace(
            drawn,
            self_discharge_per_year=-MONTHS_PER_YEAR * log(1.0 - MONTHLY_LOSS),
            self_discharge_activation_energy_ev=0.0,
        )
