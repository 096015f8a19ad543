"""Counters: charge in and out over a fixed capacity, plain and with resets at the ends.

The plain one is what a coulomb counter without a gauge gives. The one with resets is usual in
industry: full when the charger says that its current has faded at the charge limit, empty when
the end-of-discharge voltage is met by a load that is not an overload (Texas Instruments' CEDV
gauges suspend the detection above their overload current).
"""

from filmgauge.sensors.ina228 import CountScale
from filmgauge_sim.cell import CellParameters
from filmgauge_sim.score.recent_discharge import RecentMean
from filmgauge_sim.score.sensor_model import Interrupt, Kind, Reading

_PC_PER_UAH = 3.6e9
_OVERLOAD_C = 0.25


class Counter:
    """State of charge from a told start by counting alone; capacity that of the parameter set."""

    def __init__(
        self, parameters: CellParameters, area_cm2: float, shunt_mohm: int, told: float
    ) -> None:
        self._scale = CountScale(shunt_mohm)
        self._full_uah = parameters.capacity_uah_cm2 * area_cm2
        self._soc = told
        self._recent = RecentMean()  # uA

    def take(self, reading: Reading) -> None:
        if reading.kind is Kind.LOST:
            return
        moved_uah = self._scale.pc(reading.counts) / _PC_PER_UAH
        self._soc += moved_uah / self._full_uah
        if reading.elapsed_ms > 0:
            mean_ua = moved_uah / reading.elapsed_ms * 3.6e6
            self._recent.add(mean_ua, reading.elapsed_ms / 1e3)
        self.correct(reading, moved_uah)
        self._soc = min(1.0, max(0.0, self._soc))

    def correct(self, reading: Reading, moved_uah: float) -> None:
        """Do what a better gauge does beside counting."""

    def soc(self) -> float:
        return self._soc

    def sigma(self) -> float | None:
        return None

    def full_uah(self) -> float:
        return self._full_uah

    def available_uah(self, load_ua: float, temperature_cdeg: int) -> float:
        """These gauges know one capacity, whatever the load and the temperature."""
        return self.soc() * self._full_uah

    def time_to_empty_h(self, temperature_cdeg: int) -> float | None:
        if self._recent.current >= 0.0:
            return None
        return self.soc() * self._full_uah / -self._recent.current

    def resistance_ohm(self) -> float | None:
        return None

    def is_silent_jump(self) -> bool:
        return False

    def problems(self) -> list[str]:
        return []

    def current_ua(self, reading: Reading) -> float:
        """The current at the moment of a reading."""
        return self._scale.pa(reading.current_code) / 1e6


class ResetCounter(Counter):
    """A counter that begins anew at both ends."""

    def correct(self, reading: Reading, moved_uah: float) -> None:
        if reading.interrupt is Interrupt.DONE:
            self._soc = 1.0
        elif reading.interrupt is Interrupt.LOW:
            overload_ua = _OVERLOAD_C * self._full_uah
            if abs(self.current_ua(reading)) < overload_ua:
                self._soc = 0.0
