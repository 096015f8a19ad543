"""The voltage branches of the film: plateaus with their hysteresis and polarisation, and ends.

    V = U(surface) +- static part + i R + (2 R T / F) asinh(i / 2 i0)

Half the gap between the plateaus is known at one current and 25 degC. What part of it is kinetic,
so that it answers to current and temperature and vanishes at rest, is not published: it is
learned from the plateaus, and until then an end must lie far from where a plateau may be.

What was never charged before, the virgin part, charges at a higher voltage and with a large loss.
"""

import math

from filmgauge.compat import const

_GAS = const(8.314463)  # J / (mol K)
_FARADAY = const(96485.33)
_KELVIN_CDEG = const(27315)
_REFERENCE_K = const(298.15)
_PPM = const(1000000.0)
_COLDEST_CDEG = const(-6000)  # the model ends here: beyond, a reading is a broken sensor's
_WARMEST_CDEG = const(15000)
_THERMAL_V = const(2.0 * _GAS * _REFERENCE_K / _FARADAY)
# What part of the gap is kinetic is not published, 0.2 to 0.8: 1 sigma before and after it was
# seen, and the noise of one look besides that of the gap.
_SHARE_SIGMA_BEFORE = const(0.25)
_SHARE_SIGMA_AFTER = const(0.05)
_PLATEAU_NOISE_V = const(0.01)
_LEAST_SHARE = const(0.1)
_MOST_SHARE = const(0.9)
_LONGEST_STEP = const(0.1)
_INPUT = const(0.12)  # of what the voltage input takes: 1 sigma, its resistance is known to 20 %
_BARRIER = const(0.5)  # assumed: 1 sigma of the barrier of the first charge, as a share of it
_END_HEIGHT = const(0.05)  # assumed: 1 sigma of the height of an end, relative
_END_WIDTH = const(0.15)  # assumed: 1 sigma of its width, relative
_VIRGIN = const(30000)  # assumed: below this share nothing counts as never charged
_BOTTOM_UV = const(150000)  # above the voltage of an empty cell: a fifth of the width of its end
_ENDLESS = const(1e9)  # beyond, something is no number
_LEAST_EXCESS_V = const(0.05)  # 1 sigma at least: no knee begins nearer to the plateau
_INFORMATIVE = const(2.0)  # a voltage this many sigma off its plateau tells of the end


class VoltageModel:
    """The voltage side of the model of one profile.

    `surface` leaves its results in `surface_share` and `surface_sigma`, and `is_bottom` where the
    voltage is near that of an empty cell: there the shape of an end leaves nothing open. That
    voltage over the one that was seen is `empty_over_seen`.
    """

    def __init__(self, profile):
        self.profile = profile
        self.virgin_ppm = 0
        self.surface_share = self.surface_sigma = 0.0
        self.is_bottom, self.empty_over_seen = False, 1.0
        self._warm_cdeg = None
        self._plateau_sigma = self._drain_sigma = self._volts_per_pa = self._bent = 0.0
        self._static_v = profile.hysteresis_uv / _PPM
        self._exchange_pa_cm2 = float(profile.exchange_pa_cm2)
        plateau_pa = profile.plateau_pa_cm2 * profile.area_ucm2 // 1000000
        self._warm(2500)
        self._gap_v = self._static_v + max(0.001, self._polarisation(max(1, plateau_pa)))
        self.share_ppm = round((1.0 - self._static_v / self._gap_v) * _PPM)
        self.share_sigma = _SHARE_SIGMA_BEFORE
        self._split_gap()

    def charged_to(self, soc_ppm: int) -> None:
        """Note how far a charge has come; one that has come far enough leaves nothing virgin."""
        virgin_ppm = min(self.virgin_ppm, 1000000 - soc_ppm)
        self.virgin_ppm = virgin_ppm if virgin_ppm > _VIRGIN else 0

    def surface(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> bool:
        """Return whether the voltage lies on an end of the curve, and read the surface from it.

        Inverts the exponential ends of the open-circuit voltage after taking off hysteresis,
        kinetics and resistance, so it holds while `current_pa` keeps the cell on its branch.
        `drain_pa` is what the voltage input takes while it looks: too short to turn the
        hysteresis, but the kinetics answer at once.
        """
        if not current_pa:
            return False
        profile = self.profile
        self.is_bottom = voltage_uv < profile.empty_uv + _BOTTOM_UV
        self.empty_over_seen = profile.empty_uv / max(1, voltage_uv)
        charging = current_pa > 0
        excess = self.plateau_v(current_pa, drain_pa, temperature_cdeg) - voltage_uv / _PPM
        if charging:
            excess = -excess
        sigma = self._plateau_sigma
        least = _INFORMATIVE * max(sigma, _LEAST_EXCESS_V)
        if not least <= excess < _ENDLESS:  # False for what is no number, too
            return False
        if charging:
            height, width = profile.high_end_uv, profile.high_end_width_ppm
        else:
            height, width = profile.low_end_uv, profile.low_end_width_ppm
        widths = math.log(excess * _PPM / height)
        depth = -width / _PPM * widths
        self.surface_share = 1.0 - depth if charging else depth
        # The voltage leaves something open, and so does the shape of the end itself.
        open_height, open_width = sigma / excess, _END_WIDTH * widths
        squared = open_height * open_height + open_width * open_width
        self.surface_sigma = width / _PPM * math.sqrt(squared + _END_HEIGHT * _END_HEIGHT)
        return True

    def observe_plateau(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> None:
        """Learn what part of the gap between the plateaus is kinetic from a voltage on one."""
        share = self.share_ppm / _PPM
        flat = self.plateau_v(current_pa, drain_pa, temperature_cdeg)
        noise = self.profile.hysteresis_spread_uv / _PPM + _PLATEAU_NOISE_V + self._drain_sigma
        # A larger share lowers the static part and, through i0, raises the kinetic one.
        kinetic = self._gap_v * self._thermal_v / _THERMAL_V * self._bent
        slope = kinetic if current_pa > drain_pa else -kinetic
        slope -= self._gap_v if current_pa > 0 else -self._gap_v
        variance = self.share_sigma * self.share_sigma
        total = slope * slope * variance + noise * noise
        change = slope * variance / total * (voltage_uv / _PPM - flat)
        if not (-_ENDLESS < change < _ENDLESS and total < _ENDLESS):  # True for no number
            return
        # Far from what was thought the slope is another one: a step at a time, not yet surer.
        if abs(change) <= _LONGEST_STEP:
            self.share_sigma = max(_SHARE_SIGMA_AFTER, (variance * noise * noise / total) ** 0.5)
        elif change > 0.0:
            change = _LONGEST_STEP
        else:
            change = -_LONGEST_STEP
        self.share_ppm = round(max(_LEAST_SHARE, min(_MOST_SHARE, share + change)) * _PPM)
        self._split_gap()

    def resistance_ohm(self, low_pa: int, high_pa: int, temperature_cdeg: int) -> float:
        """Return the chord of the polarisation between two currents, as the profile has it."""
        self._warm(temperature_cdeg)
        low = self._polarisation(low_pa)
        return (self._polarisation(high_pa) - low) / (high_pa - low_pa) * 1e12

    def plateau_v(self, current_pa: int, drain_pa: int, temperature_cdeg: int) -> float:
        """Return the plateau under a current, V; leaves its standard deviation behind."""
        profile = self.profile
        side = profile.slope_uv / 2e6 + self._static_v
        flat = profile.middle_uv / _PPM + (side if current_pa > 0 else -side)
        self._warm(temperature_cdeg)
        polarisation = self._polarisation(current_pa - drain_pa)
        # The gap as a whole is known at one current and 25 degC; elsewhere its parts differ.
        along = polarisation if current_pa > 0 else -polarisation
        apart = along / (self._gap_v - self._static_v) - 1.0
        spread = profile.hysteresis_spread_uv / _PPM + self.share_sigma * self._gap_v * abs(apart)
        if self.virgin_ppm and current_pa > 0:
            barrier = self.virgin_ppm / _PPM * profile.first_barrier_uv / _PPM
            flat += barrier
            spread += _BARRIER * barrier
        self._drain_sigma = _INPUT * drain_pa * self._volts_per_pa
        self._plateau_sigma = spread + self._drain_sigma
        return flat + polarisation

    def leak_ppm_year(self, temperature_cdeg: int) -> int:
        """Return self-discharge in a year, of the stored charge.

        Assumed: it has the activation energy of LiPON, through which it must leak.
        """
        self._warm(temperature_cdeg)
        return self._leak_ppm_year

    def _split_gap(self):
        """Divide the gap into its static and its kinetic part."""
        profile = self.profile
        kinetic = self._gap_v * (self.share_ppm / _PPM)
        self._static_v = self._gap_v - kinetic
        ohmic = (
            profile.plateau_pa_cm2 * 1e-15 * (profile.lipon_mohm_cm2 + profile.contact_mohm_cm2)
        )
        height = max(1e-3, kinetic - ohmic) / _THERMAL_V
        self._exchange_pa_cm2 = profile.plateau_pa_cm2 / (math.exp(height) - math.exp(-height))

    def _polarisation(self, current_pa):
        """Return kinetic and ohmic polarisation in V at the temperature of `_warm`."""
        per_pa = _PPM / self.profile.area_ucm2
        density = current_pa * per_pa  # pA / cm2
        exchange = 2.0 * self._exchange_pa_cm2 * self._interface
        x = abs(density) / exchange
        root = math.sqrt(x * x + 1.0)
        self._bent = x / root
        kinetic = self._thermal_v * math.log(x + root)
        self._volts_per_pa = (self._thermal_v / (exchange * root) + self._ohm_cm2) * per_pa
        return (kinetic if density > 0 else -kinetic) + density * self._ohm_cm2

    def _warm(self, temperature_cdeg):
        """Work out, once for each temperature, what depends on it alone."""
        if temperature_cdeg == self._warm_cdeg:
            return
        self._warm_cdeg = temperature_cdeg
        profile = self.profile
        bounded = max(_COLDEST_CDEG, min(_WARMEST_CDEG, temperature_cdeg))
        kelvin = (bounded + _KELVIN_CDEG) / 100.0
        colder = (1.0 / kelvin - 1.0 / _REFERENCE_K) / _GAS
        self._interface = math.exp(-profile.interface_activation_j_mol * colder)
        slower = math.exp(profile.lipon_activation_j_mol * colder)
        lipon = profile.lipon_mohm_cm2 * slower
        self._ohm_cm2 = 1e-15 * (lipon + profile.contact_mohm_cm2 / self._interface)
        self._leak_ppm_year = int(profile.self_discharge_ppm_year / slower)
        self._thermal_v = 2.0 * _GAS / _FARADAY * kelvin
        # The exponent by which the profile slows diffusion: 0 at 25 degC.
        self.energy = profile.tau_activation_j_mol * colder
