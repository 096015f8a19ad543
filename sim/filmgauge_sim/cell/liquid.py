"""The comparison cell: the same cathode in a liquid electrolyte, with its polysulfide shuttle.

    ds/dt = j / Q - k max(0, s - s_1)     s the charge over the capacity, s_1 where S4 begins
    V     = U(s) + j R + (2 R T / F) asinh(j / (2 i0))

Two plateaus: S8 to S4 above s_1, S4 to Li2S below. Only the long polysulfides of the upper
plateau shuttle (after Mikhaylik and Akridge, J. Electrochem. Soc. 151 (2004) A1969), which costs
charge while charging and at rest. One state, piecewise linear: exact for any duration. The film
has the same interface (film.py). Positive current charges the cell.
"""

from dataclasses import dataclass
from math import asinh, exp, expm1, inf, isfinite, log1p

from filmgauge_sim.cell.crossing import Crossing
from filmgauge_sim.cell.isothermal import check_temperature
from filmgauge_sim.cell.kinetics import arrhenius, two_thermal_v
from filmgauge_sim.package_data import read_toml

_SECONDS_PER_HOUR = 3600.0
_TANGENT_FROM = 40.0


@dataclass(frozen=True, kw_only=True)
class LiquidParameters:
    """What tells one liquid cell from another; see sets_liquid/liquid-li-s.toml."""

    name: str
    capacity_uah_cm2: float
    upper_plateau_v: float
    lower_plateau_v: float
    upper_share: float
    step_width: float
    end_width: float
    end_v: float
    resistance_ohm_cm2: float
    exchange_current_ua_cm2: float
    shuttle_per_h: float
    shuttle_activation_energy_ev: float
    empty_v: float
    full_v: float


def load_liquid() -> LiquidParameters:
    """The set liquid-li-s that comes with the package."""
    return LiquidParameters(**read_toml("filmgauge_sim.cell", "sets_liquid/liquid-li-s.toml"))


class LiquidCell:
    """A liquid Li-S cell of area_cm2 at the given stoichiometry (1 = charged).

    ``lost_uah`` is the charge that the shuttle has taken since the cell was made.

    Raises ValueError when area_cm2 is not above 0 or the stoichiometry not from 0 to 1.
    """

    def __init__(
        self, parameters: LiquidParameters, area_cm2: float, stoichiometry: float = 1.0
    ) -> None:
        if not 0.0 < area_cm2 < inf:
            raise ValueError(f"area_cm2 must be above 0, not {area_cm2!r}.")
        if not 0.0 <= stoichiometry <= 1.0:
            raise ValueError(f"stoichiometry must be from 0 to 1, not {stoichiometry!r}.")
        self.parameters = parameters
        self.area_cm2 = area_cm2
        self.stoichiometry = stoichiometry
        self.lost_uah = 0.0

    @property
    def capacity_uah(self) -> float:
        """Charge between stoichiometry 0 and 1, uAh."""
        return self.parameters.capacity_uah_cm2 * self.area_cm2

    def clone(self) -> "LiquidCell":
        """A cell in the same state that lives its own life from now on."""
        twin = LiquidCell(self.parameters, self.area_cm2)
        twin.stoichiometry, twin.lost_uah = self.stoichiometry, self.lost_uah
        return twin

    def advance(
        self, current_ua: float, temperature_c: float, duration_s: float, change_ua: float = 0.0
    ) -> None:
        """Let constant current and temperature act for duration_s; exact for any duration >= 0.

        change_ua: as that of a film (film.py); the shuttle is that of the mean current.
        Raises ValueError, changing nothing, when an argument is not a finite number, the duration
        is below 0 or the temperature not from -40 to 85 degC.
        """
        _check(current_ua, temperature_c)
        if not 0.0 <= duration_s < inf:
            raise ValueError(f"duration_s must be at least 0 and finite, not {duration_s!r}.")
        rate = current_ua / (self.capacity_uah * _SECONDS_PER_HOUR)
        leak = self._shuttle_per_s(temperature_c)
        before = self.stoichiometry
        self.stoichiometry = _after(before, rate, leak, self._knee, duration_s)
        self.lost_uah += (before - self.stoichiometry + rate * duration_s) * self.capacity_uah

    def voltage_v(self, current_ua: float, temperature_c: float) -> float:
        """Terminal voltage at this instant under the given current, volts.

        Raises ValueError for a current or a temperature that ``advance`` refuses.
        """
        _check(current_ua, temperature_c)
        return self._open_circuit_v(self.stoichiometry) + self._polarisation_v(
            current_ua, temperature_c
        )

    def next_crossing(
        self,
        current_ua: float,
        temperature_c: float,
        duration_s: float,
        low_v: float | None = None,
        high_v: float | None = None,
    ) -> Crossing | None:
        """When the voltage first reaches a limit under constant current, within duration_s.

        The state moves one way only and the voltage with it, so the end tells all. Raises
        ValueError for what ``advance`` refuses.
        """
        low = -inf if low_v is None else low_v
        high = inf if high_v is None else high_v
        now = self.voltage_v(current_ua, temperature_c)
        if now <= low or now >= high:
            return Crossing(0.0, "low" if now <= low else "high")
        twin = self.clone()
        twin.advance(current_ua, temperature_c, duration_s)
        then = twin.voltage_v(current_ua, temperature_c)
        if low < then < high:
            return None
        inside, outside = 0.0, duration_s
        while outside - inside > 1e-9 * outside:
            middle = 0.5 * (inside + outside)
            twin = self.clone()
            twin.advance(current_ua, temperature_c, middle)
            if low < twin.voltage_v(current_ua, temperature_c) < high:
                inside = middle
            else:
                outside = middle
        return Crossing(outside, "low" if then <= low else "high")

    @property
    def _knee(self) -> float:
        return 1.0 - self.parameters.upper_share

    def _shuttle_per_s(self, temperature_c: float) -> float:
        slower = arrhenius(self.parameters.shuttle_activation_energy_ev, temperature_c)
        return self.parameters.shuttle_per_h / _SECONDS_PER_HOUR / slower

    def _open_circuit_v(self, stored: float) -> float:
        p = self.parameters
        step = (p.upper_plateau_v - p.lower_plateau_v) / (
            1.0 + _exp((self._knee - stored) / p.step_width)
        )
        ends = _exp((stored - 1.0) / p.end_width) - _exp(-stored / p.end_width)
        return p.lower_plateau_v + step + p.end_v * ends

    def _polarisation_v(self, current_ua: float, temperature_c: float) -> float:
        density = current_ua / self.area_cm2
        reaction = asinh(density / (2.0 * self.parameters.exchange_current_ua_cm2))
        ohmic = density * 1e-6 * self.parameters.resistance_ohm_cm2
        return ohmic + two_thermal_v(temperature_c) * reaction


def _check(current_ua: float, temperature_c: float) -> None:
    if not isfinite(current_ua):
        raise ValueError(f"current_ua must be a finite number, not {current_ua!r}.")
    check_temperature(temperature_c)


def _after(stored: float, rate: float, leak: float, knee: float, duration_s: float) -> float:
    """The stored share after duration_s: linear below the knee, relaxing above it."""
    if stored < knee:
        if rate <= 0.0 or stored + rate * duration_s <= knee:
            return stored + rate * duration_s
        return _after(knee, rate, leak, knee, duration_s - (knee - stored) / rate)
    above = stored - knee
    if leak <= 0.0:
        return stored + rate * duration_s
    level = rate / leak
    if rate < 0.0:
        # When the upper plateau runs out the rest of the time is linear.
        out_s = log1p(above / -level) / leak
        if out_s < duration_s:
            return knee + rate * (duration_s - out_s)
    return stored + (above - level) * expm1(-leak * duration_s)


def _exp(exponent: float) -> float:
    if exponent < _TANGENT_FROM:
        return exp(exponent)
    return exp(_TANGENT_FROM) * (1.0 + exponent - _TANGENT_FROM)
