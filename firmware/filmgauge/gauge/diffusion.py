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
import struct

from filmgauge.compat import const
from filmgauge.gauge.voltage_model import VoltageModel

# Rates in 1 / tau and shares of the steady lag; what the modes do not carry follows at once.
RATES = const((9.89735, 42.864481))
SHARES = const((0.6112149, 0.1731844))
REST = const(0.2156007)
_LEFT = const(0.6)  # assumed: of what a burst has left, on average
_EXCESS = const(0.1)  # assumed: 1 sigma of what is beyond that
_FAST = const(0.3)  # assumed: 1 sigma of the fast part of a burst, whose length is not well known
_FADING = const(135.0)  # rate in 1 / tau at which the slowest of the rest is forgotten
_PPM = const(1000000.0)
_PPB = const(1000000000.0)
_LAG_MAX = const(1000000000)  # the whole cell in 1e-9: no more can be ahead, whatever was read
_INPUT_S = const(0.036)  # from closing the switch of the voltage input to mid-conversion
_STEADY = const(20)  # a current is steady when it is within 1 / n of its mean
_SHORTEST_MS = const(46)  # of a burst that was seen
_OVERLOAD = const(2.04e-5)  # 22 % of 1C, as a lag in the long run over tau in s: a load beyond
_ENDLESS = const(1e6)
_MOST_TAU = const(0.7)  # a factor of two either way: beyond, it is no film of this kind
_MOST_EA = const(0.5)
# Lags of a discharge over those of a charge: 4.5 % apart, a factor of four either way.
_UNEVEN_STEP = const(0.045)
_EVEN = const(32)
_FORMAT = const("<10ifff")
SIZE = const(52)


class DiffusionModel(VoltageModel):
    """The model of one profile: two modes with derivatives in 1e-9 of the design capacity.

    `lag` leaves its results in `lag_share`, `lag_by_tau` and `lag_by_ea` (shares of the design
    capacity, the derivatives to the logarithm of tau and to the relative activation energy) and
    the parts `unsteady` and `input_lag` that a burst and the voltage input have in it. In the long
    run their currents would lead to `steady` and `drained`; `is_overload` says that the one of now
    is more than takes a cell down to its end. In discharge lags are `uneven` times what tau says:
    where diffusion answers to the charge, one tau does not hold for both ends.
    """

    def __init__(self, profile):
        super().__init__(profile)
        self.tau_ppm = 0
        self.ea_ppm = 0
        self.set_uneven(0)
        # mode, its derivatives to ln tau and to the activation energy, for either mode
        self.modes = [0] * 6
        self._before = [0] * 6  # modes before the last step, its current and length
        self._step_pa = self._base_pa = self._burst_pa = 0
        self._step_ms = self._burst_ms = 0
        # What the faster modes carry now and did before the last step, and what is left of that.
        self._fast = self._fast_before = self._left_over = 0.0
        self.lag_share = self.lag_by_tau = self.lag_by_ea = 0.0
        self.unsteady = self.input_lag = self.steady = self.drained = 0.0
        self.is_overload = False
        self.lag_noise = 0.0  # of the lag, where the currents before were no measured means
        self.per_pa = 1.0 / (profile.full_pc() * 3.0)  # lag of 1 pA at tau = 1 s

    def rest(self) -> None:
        """Forget the lags: nobody knows how long the node was without power."""
        for i in range(6):
            self.modes[i] = 0
        self._fast = 0.0

    def step(self, mean_pa: int, temperature_cdeg: int, elapsed_ms: int) -> None:
        """Let `elapsed_ms` pass at a mean current; exact for a constant one."""
        tau_s = self.tau_s(temperature_cdeg)
        energy = self.energy
        steady = mean_pa * tau_s * self.per_pa * _PPB
        modes = self.modes
        self._before[:] = modes
        self._step_pa = self._base_pa = self._burst_pa = mean_pa
        self._step_ms, self._burst_ms = elapsed_ms, 0
        self._fast_before = self._fast
        self._fast = steady * REST / _PPB
        aged = elapsed_ms / (1000.0 * tau_s)
        self._left_over = math.exp(-_FADING * aged)
        for k in range(2):
            a = RATES[k] * aged
            # expm1, because single precision has no digits left in 1 - exp(-a) of a cold cell
            gone = math.expm1(-a)
            goal = steady * SHARES[k]
            mode = modes[3 * k]
            ahead = mode - goal
            grown = ahead * a * (1.0 + gone) - goal * gone
            modes[3 * k] = _bounded(mode + round(ahead * gone))
            modes[3 * k + 1] = _bounded(modes[3 * k + 1] + round(modes[3 * k + 1] * gone + grown))
            grown = grown * energy
            modes[3 * k + 2] = _bounded(modes[3 * k + 2] + round(modes[3 * k + 2] * gone + grown))

    def add_lag_noise(self, sigma_pa: int, temperature_cdeg: int) -> None:
        """Note that the mean current of the last step may be wrong by chance, and the lag with it.

        The slowest mode stands for all.
        """
        tau_s = self.tau_s(temperature_cdeg)
        gone = -math.expm1(-RATES[0] * self._step_ms / (1000.0 * tau_s))
        left = self.lag_noise * (1.0 - gone)
        came = sigma_pa * self.per_pa * tau_s * gone
        self.lag_noise = math.sqrt(left * left + came * came)

    def split_burst(self, base_pa: int, now_pa: int, temperature_cdeg: int) -> None:
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
        tau_s = self.tau_s(temperature_cdeg)
        energy = self.energy
        fast = self._base_pa * self.per_pa * tau_s * REST
        share, by_tau = self._burst(tau_s)
        burst = (self._burst_pa - self._base_pa) * self.per_pa * tau_s
        input_lag = drain_pa * self.per_pa * 6.0 * math.sqrt(_INPUT_S * tau_s / math.pi)
        by_tau = fast + burst * by_tau - 0.5 * input_lag
        # A burst that has ended since the last sample is not forgotten at once.
        left = 0.0 if burst else _LEFT * (self._fast_before - fast) * self._left_over
        # How long it has lasted is not well known; once it has settled it need not be.
        part = burst * share
        self.unsteady = _FAST * abs(part) * (1.1 - share / REST) + abs(left)
        self._fast = fast + part
        self.input_lag = input_lag
        modes = self.modes
        self.lag_share = fast + part + left - input_lag + (modes[0] + modes[3]) / _PPB
        self.lag_by_tau = by_tau + (modes[1] + modes[4]) / _PPB
        self.lag_by_ea = by_tau * energy + (modes[2] + modes[5]) / _PPB
        load = abs(self._burst_pa) * self.per_pa
        self.is_overload = load > _OVERLOAD
        self.steady = load * tau_s
        self.drained = drain_pa * self.per_pa * tau_s
        if self._burst_pa < 0:
            self._scale_lag(self.uneven)

    def set_uneven(self, code: int) -> None:
        """Let the lags of a discharge be a multiple, `uneven`, of what tau says, by the six bits
        in which it is remembered; 0 for as long as nothing is known of it."""
        self.uneven_code = code
        self.uneven = math.exp((code - _EVEN) * _UNEVEN_STEP) if code else 1.0

    def learn_uneven(self, share: float) -> float:
        """Correct the lags of a discharge by a share above -1, the present one with them; return
        by what share they are others then."""
        before = self.uneven
        code = _EVEN + round(math.log(before * (1.0 + share)) / _UNEVEN_STEP)
        self.set_uneven(max(1, min(2 * _EVEN - 1, code)))
        self._scale_lag(self.uneven / before)
        return self.uneven / before - 1.0

    def bound_lag(self, most: float) -> None:
        """Let the lag be no more than `most`, which is above 0."""
        excess = self.lag_share - most
        if excess > 0.0:
            kept = most / self.lag_share
            self.lag_share = most
            self.lag_by_tau *= kept
            self.lag_by_ea *= kept
            self.unsteady += _EXCESS * excess

    def _scale_lag(self, factor):
        """Multiply the lag but for what the voltage input has in it."""
        self.lag_share = (self.lag_share + self.input_lag) * factor - self.input_lag
        self.lag_by_tau *= factor
        self.lag_by_ea *= factor
        self.steady *= factor

    def _burst(self, tau_s):
        """Return what the faster modes carry of a burst, and its derivative to ln tau."""
        if not self._burst_ms:
            return 0.0, 0.0
        lasted = self._burst_ms / 1000.0 / tau_s
        by_tau = 3.0 * math.sqrt(lasted / math.pi)
        share = 2.0 * by_tau - 3.0 * lasted
        for k in range(2):
            a = RATES[k] * self._burst_ms / 1000.0 / tau_s
            share += SHARES[k] * math.expm1(-a)
            by_tau += SHARES[k] * (math.expm1(-a) + a * math.exp(-a))
        if share > REST:
            return REST, REST
        return max(0.0, share), by_tau

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        learned = self.tau_ppm, self.ea_ppm, self.share_ppm, self.virgin_ppm
        lasting = self.share_sigma, self._fast, self.lag_noise
        struct.pack_into(_FORMAT, buffer, offset, *self.modes, *learned, *lasting)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self.modes[:] = values[:6]
        self.tau_ppm, self.ea_ppm, self.share_ppm, self.virgin_ppm = values[6:10]
        self.share_sigma, self._fast, self.lag_noise = values[10:]
        self._split_gap()

    def learn(self, tau: float, ea: float) -> None:
        """Correct ln tau and the relative activation energy, and the lags with them."""
        tau = max(-_MOST_TAU, min(_MOST_TAU, tau + self.tau_ppm / _PPM)) - self.tau_ppm / _PPM
        ea = max(-_MOST_EA, min(_MOST_EA, ea + self.ea_ppm / _PPM)) - self.ea_ppm / _PPM
        self.tau_ppm += round(tau * _PPM)
        self.ea_ppm += round(ea * _PPM)
        modes = self.modes
        for k in range(0, 6, 3):
            modes[k] = _bounded(modes[k] + round(modes[k + 1] * tau + modes[k + 2] * ea))

    def tau_s(self, temperature_cdeg: int) -> float:
        """Return the diffusion time in s at a temperature, with what was learned of it."""
        self._warm(temperature_cdeg)
        learned = (self.tau_ppm + self.ea_ppm * self.energy) / _PPM
        return self.profile.tau_ms / 1000.0 * math.exp(self.energy + learned)


def _bounded(lag):
    return max(-_LAG_MAX, min(_LAG_MAX, lag))
