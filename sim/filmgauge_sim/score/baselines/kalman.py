"""Extended Kalman filter with one RC pair, without hysteresis and with a fixed capacity.

The textbook gauge (G. L. Plett, Battery Management Systems, vol. 2, chapter 3; J. Power Sources
134, 2004): states are the state of charge and the voltage u of the RC pair,

    z+ = z + i dt / Q        u+ = a u + R1 (1 - a) i        a = exp(-dt / tau1)
    v  = U(z) + u + R0 i

with U the mean open-circuit voltage and i the mean current since the last sample (the voltage is
seen under the present current, less what the voltage input takes).
"""

from math import exp

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.diffusion import RATES, WEIGHTS
from filmgauge_sim.cell.kinetics import REFERENCE_C, Polarisation
from filmgauge_sim.score.baselines.counter import Counter
from filmgauge_sim.score.baselines.mean_curve import Table
from filmgauge_sim.score.sensor_model import Reading

_POINTS = 1001
_RATE_C = 0.1  # where the polarisation is made a resistance
# Of the voltage: what the model leaves out, half of the published gap; anything smaller lets the
# filter follow the branch instead of the charge.
_VOLTAGE_SIGMA_V = 0.35
_CURRENT_SIGMA_C = 1e-3  # of the mean current: offset and what the model of the charge lacks
_TOLD_SIGMA = 0.05


class Kalman(Counter):
    """The filter; begins at the told state."""

    def __init__(
        self, parameters: CellParameters, area_cm2: float, shunt_mohm: int, told: float
    ) -> None:
        super().__init__(parameters, area_cm2, shunt_mohm, told)
        full_uah = self.full_uah()
        self._table = Table(parameters, _POINTS)
        polarisation = Polarisation(parameters, REFERENCE_C)
        current_ua = _RATE_C * full_uah
        self._r0 = polarisation.voltage_v(current_ua / area_cm2) / current_ua  # V / uA
        # The slowest diffusion mode, seen through the slope of the plateau.
        tau_h = parameters.diffusion_time_h
        self._r1 = WEIGHTS[0] * tau_h / full_uah * parameters.plateau_slope_v
        self._tau1_h = tau_h / RATES[0]
        self._u = 0.0
        self._p = [_TOLD_SIGMA**2, 0.0, 1e-6]  # variance of z, covariance, variance of u

    def correct(self, reading: Reading, moved_uah: float) -> None:
        """Predict (the count has moved z already), then weigh the voltage."""
        hours = reading.elapsed_ms / 3.6e6
        if hours <= 0.0:
            return
        keeps = exp(-hours / self._tau1_h)
        self._u = keeps * self._u + self._r1 * (1.0 - keeps) * moved_uah / hours
        pzz, pzu, puu = self._p
        pzz += (_CURRENT_SIGMA_C * hours) ** 2
        pzu *= keeps
        puu = puu * keeps * keeps + 1e-10
        present_ua = self.current_ua(reading) - reading.drain_pa / 1e6
        expected_v, slope = self._table.voltage_v(min(1.0, max(0.0, self._soc)))
        expected_v += self._u + self._r0 * present_ua
        innovation = reading.voltage_uv / 1e6 - expected_v
        hz, hu = slope * pzz + pzu, slope * pzu + puu
        variance = slope * hz + hu + _VOLTAGE_SIGMA_V**2
        gain_z, gain_u = hz / variance, hu / variance
        self._soc += gain_z * innovation
        self._u += gain_u * innovation
        self._p = [pzz - gain_z * hz, pzu - gain_z * hu, puu - gain_u * hu]

    def sigma(self) -> float | None:
        return max(self._p[0], 0.0) ** 0.5
