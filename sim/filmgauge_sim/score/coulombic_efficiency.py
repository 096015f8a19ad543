"""A cell whose side reactions are activated: the share of a charge that is lost grows with
temperature."""

from random import Random

from filmgauge_sim.cell import FilmCell, SteppedCell
from filmgauge_sim.score.modifier import Modifier
from filmgauge_sim.score.wrapped_cell import WrappedCell

LEAST_LOSS, MOST_LOSS = 0.001, 0.010
COLD_C, WARM_C = 0.0, 50.0


def efficiency(temperature_c: float) -> float:
    """Share of a charge that is stored: 99.9 % at 0 degC and below, 99.0 % at 50 degC and above,
    its loss exponential between them."""
    warmth = min(max((temperature_c - COLD_C) / (WARM_C - COLD_C), 0.0), 1.0)
    return 1.0 - LEAST_LOSS * (MOST_LOSS / LEAST_LOSS) ** warmth


class EfficiencyByTemperature(Modifier):
    """From 99.0 to 99.9 %."""

    name = "efficiency"

    def cell(self, film: FilmCell, duration_s: float, source: Random) -> SteppedCell:
        return LossyCell(film)


class LossyCell(WrappedCell):
    """A cell that stores its charge with ``efficiency``, whatever its parameters say.

    The film is charged by less current. What it shows is under that current as well: its
    polarisation is that of the whole one to less than 1 mV.
    """

    def _inside(self, current_ua: float, temperature_c: float) -> tuple[float, float]:
        """With the current that leaves the film with what it stores, whatever it loses itself."""
        if current_ua > 0.0:
            current_ua *= efficiency(temperature_c) / self.parameters.charge_acceptance
        return current_ua, temperature_c
