"""Cells in which more or less of the film takes part as time goes on.

A film of which the share a takes part carries the current I on that share: it does what a whole
film does under I / a, and its capacity is a times that of the whole.
"""

from math import floor
from random import Random

from filmgauge_sim.cell import Crossing, FilmCell, SteppedCell
from filmgauge_sim.score.modifier import Modifier
from filmgauge_sim.score.wrapped_cell import WrappedCell

REFERENCE_C = 25.0
RISE_PER_C = 0.01
LOST_SHARE = 0.15
LOST_AFTER = (0.3, 0.7)  # of the time of a run


class _PartOfFilm(WrappedCell):
    """A film of which a share takes part."""

    _share = 1.0

    @property
    def capacity_uah(self) -> float:
        return self._share * self._inner.capacity_uah

    def _inside(self, current_ua: float, temperature_c: float) -> tuple[float, float]:
        return current_ua / self._share, temperature_c


class SuddenLoss(Modifier):
    """15 % of the film breaks off with what it holds, some time within a run."""

    name = "sudden-loss"

    def cell(self, film: FilmCell, duration_s: float, source: Random) -> SteppedCell:
        return BreakingCell(film, source.uniform(*LOST_AFTER) * duration_s)


class BreakingCell(_PartOfFilm):
    """A cell that loses a part of its film after so long."""

    def __init__(self, inner: SteppedCell, intact_s: float) -> None:
        super().__init__(inner)
        self._intact_s = intact_s

    def advance(self, current_ua: float, temperature_c: float, duration_s: float) -> None:
        if 0.0 <= self._intact_s < duration_s:
            whole_s = self._intact_s
            super().advance(current_ua, temperature_c, whole_s)
            duration_s -= whole_s
            self._share = 1.0 - LOST_SHARE
        self._intact_s -= duration_s
        super().advance(current_ua, temperature_c, duration_s)


class CapacityByTemperature(Modifier):
    """A capacity that rises by 1 % of that at 25 degC with every degree."""

    name = "warm-capacity"

    def cell(self, film: FilmCell, duration_s: float, source: Random) -> SteppedCell:
        return ThawingCell(film)


class ThawingCell(_PartOfFilm):
    """A film in patches, each of which takes part only above a temperature of its own.

    A patch of 1 % of the capacity at 25 degC freezes at every degree. It keeps what it held when
    it froze, and mixes with the others when it thaws: no charge comes or goes. What is
    frozen when a cell begins is as charged as the rest.
    """

    def __init__(self, inner: FilmCell) -> None:
        super().__init__(inner)
        self._film = inner
        self._frozen: tuple[float, ...] = ()  # stoichiometry of patches, the last froze last
        self._degree: int | None = None

    def clone(self) -> "ThawingCell":
        return self._around_film(self._film.clone())

    def full(self) -> "ThawingCell":
        twin = self._around_film(self._film.full())
        twin._frozen = tuple(1.0 for _ in self._frozen)
        return twin

    def advance(self, current_ua: float, temperature_c: float, duration_s: float) -> None:
        self._warm_to(temperature_c)
        super().advance(current_ua, temperature_c, duration_s)

    def voltage_v(self, current_ua: float, temperature_c: float) -> float:
        return super(ThawingCell, self._at(temperature_c)).voltage_v(current_ua, temperature_c)

    def next_crossing(
        self,
        current_ua: float,
        temperature_c: float,
        duration_s: float,
        low_v: float | None = None,
        high_v: float | None = None,
    ) -> Crossing | None:
        return super(ThawingCell, self._at(temperature_c)).next_crossing(
            current_ua, temperature_c, duration_s, low_v, high_v
        )

    def _at(self, temperature_c: float) -> "ThawingCell":
        """This cell, or what it would be at another temperature."""
        if floor(temperature_c) == self._degree:
            return self
        twin = self.clone()
        twin._warm_to(temperature_c)
        return twin

    def _warm_to(self, temperature_c: float) -> None:
        degree = floor(temperature_c)
        if self._degree is None:
            self._degree = degree
            self._share = 1.0 + RISE_PER_C * (degree - REFERENCE_C)
        for _ in range(degree, self._degree):
            self._frozen += (self._film.stoichiometry,)
            self._share -= RISE_PER_C
        for _ in range(self._degree, degree):
            self._thaw()
        self._degree = degree

    def _thaw(self) -> None:
        mean = self._film.stoichiometry
        held = mean
        if self._frozen:
            held = self._frozen[-1]
            self._frozen = self._frozen[:-1]
        self._share += RISE_PER_C
        self._film.shift((held - mean) * RISE_PER_C / self._share)

    def _around_film(self, film: FilmCell) -> "ThawingCell":
        twin = self._around(film)
        twin._film = film
        return twin
