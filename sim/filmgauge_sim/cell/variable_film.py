"""A film whose diffusivity follows its mean state of charge.

    D(s) = D(1/2) r^(s - 1/2)

Within a slab of the stoichiometry (a fiftieth of the range) the diffusivity is that of its middle,
and the stepping is that of diffusion_film.py; where the mean leaves a slab the modes go on with
another time constant. The local stoichiometry would need a grid in place of the modes: assumed is
that a film whose bulk is slow is so at its surface as well.
"""

from collections.abc import Iterator
from math import ceil, floor, inf

from filmgauge_sim.cell.constant_current import ConstantCurrentPath
from filmgauge_sim.cell.crossing import Crossing, VoltageLimits, next_crossing
from filmgauge_sim.cell.diffusion_film import DiffusionFilm
from filmgauge_sim.cell.isothermal import Isothermal

_SLABS = 50


class VariableFilm(DiffusionFilm, physics="variable"):
    """A film with one diffusivity at each mean stoichiometry, as FilmCell."""

    def _begin(self) -> None:
        super()._begin()
        self._laws: tuple[Isothermal, dict[int, Isothermal]] = (self._law, {})

    def _move(
        self, law: Isothermal, inflow: float, duration_s: float, net: float, change: float
    ) -> None:
        begun_s = 0.0
        for slab, length_s in self._slabs(law, inflow, duration_s):
            mean = inflow
            if change:
                mean += change * ((begun_s + 0.5 * length_s) / duration_s - 0.5)
                begun_s += length_s
            self._move_modes(slab, mean, length_s, change and change * length_s / duration_s)

    def _slab(self, law: Isothermal) -> tuple[Isothermal, float, float]:
        slab = min(max(floor(self.stoichiometry * _SLABS), 0), _SLABS - 1)
        lowest = slab / _SLABS if slab > 0 else -inf
        highest = (slab + 1) / _SLABS if slab + 1 < _SLABS else inf
        if self.stoichiometry == lowest:
            highest = lowest  # which slab it is in depends on its way
        return self._law_of(law, slab), lowest, highest

    def _mean_v(self, law: Isothermal, current: float, duration_s: float) -> float:
        total = 0.0
        for _, length_s, path in self._paths(law, current, duration_s):
            if length_s:
                total += length_s * path.mean_voltage_v(length_s)
        return total / duration_s

    def _crossing(
        self, law: Isothermal, current: float, duration_s: float, limits: VoltageLimits
    ) -> Crossing | None:
        for begun_s, length_s, path in self._paths(law, current, duration_s):
            found = next_crossing(path, length_s, limits)
            if found is not None:
                return Crossing(begun_s + found.time_s, found.bound)
        return None

    def _paths(
        self, law: Isothermal, current: float, duration_s: float
    ) -> Iterator[tuple[float, float, ConstantCurrentPath]]:
        """Yield (begin s, length s, path) of each slab that is passed in a time."""
        inflow = law.stored_ua_cm2(current)
        mean, modes, hysteresis = self.stoichiometry, self._modes, self.hysteresis
        path: ConstantCurrentPath | None = None
        begun_s = passed_s = 0.0
        for slab, length_s in self._slabs(law, inflow, duration_s):
            if path is not None:  # what follows the last slab that is asked for is never needed
                begun_s += passed_s
                mean, modes, hysteresis = path.state(passed_s)
            path, passed_s = ConstantCurrentPath(slab, current, mean, modes, hysteresis), length_s
            yield begun_s, length_s, path

    def _slabs(
        self, law: Isothermal, inflow: float, duration_s: float
    ) -> Iterator[tuple[Isothermal, float]]:
        """Yield (law, length s) of each slab that the mean passes on its way. It leaks as at the
        beginning, which moves an edge by less than the leak itself, and by nothing with the time
        that is looked ahead."""
        rate = inflow * law.per_uas_cm2 - law.leak_per_s * self.stoichiometry
        place = self.stoichiometry * _SLABS
        step = 1 if rate > 0.0 else -1
        slab = floor(place) if step > 0 else ceil(place) - 1
        left_s = duration_s
        per_slab_s = 1.0 / (abs(rate) * _SLABS) if rate else duration_s
        while True:
            # Beyond the range the law is that of its outermost slab, as far as the range.
            edge = max(slab + 1, 0) if step > 0 else min(slab, _SLABS)
            leaves = slab >= _SLABS if step > 0 else slab < 0
            goes_on = leaves or not rate
            length_s = left_s if goes_on else min(left_s, abs(edge - place) * per_slab_s)
            yield self._law_of(law, min(max(slab, 0), _SLABS - 1)), length_s
            left_s -= length_s
            if left_s <= 0.0:
                return
            place, slab = float(edge), edge if step > 0 else edge - 1

    def _law_of(self, law: Isothermal, slab: int) -> Isothermal:
        """The law in a slab: kept while temperature and age stay."""
        if self._laws[0] is not law:
            self._laws = (law, {})
        found = self._laws[1].get(slab)
        if found is None:
            middle = (slab + 0.5) / _SLABS
            factor = self.parameters.diffusivity_ratio ** (0.5 - middle)
            found = self._laws[1][slab] = law.slowed(factor)
        return found
