"""Temperature-corrected model of the film: how far the surface lags, what a voltage tells.

While a current flows the surface of the film is ahead of its mean by the lag of solid diffusion.
In charge, over the design capacity Q, a constant current i leads to i tau / (3 Q) (planar finite
diffusion: Crank, The Mathematics of Diffusion, 2nd ed., section 4.3). Two modes of it are
followed exactly, with rates 9.90 / tau and 42.9 / tau; the faster rest is taken as settled.

tau is the profile's, corrected by what the estimator has learned: at 25 degC by a factor
exp(tau_ppm), over temperature by a share ea_ppm of the activation energy. Beside each mode its
derivatives to both are followed, so that a lag is known with its uncertainty.
"""

import math

from filmgauge.compat import const

# Rates in 1 / tau and shares of the steady lag; what the modes do not carry follows at once.
_RATES = (9.89735, 42.864481)
_SHARES = (0.6112149, 0.1731844)
_REST = 0.2156007
_LEFT = 0.6  # assumed: of what a burst has left, on average
_FAST = 0.3  # assumed: 1 sigma of the fast part of a burst, whose length is not well known
_FADING = 135.0  # rate in 1 / tau at which the slowest of the rest is forgotten
_GAS = 8.314463  # J / (mol K)
_FARADAY = 96485.33
_KELVIN_CDEG = const(27315)
_REFERENCE_K = 298.15
_PPM = 1000000.0
_PPB = 1000000000.0
_COLDEST_CDEG = const(-6000)  # the model ends here: beyond, a reading is a broken sensor's
_WARMEST_CDEG = const(15000)
_LAG_MAX = const(1000000000)  # the whole cell in 1e-9: no more can be ahead, whatever was read
_LOOK_S = 0.036  # from closing the switch of the voltage input to the middle of its conversion
_THERMAL_V = 2.0 * _GAS * _REFERENCE_K / _FARADAY
# What part of the gap is kinetic is not published, 0.2 to 0.8: 1 sigma before and after it was
# seen, and the noise of one look besides that of the gap.
_SHARE_UNKNOWN = 0.25
_SHARE_KNOWN = 0.05
_SEEN_V = 0.01
_LEAST_SHARE = const(100000)
_MOST_SHARE = const(900000)
_BARRIER = 0.5  # assumed: 1 sigma of the barrier of the first charge, as a share of it
_LEAST_EXCESS_V = 0.05  # 1 sigma at least: no knee begins nearer to the plateau
_INFORMATIVE = 2.0  # a voltage this many sigma off its plateau tells of the end
_STEADY = const(20)  # a current is steady when it is within 1 / n of its mean
_SHORTEST_MS = const(46)  # of a burst that was seen
_NEWTON_STEPS = const(6)
_ENDLESS = 1e6
_MOST_TAU = 2.3  # a factor of ten either way: beyond, it is no film of this kind
_MOST_EA = 0.5


class Film:
    """The model of one profile: two modes with derivatives in 1e-9 of the design capacity.

    `lag` leaves its results in `lag_share`, `lag_by_tau` and `lag_by_ea` (shares of the design
    capacity, the derivatives to the logarithm of tau and to the relative activation energy) and
    the parts `unsteady` and `looked` that a burst and the voltage input have in it;
    `surface` leaves its own in `surface_share` and `surface_sigma`.
    """

    def __init__(self, profile):
        self._profile = profile
        self.tau_ppm = 0
        self.ea_ppm = 0
        self.virgin_ppm = 0  # share that was never charged, which charges at a higher voltage
        # mode, its derivatives to ln tau and to the activation energy, for either mode
        self.modes = [0] * 6
        self._before = [0] * 6  # modes before the last step, its current and length
        self._step_pa = self._base_pa = self._burst_pa = 0
        self._step_ms = self._burst_ms = 0
        # What the faster modes carry now and did before the last step, and what is left of that.
        self._fast = self._fast_before = self._kept = 0.0
        self.lag_share = self.lag_by_tau = self.lag_by_ea = 0.0
        self.unsteady = self.looked = 0.0
        self.surface_share = self.surface_sigma = 0.0
        self._per_pa = 1.0 / (profile.full_pc() * 3.0)  # lag of 1 pA at tau = 1 s
        self._plateau_sigma = 1.0
        self._static_v, self._exchange_pa_cm2 = profile.hysteresis_uv / _PPM, 0.0
        self._gap_v = self._static_v + self._profile_kinetic_v()
        self.share_ppm = round((1.0 - self._static_v / self._gap_v) * _PPM)
        self.share_sigma = _SHARE_UNKNOWN
        self._divide()

    def rest(self) -> None:
        """Forget the lags: nobody knows how long the node was without power."""
        for i in range(6):
            self.modes[i] = 0

    def step(self, mean_pa: int, temperature_cdeg: int, elapsed_ms: int) -> None:
        """Let `elapsed_ms` pass at a mean current; exact for a constant one."""
        energy = self._energy(temperature_cdeg)
        tau_s = self._tau_s(energy)
        steady = mean_pa * tau_s * self._per_pa * _PPB
        modes = self.modes
        self._before[:] = modes
        self._step_pa = self._base_pa = self._burst_pa = mean_pa
        self._step_ms, self._burst_ms = elapsed_ms, 0
        self._fast_before = self._fast
        self._fast = steady * _REST / _PPB
        self._kept = math.exp(-_FADING * elapsed_ms / 1000.0 / tau_s)
        for k in range(2):
            a = _RATES[k] * elapsed_ms / 1000.0 / tau_s
            kept = math.exp(-a)
            # expm1, because single precision has no digits left in 1 - exp(-a) of a cold cell
            came = -steady * _SHARES[k] * math.expm1(-a)
            mode = modes[3 * k]
            grown = came + (mode - steady * _SHARES[k]) * a * kept
            modes[3 * k] = _bounded(mode + round(mode * math.expm1(-a) + came))
            modes[3 * k + 1] = _bounded(round(modes[3 * k + 1] * kept + grown))
            modes[3 * k + 2] = _bounded(round(modes[3 * k + 2] * kept + grown * energy))

    def split(self, base_pa: int, now_pa: int, temperature_cdeg: int) -> None:
        """Take the last step apart: a base current, and a burst that goes on now.

        A sample in a burst sees its current, the step only knows the mean; from both follows
        how long the burst has lasted.
        """
        elapsed_ms, mean_pa = self._step_ms, self._step_pa
        self._burst_ms = 0
        self._base_pa = self._burst_pa = mean_pa
        if abs(now_pa - mean_pa) * _STEADY < abs(now_pa) or now_pa == base_pa or not elapsed_ms:
            return
        burst_ms = (mean_pa - base_pa) * elapsed_ms // (now_pa - base_pa)
        burst_ms = max(_SHORTEST_MS, min(elapsed_ms, burst_ms))
        self.modes[:] = self._before
        self.step(base_pa, temperature_cdeg, elapsed_ms - burst_ms)
        self.step(now_pa, temperature_cdeg, burst_ms)
        self._step_ms = 0
        self._burst_ms, self._base_pa, self._burst_pa = burst_ms, base_pa, now_pa

    def lag(self, drain_pa: int, temperature_cdeg: int) -> None:
        """Work out how far the surface is ahead of the mean, positive on charge.

        `drain_pa` has flowed out for as long as the voltage input looks. Like a burst that is too
        short to reach the other side of the film, it moves the surface by 2 i sqrt(t tau / pi) / Q
        (Crank, section 3.3).
        """
        energy = self._energy(temperature_cdeg)
        tau_s = self._tau_s(energy)
        fast = self._base_pa * self._per_pa * tau_s * _REST
        share, by_tau = self._burst(tau_s)
        burst = (self._burst_pa - self._base_pa) * self._per_pa * tau_s
        looked = drain_pa * self._per_pa * 6.0 * math.sqrt(_LOOK_S * tau_s / math.pi)
        by_tau = fast + burst * by_tau - 0.5 * looked
        # A burst that has ended since the last sample is not forgotten at once.
        left = 0.0 if burst else _LEFT * (self._fast_before - fast) * self._kept
        # How long it has lasted is not well known; once it has settled it need not be.
        part = burst * share
        self.unsteady = _FAST * abs(part) * (1.1 - share / _REST) + abs(left)
        self._fast = fast + part
        self.looked = looked
        modes = self.modes
        self.lag_share = fast + part + left - looked + (modes[0] + modes[3]) / _PPB
        self.lag_by_tau = by_tau + (modes[1] + modes[4]) / _PPB
        self.lag_by_ea = by_tau * energy + (modes[2] + modes[5]) / _PPB

    def _burst(self, tau_s):
        """Return what the faster modes carry of a burst, and its derivative to ln tau."""
        if not self._burst_ms:
            return 0.0, 0.0
        lasted = self._burst_ms / 1000.0 / tau_s
        by_tau = 3.0 * math.sqrt(lasted / math.pi)
        share = 2.0 * by_tau - 3.0 * lasted
        for k in range(2):
            a = _RATES[k] * self._burst_ms / 1000.0 / tau_s
            share += _SHARES[k] * math.expm1(-a)
            by_tau += _SHARES[k] * (math.expm1(-a) + a * math.exp(-a))
        if share > _REST:
            return _REST, _REST
        return max(0.0, share), by_tau

    def restore(self, tau_ppm: int, ea_ppm: int, share_ppm: int, share_sigma: float) -> None:
        """Take back what was learned before a sleep."""
        self.tau_ppm, self.ea_ppm = tau_ppm, ea_ppm
        self.share_ppm, self.share_sigma = share_ppm, share_sigma
        self._divide()

    def learn(self, tau: float, ea: float) -> None:
        """Correct ln tau and the relative activation energy, and the lags with them."""
        tau = max(-_MOST_TAU, min(_MOST_TAU, tau + self.tau_ppm / _PPM)) - self.tau_ppm / _PPM
        ea = max(-_MOST_EA, min(_MOST_EA, ea + self.ea_ppm / _PPM)) - self.ea_ppm / _PPM
        self.tau_ppm += round(tau * _PPM)
        self.ea_ppm += round(ea * _PPM)
        modes = self.modes
        for k in range(0, 6, 3):
            modes[k] = _bounded(modes[k] + round(modes[k + 1] * tau + modes[k + 2] * ea))

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
        profile = self._profile
        charging = current_pa > 0
        excess = self._plateau_v(current_pa, drain_pa, temperature_cdeg) - voltage_uv / _PPM
        if charging:
            excess = -excess
        sigma = self._plateau_sigma
        if not _INFORMATIVE * sigma <= excess < _ENDLESS:  # False for what is no number, too
            return False
        if charging:
            height, width = profile.high_end_uv, profile.high_end_width_ppm
        else:
            height, width = profile.low_end_uv, profile.low_end_width_ppm
        depth = -width / _PPM * math.log(excess * _PPM / height)
        self.surface_share = 1.0 - depth if charging else depth
        self.surface_sigma = width / _PPM * sigma / excess
        return True

    def see_plateau(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> None:
        """Learn what part of the gap between the plateaus is kinetic from a voltage on one."""
        flat = self._plateau_v(current_pa, drain_pa, temperature_cdeg)
        share_ppm = self.share_ppm
        self.share_ppm = share_ppm + 20000
        self._divide()
        slope = (self._plateau_v(current_pa, drain_pa, temperature_cdeg) - flat) / 0.02
        noise = self._profile.hysteresis_spread_uv / _PPM + _SEEN_V
        variance = self.share_sigma * self.share_sigma
        total = slope * slope * variance + noise * noise
        share = slope * variance / total * (voltage_uv / _PPM - flat)
        if -_ENDLESS < share < _ENDLESS and total < _ENDLESS:  # False for what is no number
            share_ppm = max(_LEAST_SHARE, min(_MOST_SHARE, share_ppm + round(share * _PPM)))
            self.share_sigma = max(_SHARE_KNOWN, (variance * noise * noise / total) ** 0.5)
        self.share_ppm = share_ppm
        self._divide()

    def deliverable(
        self, stored: float, capacity: float, load_pa: int, temperature_cdeg: int, rested: bool
    ) -> float:
        """Return what the cell gives from now at a constant load down to its lowest voltage.

        Charges are shares of the design capacity, `load_pa` is positive. With `rested` the lags
        of the past are left out. Leaves the derivatives in `lag_by_tau` and `lag_by_ea`.
        """
        profile = self._profile
        energy = self._energy(temperature_cdeg)
        tau_s = self._tau_s(energy)
        steady = load_pa * tau_s * self._per_pa
        excess = self._plateau_v(-load_pa, 0, temperature_cdeg) - profile.empty_uv / _PPM
        empty = 1.0
        if excess > 0.0:
            widths = math.log(excess * _PPM / profile.low_end_uv)
            empty = -widths * profile.low_end_width_ppm / _PPM
        left = stored - empty * capacity - steady
        ahead = [steady * share for share in _SHARES]
        if not rested:
            ahead[0] += self.modes[0] / _PPB
            ahead[1] += self.modes[3] / _PPB
        if left + ahead[0] + ahead[1] <= 0.0:
            self.lag_by_tau = self.lag_by_ea = 0.0
            return 0.0
        given = self._crossed(left, ahead, load_pa, tau_s)
        # The lag at the end, and how it answers to tau: exact for a film that was at rest.
        lag = by_tau = steady * _REST
        hours = given * self._per_load(load_pa)
        for k in range(2):
            a = _RATES[k] * hours / tau_s
            kept = math.exp(-a)
            lag += steady * _SHARES[k] * (1.0 - kept)
            by_tau += steady * _SHARES[k] * (1.0 - kept * (1.0 + a))
        self.lag_share = lag
        self.lag_by_tau = by_tau
        self.lag_by_ea = by_tau * energy
        return given

    def resistance_ohm(self, low_pa: int, high_pa: int, temperature_cdeg: int) -> float:
        """Return the chord of the polarisation between two currents, as the profile has it."""
        low = self._polarisation(low_pa, temperature_cdeg)
        return (self._polarisation(high_pa, temperature_cdeg) - low) / (high_pa - low_pa) * 1e12

    def _per_load(self, load_pa):
        """Return the seconds in which a load takes the design capacity."""
        return self._profile.full_pc() / load_pa

    def _crossed(self, left, ahead, load_pa, tau_s):
        """Return the charge at which left - given + sum ahead exp(-rate given) vanishes.

        Convex where the film was at rest or charged before, so that Newton's rule comes from
        below and never passes the root.
        """
        scale = self._per_load(load_pa) / tau_s
        given = max(0.0, left)
        for _ in range(_NEWTON_STEPS):
            value, slope = left - given, -1.0
            for k in range(2):
                part = ahead[k] * math.exp(-_RATES[k] * scale * given)
                value += part
                slope -= _RATES[k] * scale * part
            if slope > -1e-3:
                break
            given = max(0.0, given - value / slope)
        return given

    def _energy(self, temperature_cdeg):
        """Return the exponent by which the profile slows diffusion: 0 at 25 degC."""
        inverse = 1.0 / _kelvin(temperature_cdeg) - 1.0 / _REFERENCE_K
        return self._profile.tau_activation_j_mol / _GAS * inverse

    def _tau_s(self, energy):
        learned = (self.tau_ppm + self.ea_ppm * energy) / _PPM
        return self._profile.tau_ms / 1000.0 * math.exp(energy + learned)

    def _plateau_v(self, current_pa, drain_pa, temperature_cdeg):
        """Return the plateau under a current; leaves its standard deviation behind."""
        profile = self._profile
        side = profile.slope_uv / 2e6 + self._static_v
        flat = profile.middle_uv / _PPM + (side if current_pa > 0 else -side)
        polarisation = self._polarisation(current_pa - drain_pa, temperature_cdeg)
        # The gap as a whole is known at one current and 25 degC; elsewhere its parts differ.
        along = polarisation if current_pa > 0 else -polarisation
        apart = along / (self._gap_v - self._static_v) - 1.0
        spread = profile.hysteresis_spread_uv / _PPM + self.share_sigma * self._gap_v * abs(apart)
        if self.virgin_ppm and current_pa > 0:
            barrier = self.virgin_ppm / _PPM * profile.first_barrier_uv / _PPM
            flat += barrier
            spread += _BARRIER * barrier
        self._plateau_sigma = max(spread, _LEAST_EXCESS_V)
        return flat + polarisation

    def _divide(self):
        """Divide the gap into its static and its kinetic part."""
        profile = self._profile
        kinetic = self._gap_v * self.share_ppm / _PPM
        self._static_v = self._gap_v - kinetic
        ohmic = (
            profile.plateau_pa_cm2 * 1e-15 * (profile.lipon_mohm_cm2 + profile.contact_mohm_cm2)
        )
        height = max(1e-3, kinetic - ohmic) / _THERMAL_V
        self._exchange_pa_cm2 = profile.plateau_pa_cm2 / (math.exp(height) - math.exp(-height))

    def _profile_kinetic_v(self):
        """Return the kinetic and ohmic part of half the gap as the profile has it."""
        self._exchange_pa_cm2 = float(self._profile.exchange_pa_cm2)
        density = self._profile.plateau_pa_cm2 * self._profile.area_ucm2 // 1000000
        return max(0.001, self._polarisation(max(1, density), 2500))

    def _polarisation(self, current_pa, temperature_cdeg):
        """Return kinetic and ohmic polarisation in V, with the sign of the current."""
        profile = self._profile
        density = current_pa * (_PPM / profile.area_ucm2)  # pA / cm2
        interface = _arrhenius(profile.interface_activation_j_mol, temperature_cdeg)
        thermal = 2.0 * _GAS * _kelvin(temperature_cdeg) / _FARADAY
        x = abs(density) / (2.0 * self._exchange_pa_cm2 * interface)
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


def _bounded(lag):
    return max(-_LAG_MAX, min(_LAG_MAX, lag))
