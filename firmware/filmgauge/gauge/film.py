"""Temperature-corrected model of the film: how far the surface lags, what a voltage tells.

While a current flows, the surface of the film is ahead of its mean stoichiometry by the lag of
solid diffusion. Diffusion in a plane gives, for a steady current density i, a lag of
i tau / (3 Q); the slowest mode carries `slow_share_ppm` of it and relaxes at 9.87 / tau
(Crank, The Mathematics of Diffusion, 2nd ed., section 4.3), the rest follows at once.
"""

import math

from filmgauge.compat import const

_SLOWEST = 9.8696  # pi squared: rate of the slowest mode in units of 1 / tau
_GAS = 8.314463  # J / (mol K)
_FARADAY = 96485.33
_KELVIN_CDEG = const(27315)
_REFERENCE_K = 298.15
_PPM = 1000000.0
_PPB_PER_PPM = 1000.0
_COLDEST_CDEG = const(-6000)  # the model ends here: beyond, a reading is a broken sensor's
_WARMEST_CDEG = const(15000)
_LAG_MAX_PPB = const(1000000000)  # the whole cell: no more can be ahead, whatever was read
_INFORMATIVE_V = 0.1  # nearer to the plateau than this, a voltage tells nothing of the end


class Film:
    """The model of one profile, with one state: the slow part of the lag in 1e-9.

    In ppm its rounding would hold back what relaxes slowly in a cold cell.
    """

    def __init__(self, profile):
        self._profile = profile
        self.slow_lag_ppb = 0

    def step(self, mean_pa: int, temperature_cdeg: int, elapsed_ms: int) -> None:
        """Let `elapsed_ms` pass at a mean current; exact for a constant one."""
        share = self._profile.slow_share_ppm / _PPM
        goal = self._steady_lag(mean_pa, temperature_cdeg) * share * _PPB_PER_PPM
        # expm1, because single precision has no digits left in 1 - exp(-x) of a cold cell
        gone = -math.expm1(-_SLOWEST * elapsed_ms / self._tau_ms(temperature_cdeg))
        lag = self.slow_lag_ppb + round((goal - self.slow_lag_ppb) * gone)
        self.slow_lag_ppb = max(-_LAG_MAX_PPB, min(_LAG_MAX_PPB, lag))

    def lag_ppm(self, current_pa: int, temperature_cdeg: int) -> int:
        """Return surface minus mean stoichiometry in ppm, positive on charge."""
        share = self._profile.slow_share_ppm / _PPM
        fast = self._steady_lag(current_pa, temperature_cdeg) * (1.0 - share)
        return int(fast) + int(self.slow_lag_ppb / _PPB_PER_PPM)

    def surface_ppm(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> "int | None":
        """Return the surface stoichiometry in ppm that an end voltage tells; None on the plateau.

        Inverts the exponential ends of the open-circuit voltage after taking off hysteresis,
        kinetics and resistance, so it holds while `current_pa` keeps the cell on its branch.
        `drain_pa` is what the voltage input takes while it looks: too short to turn the
        hysteresis, but the kinetics answer at once.
        """
        if not current_pa:
            return None
        profile = self._profile
        sign = 1 if current_pa > 0 else -1
        at_end_uv = profile.middle_uv + sign * (profile.slope_uv // 2 + profile.hysteresis_uv)
        polarisation = self._polarisation(current_pa - drain_pa, temperature_cdeg)
        excess = sign * ((voltage_uv - at_end_uv) / _PPM - polarisation)
        if excess < _INFORMATIVE_V:
            return None
        if sign > 0:
            height, width = profile.high_end_uv, profile.high_end_width_ppm
        else:
            height, width = profile.low_end_uv, profile.low_end_width_ppm
        depth = int(-width * math.log(excess * _PPM / height))
        return 1000000 - depth if sign > 0 else depth

    def _steady_lag(self, current_pa, temperature_cdeg):
        profile = self._profile
        full_h = profile.capacity_nah_cm2 / 1e3 * profile.area_ucm2  # in pAh
        return current_pa / full_h * self._tau_ms(temperature_cdeg) / 3.6e6 / 3.0 * _PPM

    def _tau_ms(self, temperature_cdeg):
        profile = self._profile
        return profile.tau_ms / _arrhenius(profile.tau_activation_j_mol, temperature_cdeg)

    def _polarisation(self, current_pa, temperature_cdeg):
        """Return kinetic and ohmic polarisation in V, with the sign of the current."""
        profile = self._profile
        density = current_pa * (_PPM / profile.area_ucm2)  # pA / cm2
        interface = _arrhenius(profile.interface_activation_j_mol, temperature_cdeg)
        thermal = 2.0 * _GAS * _kelvin(temperature_cdeg) / _FARADAY
        x = abs(density) / (2.0 * profile.exchange_pa_cm2 * interface)
        lipon = profile.lipon_mohm_cm2 / _arrhenius(
            profile.lipon_activation_j_mol, temperature_cdeg
        )
        kinetic = thermal * math.log(x + math.sqrt(x * x + 1.0))
        ohmic = density * 1e-15 * (lipon + profile.contact_mohm_cm2 / interface)
        return (kinetic if density > 0 else -kinetic) + ohmic


def _arrhenius(activation_j_mol, temperature_cdeg):
    """Return how many times faster than at 25 degC a process runs."""
    inverse = 1.0 / _REFERENCE_K - 1.0 / _kelvin(temperature_cdeg)
    return math.exp(activation_j_mol / _GAS * inverse)


def _kelvin(temperature_cdeg):
    return (max(_COLDEST_CDEG, min(_WARMEST_CDEG, temperature_cdeg)) + _KELVIN_CDEG) / 100.0
