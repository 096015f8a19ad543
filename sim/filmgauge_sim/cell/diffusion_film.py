"""A film through which lithium diffuses evenly: fourteen linear modes (diffusion.py).

    V = U(s + sum x_k) + ...

The surface runs empty before the mean does, and what it is short of comes back with rest.
"""

from collections.abc import Callable
from math import expm1, inf
from operator import mul

from filmgauge_sim.cell.constant_current import ConstantCurrentPath
from filmgauge_sim.cell.crossing import Crossing, VoltageLimits, next_crossing
from filmgauge_sim.cell.diffusion import advanced, ramped
from filmgauge_sim.cell.film import LONGEST_S, FilmCell
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.open_circuit import hysteresis_after
from filmgauge_sim.cell.self_discharge import leaked


class DiffusionFilm(FilmCell, physics="linear"):
    """A film with one diffusion coefficient, as FilmCell."""

    @property
    def surface_stoichiometry(self) -> float:
        return self.stoichiometry + sum(self._modes)

    def voltage_after_v(
        self, temperature_c: float, duration_s: float, from_ua: float | None = None
    ) -> Callable[[float], float]:
        """As FilmCell: the modes are linear in the current, so that they are summed only once."""
        exactly_v = super().voltage_after_v(temperature_c, duration_s, from_ua)
        law = self._law_at(temperature_c)
        if not 0.0 < duration_s <= LONGEST_S:
            return exactly_v  # which says so
        slab, lowest, highest = self._slab(law)
        moved = self._moved_in(slab, duration_s)
        lead = sum(self._modes) + sum(map(mul, self._modes, moved))
        lead_per_ua_cm2 = -sum(map(mul, slab.gains, moved))
        stored, hysteresis = self.stoichiometry, self.hysteresis
        per_ua_cm2, leaks = duration_s * law.per_uas_cm2, law.leak_per_s * duration_s
        turns = self._turns(-1.0), self._turns(1.0)
        begun, tilt = None, 0.0
        if from_ua is not None:
            begun = self._areal(from_ua)
            bend = sum(map(mul, slab.ramp_gains_s, moved)) / duration_s
            tilt = slab.lag_per_ua_cm2 - 0.5 * lead_per_ua_cm2 + bend

        def after_v(current_ua: float) -> float:
            current = self._areal(current_ua)
            acting = current if begun is None else 0.5 * (begun + current)
            inflow = law.stored_ua_cm2(acting)
            passed = inflow * per_ua_cm2
            mean = stored + passed - leaked(stored, passed, leaks)
            if not lowest < mean < highest or turns[current > 0.0] or turns[acting > 0.0]:
                return exactly_v(current_ua)
            turned = hysteresis
            if passed:
                turned = hysteresis_after(hysteresis, passed, law.hysteresis_rate)
            surface = mean + lead + lead_per_ua_cm2 * inflow
            if begun is not None:
                change = current - begun
                surface += tilt * (change * law.acceptance if acting > 0.0 else change)
            return law.curve.voltage_v(surface) + law.static_v * turned + law.offset_v(current)

        return after_v

    def _begin(self) -> None:
        self._modes = [0.0] * len(self._law.gains)
        # What was last asked about, while nothing changes.
        self._path: ConstantCurrentPath | None = None
        self._moved: tuple[Isothermal, float, list[float]] = (self._law, 0.0, [])

    def _forget(self) -> None:
        self._path = None

    def _move(
        self, law: Isothermal, inflow: float, duration_s: float, net: float, change: float
    ) -> None:
        self._move_modes(law, inflow, duration_s, change)

    def _move_modes(
        self, slab: Isothermal, inflow: float, duration_s: float, change: float
    ) -> None:
        if not change or not duration_s:
            self._modes = advanced(self._modes, slab.decays_per_s, slab.gains, inflow, duration_s)
            return
        moved = self._moved_in(slab, duration_s)
        self._modes = ramped(
            self._modes, moved, slab.gains, slab.ramp_gains_s, inflow, change, duration_s
        )

    def _slab(self, law: Isothermal) -> tuple[Isothermal, float, float]:
        """The law of the modes, and the means between which it is theirs."""
        return law, -inf, inf

    def _shown_v(self, law: Isothermal, current: float) -> float:
        return law.curve.voltage_v(self.stoichiometry + sum(self._modes))

    def _offset_v(self, law: Isothermal, current: float) -> float:
        path = self._path
        if path is not None and path.current_ua_cm2 == current and path.law is law:
            return path.offset_v
        return law.offset_v(current)

    def _mean_v(self, law: Isothermal, current: float, duration_s: float) -> float:
        return self._path_under(law, current).mean_voltage_v(duration_s)

    def _crossing(
        self, law: Isothermal, current: float, duration_s: float, limits: VoltageLimits
    ) -> Crossing | None:
        return next_crossing(self._path_under(law, current), duration_s, limits)

    def _rescale(self, scale: float) -> None:
        self._modes = [mode * scale for mode in self._modes]

    def _become(self, twin: FilmCell) -> None:
        assert isinstance(twin, DiffusionFilm)
        self._modes = twin._modes

    def _moved_in(self, law: Isothermal, duration_s: float) -> list[float]:
        """exp(-z) - 1 of each mode after z decays; the times asked for in a row are the same."""
        if self._moved[0] is not law or self._moved[1] != duration_s:
            moved = [expm1(-decay * duration_s) for decay in law.decays_per_s]
            self._moved = law, duration_s, moved
        return self._moved[2]

    def _path_under(self, law: Isothermal, current: float) -> ConstantCurrentPath:
        path = self._path
        if path is None or path.current_ua_cm2 != current or path.law is not law:
            path = ConstantCurrentPath(
                law, current, self.stoichiometry, self._modes, self.hysteresis
            )
            self._path = path
        return path
