"""A film of two phases with a moving boundary: lithium diffuses through the product layer.

    V = U(s) + M h + polarisation(j) -+ H exp((theta - 1) / k)
    theta = |j| x / (S K),   K = Q0 / tau

A front at depth x (reaction_fronts.py) on the share S of the area gets at most the current that
diffusion brings through the product: theta is the part of that which flows. Where it comes near 1
the voltage leaves the plateau, by the height H of that end of the open-circuit curve at theta = 1
and within some knee widths k (assumed). There is no reserve at the surface: what a discharge
leaves behind comes with less current, with warmth, or after a charge, and not with rest.

The law is that of a planar product layer with a linear profile, as in Deal and Grove, J. Appl.
Phys. 36 (1965) 3770, without a reaction at the boundary that limits it.
"""

from math import exp
from typing import NamedTuple

from filmgauge_sim.cell.constant_current import QUADRATURE
from filmgauge_sim.cell.crossing import Bound, Crossing, VoltageLimits
from filmgauge_sim.cell.film import FilmCell
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.open_circuit import hysteresis_after
from filmgauge_sim.cell.reaction_fronts import ReactionFronts, burden
from filmgauge_sim.cell.self_discharge import leaked

# Past this many knee widths, where no cell is used, the end bends towards twice its height there:
# bounded, smooth and still monotone. A front that takes over from a shallow one may be that far.
_BENDS_FROM = 2.0
_SAME_TIME_S = 1e-6
_SOLVED_V = 1e-9
_MOST_HALVINGS = 200


class _Stretch(NamedTuple):
    """A time (s from now) in which one front moves without meeting another."""

    begin_s: float
    end_s: float
    position: float  # of the front when it begins
    begun: float  # how much the stoichiometry has changed by then


class BoundaryFilm(FilmCell, physics="boundary"):
    """A film with moving boundaries, as FilmCell."""

    @property
    def surface_stoichiometry(self) -> float:
        return self.stoichiometry

    def _begin(self) -> None:
        self._fronts = ReactionFronts.uniform(self.stoichiometry, self.hysteresis > 0.0)

    def _move(
        self, law: Isothermal, inflow: float, duration_s: float, net: float, change: float
    ) -> None:
        self._fronts = self._fronts.moved(net)

    def _shown_v(self, law: Isothermal, current: float) -> float:
        position = self._fronts.working(current > 0.0) if current else 0.0
        return law.curve.voltage_v(self.stoichiometry) + self._end_v(law, current, position)

    def _mean_v(self, law: Isothermal, current: float, duration_s: float) -> float:
        total = 0.0
        for stretch in self._stretches(law, current, duration_s):
            length_s = stretch.end_s - stretch.begin_s
            total += length_s * sum(
                weight * self._after(law, current, stretch, stretch.begin_s + share * length_s)
                for share, weight in QUADRATURE
            )
        return total / duration_s

    def _crossing(
        self, law: Isothermal, current: float, duration_s: float, limits: VoltageLimits
    ) -> Crossing | None:
        for stretch in self._stretches(law, current, duration_s):
            for time_s in (stretch.begin_s, stretch.end_s):
                bound = limits.passed_by(self._after(law, current, stretch, time_s))
                if bound is None:
                    continue
                if time_s == stretch.begin_s:
                    return Crossing(time_s, bound)
                return self._solved(law, current, stretch, limits, bound)
        return None

    def _rescale(self, scale: float) -> None:
        self._fronts = self._fronts.rescaled(scale)

    def _shift(self, change: float) -> None:
        self._fronts = self._fronts.with_back(change)

    def _become(self, twin: FilmCell) -> None:
        assert isinstance(twin, BoundaryFilm)
        self._fronts = twin._fronts

    def _net(self, law: Isothermal, current: float, time_s: float) -> float:
        """How much the stoichiometry changes in a time."""
        passed = law.stored_ua_cm2(current) * time_s * law.per_uas_cm2
        return passed - leaked(self.stoichiometry, passed, law.leak_per_s * time_s)

    def _stretches(self, law: Isothermal, current: float, duration_s: float) -> list[_Stretch]:
        """The times from now on in which the voltage only falls or only rises, in order."""
        net = self._net(law, current, duration_s)
        found: list[_Stretch] = []
        passed = begin_s = begun = 0.0
        for begin, end in self._fronts.stretches(net > 0.0):
            passed += end - begin
            if passed >= abs(net):
                break
            end_s = self._time_s(law, current, duration_s, passed)
            found.append(_Stretch(begin_s, end_s, begin, begun))
            begin_s, begun = end_s, self._net(law, current, end_s)
        else:
            begin = 1.0
        found.append(_Stretch(begin_s, duration_s, begin, begun))
        return found

    def _time_s(self, law: Isothermal, current: float, longest_s: float, passed: float) -> float:
        """The time in which the stoichiometry changes by so much, one way or the other."""
        inside_s, outside_s = 0.0, longest_s
        guess_s = longest_s * passed / abs(self._net(law, current, longest_s))
        for _ in range(_MOST_HALVINGS):
            if abs(self._net(law, current, guess_s)) < passed:
                inside_s = guess_s
            else:
                outside_s = guess_s
            # Leakage bends the way but little, so that a secant is there at once.
            change = self._net(law, current, outside_s) - self._net(law, current, inside_s)
            left = passed - abs(self._net(law, current, inside_s))
            guess_s = inside_s + (outside_s - inside_s) * left / abs(change) if change else 0.0
            if not inside_s < guess_s < outside_s:
                break
        return outside_s

    def _after(self, law: Isothermal, current: float, stretch: _Stretch, time_s: float) -> float:
        """The voltage at a time of a stretch."""
        passed = law.stored_ua_cm2(current) * time_s * law.per_uas_cm2
        net = passed - leaked(self.stoichiometry, passed, law.leak_per_s * time_s)
        position = 0.0
        if current:
            position = min(stretch.position + abs(net - stretch.begun), 1.0)
        hysteresis = self.hysteresis
        if passed:
            hysteresis = hysteresis_after(hysteresis, passed, law.hysteresis_rate)
        shown = law.curve.voltage_v(self.stoichiometry + net) + self._end_v(law, current, position)
        return shown + law.static_v * hysteresis + law.offset_v(current)

    def _solved(
        self,
        law: Isothermal,
        current: float,
        stretch: _Stretch,
        limits: VoltageLimits,
        bound: Bound,
    ) -> Crossing:
        """The crossing of a limit within a stretch: the bracket is halved to neighbouring floats
        or until it is as close as a crossing resolves."""
        limit_v = limits.low_v if bound == "low" else limits.high_v
        inside_s, outside_s = stretch.begin_s, stretch.end_s
        for _ in range(_MOST_HALVINGS):
            middle_s = 0.5 * (inside_s + outside_s)
            if not inside_s < middle_s < outside_s:
                break
            voltage = self._after(law, current, stretch, middle_s)
            if limits.passed_by(voltage) is None:
                inside_s = middle_s
            else:
                outside_s = middle_s
                close = abs(voltage - limit_v) <= _SOLVED_V
                if close and outside_s - inside_s <= _SAME_TIME_S:
                    break
        return Crossing(outside_s, bound)

    def _end_v(self, law: Isothermal, current: float, position: float) -> float:
        """What a front at a position costs: it lowers the voltage of a discharge, raises that of a
        charge."""
        if not current:
            return 0.0
        parameters = self.parameters
        theta = abs(current) / law.limiting_ua_cm2 * burden(position, parameters.patch_spread)
        widths = (theta - 1.0) / parameters.knee_width
        height = exp(min(widths, _BENDS_FROM))
        if widths > _BENDS_FROM:
            beyond = widths - _BENDS_FROM
            height *= 1.0 + beyond / (1.0 + beyond)
        return (
            parameters.full_rise_v * height if current > 0.0 else -parameters.empty_fall_v * height
        )
