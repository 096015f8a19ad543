"""What a cell gives from now on: the charge that is available, and how long it lasts.

    available = AvailableCharge(gauge)
    available.charge_nah(load_pa, temperature_cdeg), available.sigma_nah()
    available.time_to_empty_s(temperature_cdeg), available.time_to_full_s()

Only a record asks for it; no wake without one loads it.
"""

import math

from filmgauge.compat import const
from filmgauge.gauge.diffusion import RATES, REST, SHARES
from filmgauge.gauge.ledger import SCALE

_PPM = const(1000000.0)
_PPB = const(1000000000.0)
_NEWTON_STEPS = const(6)
_CLOCK = const(0.012)  # assumed: 1 sigma of the node's clock, in which a mean current is measured


class AvailableCharge:
    """What the cell of a FuelGauge gives."""

    def __init__(self, gauge):
        self._gauge = gauge
        self._sigma = 0.0  # of the design capacity
        self._to_empty_sigma_s = 0

    def charge_nah(self, load_pa: int, temperature_cdeg: int) -> int:
        """Return what the cell gives from now down to its lowest voltage at a constant load.

        `load_pa` is positive; the temperature stays what it is.
        """
        return self._gauge.share_nah(self._given(load_pa, temperature_cdeg))

    def sigma_nah(self) -> int:
        """Return the standard deviation of what `charge_nah` returned last."""
        return self._gauge.share_nah(self._sigma)

    def full_charge_nah(self, load_pa: int, temperature_cdeg: int) -> int:
        """Return what a full and rested cell would give under the same conditions."""
        return self._gauge.share_nah(self._deliverable(load_pa, temperature_cdeg, True))

    def time_to_empty_s(self, temperature_cdeg: int) -> "int | None":
        """Return the time to the lowest voltage at the recent mean current; None unless it
        discharges."""
        gauge = self._gauge
        load_pa = -gauge.recent_pa
        if load_pa * 1000 < gauge.one_c_pa:
            return None
        a_share_s = gauge.design_pc / load_pa
        left_s = self._given(load_pa, temperature_cdeg) * a_share_s
        unsure_s, clock_s = self._sigma * a_share_s, _CLOCK * left_s
        self._to_empty_sigma_s = int(math.sqrt(unsure_s * unsure_s + clock_s * clock_s))
        return int(left_s)

    def time_to_empty_sigma_s(self) -> int:
        """Return the standard deviation of what `time_to_empty_s` returned last."""
        return self._to_empty_sigma_s

    def time_to_full_s(self) -> "int | None":
        """Return the time to full at the recent mean current; None unless it charges."""
        gauge = self._gauge
        if gauge.recent_pa * 1000 < gauge.one_c_pa:
            return None
        missing_pc = gauge.estimator.full_pc() - gauge.ledger.stored_pc()
        return max(0, missing_pc // gauge.recent_pa)

    def _given(self, load_pa, temperature_cdeg):
        """Return what the cell gives from now, of the design; leave its standard deviation."""
        given = self._deliverable(load_pa, temperature_cdeg, False)
        gauge = self._gauge
        film, estimator = gauge.film, gauge.estimator
        sigma = estimator.sigma_of(0.0, film.lag_by_tau, film.lag_by_ea)
        lasting, scale = estimator.lasting, given * SCALE
        doubt = gauge.profile_doubt(estimator.known_share())
        squared = sigma * sigma + lasting * lasting + scale * scale + doubt * doubt
        self._sigma = math.sqrt(squared)
        return given

    def _deliverable(self, load_pa, temperature_cdeg, full):
        gauge = self._gauge
        capacity = gauge.estimator.capacity_ppm / _PPM
        stored = capacity if full else gauge.ledger.stored_pc() / gauge.design_pc
        given = deliverable(gauge.film, stored, capacity, load_pa, temperature_cdeg, full)
        return min(given, capacity)


def deliverable(
    film, stored: float, capacity: float, load_pa: int, temperature_cdeg: int, rested: bool
) -> float:
    """Return what the cell gives from now at a constant load down to its lowest voltage.

    Charges are shares of the design capacity, `load_pa` is positive. With `rested` the lags
    of the past are left out. Leaves the derivatives in `lag_by_tau` and `lag_by_ea` of the film.
    """
    profile = film.profile
    tau_s = film.tau_s(temperature_cdeg)
    energy = film.energy
    steady = load_pa * tau_s * film.per_pa * film.uneven
    excess = film.plateau_v(-load_pa, 0, temperature_cdeg) - profile.empty_uv / _PPM
    empty = 1.0
    if excess > 0.0:
        widths = math.log(excess * _PPM / profile.low_end_uv)
        empty = -widths * profile.low_end_width_ppm / _PPM
    left = stored - empty * capacity - steady
    ahead = [steady * share for share in SHARES]
    if not rested:
        ahead[0] += film.uneven * film.modes[0] / _PPB
        ahead[1] += film.uneven * film.modes[3] / _PPB
    if left + ahead[0] + ahead[1] <= 0.0:
        film.lag_by_tau = film.lag_by_ea = 0.0
        return 0.0
    per_load_s = profile.full_pc() / load_pa  # in which the load takes the design capacity
    given = _crossed(left, ahead, per_load_s / tau_s)
    # The lag at the end, and how it answers to tau: exact for a film that was at rest.
    lag = by_tau = steady * REST
    hours = given * per_load_s
    for k in range(2):
        a = RATES[k] * hours / tau_s
        left = math.exp(-a)
        lag += steady * SHARES[k] * (1.0 - left)
        by_tau += steady * SHARES[k] * (1.0 - left * (1.0 + a))
    film.lag_share = lag
    film.lag_by_tau = by_tau
    film.lag_by_ea = by_tau * energy
    return given


def _crossed(left, ahead, scale):
    """Return the charge at which left - given + sum ahead exp(-rate scale given) vanishes.

    Convex where the film was at rest or charged before, so that Newton's rule comes from
    below and never passes the root.
    """
    given = max(0.0, left)
    for _ in range(_NEWTON_STEPS):
        value, slope = left - given, -1.0
        for k in range(2):
            part = ahead[k] * math.exp(-RATES[k] * scale * given)
            value += part
            slope -= RATES[k] * scale * part
        if slope > -1e-3:
            break
        given = max(0.0, given - value / slope)
    return given
