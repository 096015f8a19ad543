"""Two cells in parallel where one is described: between them the current divides so that both
show one voltage."""

from copy import copy
from dataclasses import replace
from functools import partial
from random import Random

from filmgauge_sim.cell import CellParameters, Crossing, FilmCell, SteppedCell
from filmgauge_sim.cell.crossing import Bound
from filmgauge_sim.lab.current_search import rising_root
from filmgauge_sim.score.modifier import Modifier

# How the second cell differs from the first, drawn.
CAPACITY = 0.15  # relative
DIFFUSION_TIME = (0.5, 2.0)  # factor
CONTACT_RESISTANCE = (0.3, 3.0)  # factor
_SAME_V = 1e-5
# The share of the current is constant within a step, and right at its end.
_LONGEST_S = 3600.0
_MOST_PASSED = 0.02  # of the capacity
_CROSSING_S = 0.02


class TwoInParallel(Modifier):
    """Two halves of the area, of which each is a cell of its own."""

    name = "two-in-parallel"

    def cell(self, film: FilmCell, duration_s: float, source: Random) -> SteppedCell:
        drawn = film.parameters
        other = replace(
            drawn,
            capacity_uah_cm2=drawn.capacity_uah_cm2 * (1.0 + source.uniform(-CAPACITY, CAPACITY)),
            diffusion_time_h=drawn.diffusion_time_h * source.uniform(*DIFFUSION_TIME),
            contact_resistance_ohm_cm2=drawn.contact_resistance_ohm_cm2
            * source.uniform(*CONTACT_RESISTANCE),
        )
        halves = [
            FilmCell(
                parameters,
                0.5 * film.area_cm2,
                film.stoichiometry,
                hysteresis=film.hysteresis,
                life=film.life,
            )
            for parameters in (drawn, other)
        ]
        return ParallelPair(halves[0], halves[1])


class ParallelPair:
    """A SteppedCell of two."""

    def __init__(self, first: FilmCell, second: FilmCell) -> None:
        self._first, self._second = first, second
        self._first_ua = 0.0  # current of the first in the last step
        # What was asked for last, while nothing changes: current, temperature and voltage; and
        # current, temperature, duration and this pair as it will be then, within one step.
        self._asked: tuple[float, float, float] | None = None
        self._ahead: tuple[float, float, float, ParallelPair] | None = None

    @property
    def parameters(self) -> CellParameters:
        return self._first.parameters

    @property
    def area_cm2(self) -> float:
        return self._first.area_cm2 + self._second.area_cm2

    @property
    def capacity_uah(self) -> float:
        return self._first.capacity_uah + self._second.capacity_uah

    @property
    def stoichiometry(self) -> float:
        pair = (self._first, self._second)
        stored_uah = sum(cell.stoichiometry * cell.capacity_uah for cell in pair)
        return stored_uah / self.capacity_uah

    def clone(self) -> "ParallelPair":
        twin = copy(self)
        twin._first, twin._second = self._first.clone(), self._second.clone()
        twin._ahead = None
        return twin

    def full(self) -> "ParallelPair":
        return ParallelPair(self._first.full(), self._second.full())

    def advance(self, current_ua: float, temperature_c: float, duration_s: float) -> None:
        ahead, self._asked, self._ahead = self._ahead, None, None
        if ahead is not None and ahead[:3] == (current_ua, temperature_c, duration_s):
            self.__dict__.update(ahead[3].__dict__)
            return
        while duration_s > 0.0:
            step_s = min(duration_s, self._step_s(current_ua))
            first_ua = self._divided(current_ua, temperature_c, step_s)
            self._first.advance(first_ua, temperature_c, step_s)
            self._second.advance(current_ua - first_ua, temperature_c, step_s)
            self._first_ua = first_ua
            duration_s -= step_s

    def voltage_v(self, current_ua: float, temperature_c: float) -> float:
        if self._asked is not None and self._asked[:2] == (current_ua, temperature_c):
            return self._asked[2]
        first_ua = self._divided(current_ua, temperature_c, 0.0)
        voltage_v = self._first.voltage_v(first_ua, temperature_c)
        self._asked = current_ua, temperature_c, voltage_v
        return voltage_v

    def next_crossing(
        self,
        current_ua: float,
        temperature_c: float,
        duration_s: float,
        low_v: float | None = None,
        high_v: float | None = None,
    ) -> Crossing | None:
        """As that of a film, to 20 ms; an excursion within a step is not found."""

        def bound_of(cell: ParallelPair) -> Bound | None:
            voltage = cell.voltage_v(current_ua, temperature_c)
            if low_v is not None and voltage <= low_v:
                return "low"
            return "high" if high_v is not None and voltage >= high_v else None

        bound = bound_of(self)
        if bound is not None:
            return Crossing(0.0, bound)
        probe, now_s = self, 0.0
        while now_s < duration_s:
            step_s = min(duration_s - now_s, self._step_s(current_ua))
            ahead = probe._after(current_ua, temperature_c, step_s)
            bound = bound_of(ahead)
            if bound is not None:
                outside_s, inside_s = step_s, 0.0
                while outside_s - inside_s > _CROSSING_S:
                    middle_s = 0.5 * (inside_s + outside_s)
                    beyond = bound_of(probe._after(current_ua, temperature_c, middle_s))
                    if beyond is None:
                        inside_s = middle_s
                    else:
                        outside_s, bound = middle_s, beyond
                return Crossing(now_s + outside_s, bound)
            if step_s == duration_s:
                self._ahead = current_ua, temperature_c, duration_s, ahead
            probe, now_s = ahead, now_s + step_s
        return None

    def _after(self, current_ua: float, temperature_c: float, step_s: float) -> "ParallelPair":
        twin = self.clone()
        twin.advance(current_ua, temperature_c, step_s)
        return twin

    def _step_s(self, current_ua: float) -> float:
        if not current_ua:
            return _LONGEST_S
        return min(_LONGEST_S, _MOST_PASSED * self.capacity_uah / abs(current_ua) * 3600.0)

    def _divided(self, current_ua: float, temperature_c: float, step_s: float) -> float:
        """The current of the first, so that both show one voltage after a step."""

        first, second = self._first, self._second
        if step_s:
            first_v = first.voltage_after_v(temperature_c, step_s)
            second_v = second.voltage_after_v(temperature_c, step_s)
        else:
            first_v = partial(first.voltage_v, temperature_c=temperature_c)
            second_v = partial(second.voltage_v, temperature_c=temperature_c)

        def excess_v(first_ua: float) -> float:
            return first_v(first_ua) - second_v(current_ua - first_ua)

        near_ua = self._first_ua
        if not min(0.0, current_ua) <= near_ua <= max(0.0, current_ua):
            near_ua = 0.5 * current_ua
        return rising_root(excess_v, near_ua, _SAME_V)
