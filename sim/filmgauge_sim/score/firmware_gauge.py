"""The gauge of the firmware, fed with readings as the node feeds it.

``--float32`` runs the same source in single precision, as the boards compute. Runtime ``gauge``
feeds one gauge all the time. ``cpython`` and ``micropython`` feed it as a node does that sleeps
without its memory: nothing but the packed state outlives a reading; the one in this process, the
other on a real interpreter.
"""

from collections.abc import Callable
from functools import cache
from math import nan
from typing import Any, Literal

from filmgauge.gauge.ledger import CORRECTED, GAP, MEASURED
from filmgauge.sensors.ina228 import CountScale
from filmgauge.state import State
from filmgauge_sim.board.single_precision import importable, load_single_precision
from filmgauge_sim.cell.compiled import CompiledProfile
from filmgauge_sim.score.interpreter_client import RemoteFuelGauge
from filmgauge_sim.score.sensor_model import Reading, ReadingKind

_PC_PER_UAH = 3.6e9
# A change of the state of charge that neither the reading nor a line of the ledger explains.
_JUMP = 0.005  # assumed: half a per cent is what a reader of whole per cents would notice
RuntimeName = Literal["gauge", "cpython", "micropython"]


@cache
def _fuel_gauge(single: bool) -> Any:
    """The class of the firmware, in single precision if asked."""
    if not single:
        from filmgauge.gauge.fuel_gauge import FuelGauge

        return FuelGauge
    modules = load_single_precision("filmgauge.gauge")
    with importable(modules):
        return modules["filmgauge.gauge.fuel_gauge"].FuelGauge


class FirmwareGauge:
    """One FuelGauge that is awake all the time.

    profile, shunt_mohm: what it is made for. initial_soc: estimate of the state of charge (0 to
    1) and its sigma. is_new: whether the cell was never charged.
    """

    def __init__(
        self,
        profile: CompiledProfile,
        shunt_mohm: int,
        initial_soc: tuple[float, float],
        is_new: bool = False,
        single: bool = False,
    ) -> None:
        self._make = lambda: self._made(profile, shunt_mohm, single)
        self.gauge: Any = self._make()
        self._scale = CountScale(shunt_mohm)
        estimate, sigma = initial_soc
        self.gauge.open(round(estimate * 1e6), round(sigma * 1e6), int(is_new))
        self._jumped_silently = False
        self._problems: list[str] = []

    def _made(self, profile: CompiledProfile, shunt_mohm: int, single: bool) -> Any:
        return _fuel_gauge(single)(profile, shunt_mohm)

    def update(self, reading: Reading) -> None:
        before = self.soc(), self.full_uah(), self._lines_pc()
        self._call(self._feed, reading)
        self._jumped_silently = self._is_unexplained(reading, *before)

    def soc(self) -> float:
        return self._call(self.gauge.soc_ppm) / 1e6

    def sigma(self) -> float | None:
        return self._call(self.gauge.sigma_ppm) / 1e6

    def full_uah(self) -> float:
        return self._call(self.gauge.full_nah) / 1e3

    def available_uah(self, load_ua: float, temperature_cdeg: int) -> float:
        load_pa = round(load_ua * 1e6)
        return self._call(self.gauge.available_nah, load_pa, temperature_cdeg) / 1e3

    def time_to_empty_h(self, temperature_cdeg: int) -> float | None:
        seconds = self._call(self.gauge.time_to_empty_s, temperature_cdeg)
        return None if seconds is None else seconds / 3600.0

    def resistance_ohm(self) -> float | None:
        milliohm = self._call(self.gauge.resistance_mohm)
        return None if milliohm is None else milliohm / 1e3

    def is_silent_jump(self) -> bool:
        return self._jumped_silently

    def problems(self) -> list[str]:
        return self._problems

    def close(self) -> None:
        """End what it runs on."""

    def _feed(self, reading: Reading) -> None:
        gauge = self.gauge
        if reading.kind is ReadingKind.LOST:
            gauge.health.interrupt()  # what follows a gap is no step of a load
            return
        count = gauge.zero if reading.kind is ReadingKind.OPEN else gauge.count
        moved_pc = self._scale.pc(reading.counts)
        gauge.ledger.add_pc(MEASURED, self._scale.carried_pc())
        count(moved_pc, reading.elapsed_ms, reading.temperature_cdeg)
        gauge.book(-reading.drained_pc)
        gauge.observe(
            reading.voltage_uv,
            self._scale.pa(reading.current_code),
            reading.drain_pa,
            reading.temperature_cdeg,
        )

    def _call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """A gauge that raises fails its run, and not the score: NaN, and a problem in its list."""
        try:
            return method(*arguments)
        except Exception as error:
            self._problems.append(f"{method.__name__}: {error}")
            return nan

    def _is_unexplained(
        self, reading: Reading, soc: float, full_uah: float, lines_pc: list[int]
    ) -> bool:
        """Compare the move with the charge of the reading, the lines of the ledger and the
        capacity: all of them are in the node's records."""
        explained_pc = abs(self._scale.pa(reading.counts))
        now_pc = self._lines_pc()
        explained_pc += sum(abs(now - then) for now, then in zip(now_pc, lines_pc, strict=True))
        explained = explained_pc / (self.full_uah() * _PC_PER_UAH)
        explained += abs(full_uah / self.full_uah() - 1.0)
        return abs(self.soc() - soc) > explained + _JUMP

    def _lines_pc(self) -> list[int]:
        """What the ledger admits beside what was measured."""
        return [self.gauge.ledger.line_pc(line) for line in range(CORRECTED, GAP + 1)]


class SleepingGauge(FirmwareGauge):
    """A gauge that is made anew for every reading, from what the one before has packed."""

    def _feed(self, reading: Reading) -> None:
        super()._feed(reading)
        state = State()
        state.pack(self.gauge)
        self.gauge = self._make()
        if not state.unpack(self.gauge):
            raise ValueError("the state is of another layout")


class InterpreterGauge(FirmwareGauge):
    """A gauge on a MicroPython interpreter, which sleeps as SleepingGauge does."""

    def _made(self, profile: CompiledProfile, shunt_mohm: int, single: bool) -> Any:
        return RemoteFuelGauge(profile, shunt_mohm)

    def _feed(self, reading: Reading) -> None:
        self.gauge.feed(reading)

    def close(self) -> None:
        self.gauge.close()


RUNTIMES: dict[RuntimeName, type[FirmwareGauge]] = {
    "gauge": FirmwareGauge,
    "cpython": SleepingGauge,
    "micropython": InterpreterGauge,
}
