"""Gauges as others make them, on the same readings: what ours has to be better than.

- a counter: charge in and out over a fixed capacity, which is what a coulomb counter without a
  gauge gives;
- a counter with resets at the ends, usual in industry: full when the charger says that its current
  has faded at the charge limit, empty when the end-of-discharge voltage is met by a load that is
  not an overload (Texas Instruments' CEDV gauges suspend the detection above their overload
  current);
- a voltage table at rest, counting in between. foxBMS 2 (soc_counting.c) counts, and looks the
  state of charge up in a table, by straight lines, while the battery is at rest. Zephyr's
  composite fuel gauge does only the look-up, in the eleven points of its ocv-capacity-table. Both
  tables hold one voltage for a state of charge, so the mean of both branches stands in it;
- an extended Kalman filter with one RC pair, without hysteresis and with a fixed capacity, the
  textbook gauge (G. L. Plett, Battery Management Systems, vol. 2, chapter 3; J. Power Sources 134,
  2004): states are the state of charge and the voltage u of the RC pair,

    z+ = z + i dt / Q        u+ = a u + R1 (1 - a) i        a = exp(-dt / tau1)
    v  = U(z) + u + R0 i

  with U the mean open-circuit voltage and i the mean current since the last sample (the voltage is
  seen under the present current, less what the voltage input takes).
"""

from bisect import bisect_right
from math import exp

from filmgauge.sensors.ina228 import CountScale
from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.diffusion import RATES, WEIGHTS
from filmgauge_sim.cell.kinetics import REFERENCE_C, Polarisation
from filmgauge_sim.cell.open_circuit import OpenCircuit
from filmgauge_sim.score.gauge import Gauge, RecentMean
from filmgauge_sim.score.sensor_model import Interrupt, Reading, ReadingKind

_PC_PER_UAH = 3.6e9
_OVERLOAD_C = 0.25
TABLE_POINTS = 11
REST_H = 1.0  # foxBMS waits ten minutes; a slow cell is given an hour
REST_C = 1 / 100  # smaller mean currents are none: assumed, offset and leakage lie below
_FILTER_POINTS = 1001
_RATE_C = 0.1  # where the polarisation is made a resistance
# Of the voltage: what the model leaves out, half of the published gap; anything smaller lets the
# filter follow the branch instead of the charge.
_VOLTAGE_SIGMA_V = 0.35
_CURRENT_SIGMA_C = 1e-3  # of the mean current: offset and what the model of the charge lacks
_INITIAL_SIGMA = 0.05


class ChargeCount:
    """What every baseline makes of a reading first: the charge that it counted, and the recent
    mean current. Those that follow one node can share it."""

    def __init__(self, shunt_mohm: int) -> None:
        self._scale = CountScale(shunt_mohm)
        self._recent = RecentMean()  # uA
        self.moved_uah = 0.0  # by the last reading

    def add(self, reading: Reading) -> None:
        """Count a reading; a lost one counts nothing."""
        if reading.kind is ReadingKind.LOST:
            return
        self.moved_uah = moved_uah = self._scale.pc(reading.counts) / _PC_PER_UAH
        if reading.elapsed_ms > 0:
            mean_ua = moved_uah / reading.elapsed_ms * 3.6e6
            self._recent.add(mean_ua, reading.elapsed_ms / 1e3)

    @property
    def recent_ua(self) -> float:
        """The recent mean current."""
        return self._recent.current

    def current_ua(self, reading: Reading) -> float:
        """The current at the moment of a reading."""
        return self._scale.pa(reading.current_code) / 1e6


class CountingGauge(Gauge):
    """State of charge from a given start by counting alone; capacity that of the parameter set.

    charge: what it shares with others; whoever shares it adds each reading to it and then calls
    ``follow`` in place of ``update``.
    """

    def __init__(
        self,
        parameters: CellParameters,
        area_cm2: float,
        shunt_mohm: int,
        initial_soc: float,
        charge: ChargeCount | None = None,
    ) -> None:
        self._charge = ChargeCount(shunt_mohm) if charge is None else charge
        self._full_uah = parameters.capacity_uah_cm2 * area_cm2
        self._soc = initial_soc
        self.prepare(parameters, area_cm2)

    def prepare(self, parameters: CellParameters, area_cm2: float) -> None:
        """Make what a better gauge needs beside a count."""

    def update(self, reading: Reading) -> None:
        self._charge.add(reading)
        self.follow(reading)

    def follow(self, reading: Reading) -> None:
        """As ``update``, of a reading that is in the shared charge already."""
        if reading.kind is ReadingKind.LOST:
            return
        moved_uah = self._charge.moved_uah
        self._soc += moved_uah / self._full_uah
        self.correct(reading, moved_uah)
        if not 0.0 < self._soc < 1.0:
            self._soc = min(1.0, max(0.0, self._soc))

    def correct(self, reading: Reading, moved_uah: float) -> None:
        """Do what a better gauge does beside counting."""

    def soc(self) -> float:
        return self._soc

    def full_uah(self) -> float:
        return self._full_uah

    def available_uah(self, load_ua: float, temperature_cdeg: int) -> float:
        """These gauges know one capacity, whatever the load and the temperature."""
        return self.soc() * self._full_uah

    def time_to_empty_h(self, temperature_cdeg: int) -> float | None:
        recent_ua = self._charge.recent_ua
        if recent_ua >= 0.0:
            return None
        return self.soc() * self._full_uah / -recent_ua


class ResettingGauge(CountingGauge):
    """A counter that begins anew at both ends."""

    def correct(self, reading: Reading, moved_uah: float) -> None:
        if reading.interrupt is Interrupt.DONE:
            self._soc = 1.0
        elif reading.interrupt is Interrupt.LOW:
            overload_ua = _OVERLOAD_C * self._full_uah
            if abs(self._charge.current_ua(reading)) < overload_ua:
                self._soc = 0.0


class FullCounter(CountingGauge):
    """A counter that begins anew at the full end alone, which a hold reaches whatever the film:
    an empty end depends on the load."""

    def correct(self, reading: Reading, moved_uah: float) -> None:
        if reading.interrupt is Interrupt.DONE:
            self._soc = 1.0


class LearningCounter(ResettingGauge):
    """A counter with resets that takes the charge between a full and the next empty end for its
    capacity."""

    def prepare(self, parameters: CellParameters, area_cm2: float) -> None:
        self._given_uah: float | None = None  # since the full end

    def correct(self, reading: Reading, moved_uah: float) -> None:
        if self._given_uah is not None:
            self._given_uah -= moved_uah
        super().correct(reading, moved_uah)
        if reading.interrupt is Interrupt.DONE:
            self._given_uah = 0.0
        elif self._soc == 0.0 and reading.interrupt is Interrupt.LOW:
            if self._given_uah is not None and self._given_uah > 0.0:
                self._full_uah = self._given_uah
            self._given_uah = None


class MeanCurve:
    """The open-circuit voltage that a gauge without hysteresis believes in: the mean of both ways,
    in equal steps of the state of charge, straight lines between them."""

    def __init__(self, parameters: CellParameters, points: int) -> None:
        curve = OpenCircuit(parameters)
        self.socs = [index / (points - 1) for index in range(points)]
        self.volts = [curve.voltage_v(soc) for soc in self.socs]

    def soc(self, voltage_v: float) -> float:
        """State of charge at a voltage; 0 or 1 beyond the ends."""
        volts, socs = self.volts, self.socs
        if voltage_v <= volts[0]:
            return 0.0
        if voltage_v >= volts[-1]:
            return 1.0
        at = bisect_right(volts, voltage_v)
        share = (voltage_v - volts[at - 1]) / (volts[at] - volts[at - 1])
        return socs[at - 1] + share * (socs[at] - socs[at - 1])

    def voltage_v(self, soc: float) -> tuple[float, float]:
        """Voltage and its slope (V per unit of state of charge) at a state of charge."""
        last = len(self.socs) - 1
        at = min(max(int(soc * last), 0), last - 1)
        slope = (self.volts[at + 1] - self.volts[at]) * last
        return self.volts[at] + slope * (soc - self.socs[at]), slope


class RestTableGauge(CountingGauge):
    """A counter that is set by a voltage table when the cell has rested."""

    def prepare(self, parameters: CellParameters, area_cm2: float) -> None:
        self._curve = MeanCurve(parameters, TABLE_POINTS)
        self._rested_h = 0.0

    def correct(self, reading: Reading, moved_uah: float) -> None:
        elapsed_h = reading.elapsed_ms / 3.6e6
        if abs(moved_uah) >= REST_C * self.full_uah() * elapsed_h:
            self._rested_h = 0.0
            return
        self._rested_h += elapsed_h
        if self._rested_h >= REST_H:
            self._soc = self._curve.soc(reading.voltage_uv / 1e6)


class KalmanGauge(CountingGauge):
    """The filter."""

    tells_sigma = True

    def prepare(self, parameters: CellParameters, area_cm2: float) -> None:
        full_uah = self.full_uah()
        self._curve = MeanCurve(parameters, _FILTER_POINTS)
        polarisation = Polarisation(parameters, REFERENCE_C)
        current_ua = _RATE_C * full_uah
        self._r0 = polarisation.voltage_v(current_ua / area_cm2) / current_ua  # V / uA
        # The slowest diffusion mode, seen through the slope of the plateau.
        tau_h = parameters.diffusion_time_h
        self._r1 = WEIGHTS[0] * tau_h / full_uah * parameters.plateau_slope_v
        self._tau1_h = tau_h / RATES[0]
        self._u = 0.0
        self._p = [_INITIAL_SIGMA**2, 0.0, 1e-6]  # variance of z, covariance, variance of u

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
        present_ua = self._charge.current_ua(reading) - reading.drain_pa / 1e6
        expected_v, slope = self._curve.voltage_v(min(1.0, max(0.0, self._soc)))
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
