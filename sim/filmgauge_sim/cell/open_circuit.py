"""Voltage of the film without current: the curve U(s) and the hysteresis of the conversion.

U(s) = middle + slope (s - 1/2) - fall exp(-s / width_0) + rise exp(-(1 - s) / width_1): a nearly
flat plateau (one conversion step, S8 <-> Li2S) between two ends whose shape is assumed.
"""

from math import exp, expm1, log

from filmgauge_sim.cell.parameters import CellParameters

# Past this many widths outside 0..1 an end goes on as its tangent: finite and still monotone.
TANGENT_FROM = 2.0
_TANGENT_HEIGHT = exp(TANGENT_FROM)
# exp(-38) is below the last bit of 1.
_PLATEAU_WIDTHS = 38.0


class OpenCircuit:
    """The curve U(s) of one parameter set; defined, finite and rising for every finite s."""

    __slots__ = ("_empty_rate", "_fall_v", "_full_rate", "_offset_v", "_rise_v", "_slope_v")

    def __init__(self, parameters: CellParameters) -> None:
        self._slope_v = parameters.plateau_slope_v
        self._offset_v = parameters.plateau_middle_v - 0.5 * parameters.plateau_slope_v
        self._fall_v = parameters.empty_fall_v
        self._rise_v = parameters.full_rise_v
        self._empty_rate = 1.0 / parameters.empty_width
        self._full_rate = 1.0 / parameters.full_width

    def voltage_v(self, surface: float) -> float:
        """U at the given surface stoichiometry, volts."""
        empty = -surface * self._empty_rate
        full = (surface - 1.0) * self._full_rate
        below = exp(empty) if empty < TANGENT_FROM else _tangent(empty)
        above = exp(full) if full < TANGENT_FROM else _tangent(full)
        flat = self._offset_v + self._slope_v * surface
        return flat - self._fall_v * below + self._rise_v * above

    def slope_bounds_v(self, low: float, high: float) -> tuple[float, float]:
        """Bounds of dU/ds (volts per unit of stoichiometry) for surfaces from low to high.

        The slope of the empty end only falls with s, that of the full end only rises.
        """
        steep_low, flat_low = self._end_slopes_v(low)
        flat_high, steep_high = self._end_slopes_v(high)
        return self._slope_v + flat_high + flat_low, self._slope_v + steep_low + steep_high

    def slope_v(self, surface: float) -> float:
        """dU/ds at one surface stoichiometry, volts per unit."""
        empty, full = self._end_slopes_v(surface)
        return self._slope_v + empty + full

    def near(self, voltage_v: float) -> float:
        """Roughly the surface stoichiometry at which U is voltage_v: where a search begins."""
        rising = voltage_v > self._offset_v + 0.5 * self._slope_v
        height, rate = (
            (self._rise_v, self._full_rate) if rising else (self._fall_v, self._empty_rate)
        )
        end = 1.0 if rising else 0.0
        share = abs(voltage_v - self._offset_v - self._slope_v * end) / height
        widths = min(log(share), TANGENT_FROM) if share > 0.0 else -_PLATEAU_WIDTHS
        distance = max(widths, -_PLATEAU_WIDTHS) / rate
        return end + distance if rising else -distance

    def plateau(self, low: float, high: float) -> bool:
        """Whether both ends are too far from every surface in between to change a float of U."""
        return (
            low * self._empty_rate > _PLATEAU_WIDTHS
            and (1.0 - high) * self._full_rate > _PLATEAU_WIDTHS
        )

    def plateau_v(self, surface: float) -> float:
        """U without its ends, a straight line: the mean of U for a mean surface on a plateau."""
        return self._offset_v + self._slope_v * surface

    def _end_slopes_v(self, surface: float) -> tuple[float, float]:
        empty = min(-surface * self._empty_rate, TANGENT_FROM)
        full = min((surface - 1.0) * self._full_rate, TANGENT_FROM)
        return (
            self._fall_v * self._empty_rate * exp(empty),
            self._rise_v * self._full_rate * exp(full),
        )


def hysteresis_after(start: float, passed: float, rate: float) -> float:
    """The hysteresis state (-1 discharged onto, +1 charged onto) after a passage of charge.

    ``passed`` is the charge over the capacity, positive when charging; the state follows
    dh/dq = rate (+-1 - h), whose solution is exact for any passed charge of one sign.
    """
    if passed > 0.0:
        return 1.0 + (start - 1.0) * exp(-rate * passed)
    return -1.0 + (start + 1.0) * exp(rate * passed)


def mean_hysteresis(start: float, passed: float, rate: float) -> float:
    """The mean of the hysteresis state over an even passage of charge, as hysteresis_after."""
    if not passed:
        return start
    branch = 1.0 if passed > 0.0 else -1.0
    turns = rate * abs(passed)
    return branch - (start - branch) * expm1(-turns) / turns


def _tangent(exponent: float) -> float:
    return _TANGENT_HEIGHT * (1.0 + exponent - TANGENT_FROM)
