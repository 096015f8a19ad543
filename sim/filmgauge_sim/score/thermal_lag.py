"""A cell that follows the temperature of its sensor late, as a first-order system."""

from math import exp
from random import Random
from typing import Self

from filmgauge_sim.cell import FilmCell, SteppedCell
from filmgauge_sim.score.modifier import Modifier
from filmgauge_sim.score.wrapped_cell import WrappedCell

MOST_LAG_S = 1800.0


class ThermalLag(Modifier):
    """A lag of nothing to half an hour."""

    name = "thermal-lag"

    def cell(self, film: FilmCell, duration_s: float, source: Random) -> SteppedCell:
        return LaggingCell(film, source.uniform(0.0, MOST_LAG_S))


class LaggingCell(WrappedCell):
    """A cell around whose film the temperature settles with a time constant of lag_s:

        T + (T_film - T) exp(-t / lag)

    after t at T. The film steps at what it has when T changes: the sensor's temperature is
    constant from sample to sample as well, so that half a sample's time is added to the lag. It
    begins as warm as its sensor.
    """

    def __init__(self, inner: SteppedCell, lag_s: float) -> None:
        super().__init__(inner)
        self._lag_s = lag_s
        self._around_c: float | None = None
        self._film_c = 25.0
        self._since_s = 0.0

    @property
    def film_c(self) -> float:
        """Temperature of the film, degC."""
        if self._around_c is None or not self._since_s:
            return self._film_c
        left = exp(-self._since_s / self._lag_s) if self._lag_s else 0.0
        return self._around_c + (self._film_c - self._around_c) * left

    def full(self) -> Self:
        """The same, and as warm as its sensor will be."""
        twin = super().full()
        twin._around_c = None
        return twin

    def advance(self, current_ua: float, temperature_c: float, duration_s: float) -> None:
        if temperature_c != self._around_c:
            self._film_c = temperature_c if self._around_c is None else self.film_c
            self._around_c, self._since_s = temperature_c, 0.0
        super().advance(current_ua, temperature_c, duration_s)
        self._since_s += duration_s

    def _inside(self, current_ua: float, temperature_c: float) -> tuple[float, float]:
        return current_ua, self._step_c(temperature_c)

    def _step_c(self, temperature_c: float) -> float:
        """The temperature at which a step at a sensor's temperature would be made."""
        if self._around_c is None:
            return temperature_c
        return self._film_c if temperature_c == self._around_c else self.film_c
