"""The gauge of the firmware, fed with readings as the node feeds it.

``--float32`` runs the same source in single precision, as the boards compute.
"""

from collections.abc import Callable
from typing import Any

from filmgauge.gauge.profile import Profile
from filmgauge_sim.score.sensing import Kind, Reading
from filmgauge_sim.single_precision import importable, load_single_precision

_PC_PER_UAH = 3.6e9
# A change of the state of charge that neither the readings nor the corrected line explain.
_JUMP = 0.005  # assumed: half a per cent is what a reader of whole per cents would notice
GaugeMaker = Callable[[Profile, int], Any]


def gauge_maker(single: bool = False) -> GaugeMaker:
    """The class of the gauge, in single precision if asked."""
    if not single:
        from filmgauge.gauge.fuel_gauge import FuelGauge

        return FuelGauge
    modules = load_single_precision("filmgauge.gauge")
    with importable(modules):
        return modules["filmgauge.gauge.fuel_gauge"].FuelGauge


class Ours:
    """One FuelGauge; opened with what is known of the state of charge (0 to 1)."""

    def __init__(
        self,
        make: GaugeMaker,
        profile: Profile,
        shunt_mohm: int,
        known: tuple[float, float],
        is_new: bool = False,
    ) -> None:
        gauge: Any = make(profile, shunt_mohm)
        self.gauge: Any = gauge
        opening = round(known[0] * 1e6), round(known[1] * 1e6)
        if is_new and _has(gauge, "open", 3):
            gauge.open(*opening, 1)
        else:
            gauge.open(*opening)
        self._zero = getattr(gauge, "zero", gauge.count)
        self._lost = getattr(gauge, "lost", None)
        self._silent = False

    def take(self, reading: Reading) -> None:
        gauge = self.gauge
        before = gauge.soc_ppm(), self._corrected_pc()
        if reading.kind is Kind.LOST:
            if self._lost is not None:
                self._lost()
        else:
            count = self._zero if reading.kind is Kind.OPEN else gauge.count
            count(reading.counts, reading.elapsed_ms, reading.temperature_cdeg)
            gauge.book(-reading.drained_pc)
            gauge.observe(
                reading.voltage_uv,
                gauge.scale.pc(reading.current_code),
                reading.drain_pa,
                reading.temperature_cdeg,
            )
        self._silent = self._jumped(reading, *before)

    def soc(self) -> float:
        return self.gauge.soc_ppm() / 1e6

    def sigma(self) -> float | None:
        return self.gauge.sigma_ppm() / 1e6

    def full_uah(self) -> float:
        return self.gauge.full_nah() / 1e3

    def available_uah(self, load_ua: float, temperature_cdeg: int) -> float:
        if not hasattr(self.gauge, "available_nah"):
            return self.gauge.stored_nah() / 1e3
        return self.gauge.available_nah(round(load_ua * 1e6), temperature_cdeg) / 1e3

    def time_to_empty_h(self, temperature_cdeg: int) -> float | None:
        if not hasattr(self.gauge, "time_to_empty_s"):
            return None
        seconds = self.gauge.time_to_empty_s(temperature_cdeg)
        return None if seconds is None else seconds / 3600.0

    def resistance_ohm(self) -> float | None:
        if not hasattr(self.gauge, "resistance_mohm"):
            return None
        milliohm = self.gauge.resistance_mohm()
        return None if milliohm is None else milliohm / 1e3

    def is_silent_jump(self) -> bool:
        return self._silent

    def _corrected_pc(self) -> int:
        gauge = self.gauge
        if hasattr(gauge, "corrected_pc"):
            return gauge.corrected_pc()
        from filmgauge.gauge.ledger import CORRECTED

        return gauge.ledger.line_pc(CORRECTED)

    def _jumped(self, reading: Reading, soc_ppm: int, corrected_pc: int) -> bool:
        """Compare the move with the charge of the reading and what the ledger corrected."""
        gauge = self.gauge
        full_pc = gauge.full_nah() * 3.6e6
        known = abs(gauge.scale.pc(reading.counts)) + reading.drained_pc
        known += abs(self._corrected_pc() - corrected_pc)
        return abs(gauge.soc_ppm() - soc_ppm) / 1e6 > known / full_pc + _JUMP


def _has(gauge: Any, method: str, arguments: int) -> bool:
    """Whether a method takes so many arguments."""
    return getattr(gauge, method).__code__.co_argcount > arguments
