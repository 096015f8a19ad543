"""A cell whose side reactions are activated: the share of a charge that is lost grows with
temperature."""

from random import Random

from filmgauge_sim.cell import Crossing, FilmCell, SteppedCell
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

    The film is charged by less current, with which its time to a voltage is counted as well: its
    polarisation is that of the whole current but for the search of a crossing, by less than 1 mV.
    """

    def advance(self, current_ua: float, temperature_c: float, duration_s: float) -> None:
        super().advance(self._into(current_ua, temperature_c), temperature_c, duration_s)

    def next_crossing(
        self,
        current_ua: float,
        temperature_c: float,
        duration_s: float,
        low_v: float | None = None,
        high_v: float | None = None,
    ) -> Crossing | None:
        into_ua = self._into(current_ua, temperature_c)
        return super().next_crossing(into_ua, temperature_c, duration_s, low_v, high_v)

    def _into(self, current_ua: float, temperature_c: float) -> float:
        """The current that leaves the film with what it stores, whatever the film itself loses."""
        if current_ua <= 0.0:
            return current_ua
        return current_ua * efficiency(temperature_c) / self.parameters.charge_acceptance
