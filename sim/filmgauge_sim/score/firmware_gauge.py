"""The gauge of the firmware among the gauges of the score.

``--float32`` runs the same source in single precision, as the boards compute. Runtime ``gauge``
feeds one gauge all the time. ``cpython`` and ``micropython`` feed it as a node does that sleeps
without its memory: nothing but the packed state outlives a reading; the one in this process, the
other on a real interpreter.
"""

from functools import cache
from math import nan
from typing import Any, Literal

from filmgauge.sensors.ina228 import CountScale
from filmgauge_sim.board.single_precision import importable, load_single_precision
from filmgauge_sim.cell.compiled import CompiledProfile
from filmgauge_sim.score.gauge import Gauge, Sigmas
from filmgauge_sim.score.gauge_server import GaugeServer
from filmgauge_sim.score.interpreter_client import InterpreterClient
from filmgauge_sim.score.sensor_model import Reading, ReadingKind

_PC_PER_UAH = 3.6e9
# A change of the state of charge that neither the reading nor a line of the ledger explains.
_UNKNOWN = [None] * 7  # of a forecast
_JUMP = 0.005  # assumed: half a per cent is what a reader of whole per cents would notice
RuntimeName = Literal["gauge", "cpython", "micropython"]


@cache
def _classes(single: bool) -> tuple[Any, Any]:
    """Gauge and available charge of the firmware, in single precision if asked."""
    if not single:
        from filmgauge.gauge.available_charge import AvailableCharge
        from filmgauge.gauge.fuel_gauge import FuelGauge

        return FuelGauge, AvailableCharge
    modules = load_single_precision("filmgauge.gauge")
    with importable(modules):
        return (
            modules["filmgauge.gauge.fuel_gauge"].FuelGauge,
            modules["filmgauge.gauge.available_charge"].AvailableCharge,
        )


class FirmwareGauge(Gauge):
    """One FuelGauge on a runtime.

    profile, shunt_mohm: what it is made for. initial_soc: estimate of the state of charge (0 to
    1) and its sigma. is_new: whether the cell was never charged. A gauge that raises fails its
    run, and not the score: it stays where it was, and has a problem more.
    """

    tells_sigma = True

    def __init__(
        self,
        profile: CompiledProfile,
        shunt_mohm: int,
        initial_soc: tuple[float, float],
        is_new: bool = False,
        runtime: RuntimeName = "gauge",
        single: bool = False,
    ) -> None:
        self._server: GaugeServer | InterpreterClient
        if runtime == "micropython":
            self._server = InterpreterClient(profile, shunt_mohm)
        else:
            self._server = GaugeServer(
                *_classes(single), profile, shunt_mohm, runtime == "cpython"
            )
        self._scale = CountScale(shunt_mohm)
        self._problems: list[str] = []
        self._jumped_silently = False
        self._forecast: list[Any] = _UNKNOWN
        estimate, sigma = initial_soc
        begun = self._call("open", round(estimate * 1e6), round(sigma * 1e6), int(is_new))
        self._results: list[Any] = begun or [nan] * 3

    def update(self, reading: Reading) -> None:
        before = self._results
        if reading.kind is ReadingKind.LOST:
            results = self._call("lost")
        else:
            results = self._call(
                "read",
                int(reading.kind is ReadingKind.OPEN),
                reading.counts,
                reading.elapsed_ms,
                reading.temperature_cdeg,
                reading.drained_pc,
                reading.voltage_uv,
                reading.current_code,
                reading.drain_pa,
            )
        if results:
            self._results = results
        self._jumped_silently = self._is_unexplained(reading, before)

    def soc(self) -> float:
        return self._results[0] / 1e6

    def sigma(self) -> float | None:
        return self._results[1] / 1e6

    def full_uah(self) -> float:
        return self._results[2] / 1e3

    def available_uah(self, load_ua: float, temperature_cdeg: int) -> float:
        """As every gauge; what else is asked of a moment is answered as of this."""
        load_pa = round(load_ua * 1e6)
        self._forecast = self._call("forecast", load_pa, temperature_cdeg) or _UNKNOWN
        return _over(self._forecast[0], 1e3, nan)

    def time_to_empty_h(self, temperature_cdeg: int) -> float | None:
        return _over(self._forecast[1], 3600.0)

    def resistance_ohm(self) -> float | None:
        return _over(self._forecast[2], 1e3)

    def sigmas(self) -> Sigmas:
        available_nah, full_nah, to_empty_s = self._forecast[3:6]
        return Sigmas(_over(available_nah, 1e3), _over(full_nah, 1e3), _over(to_empty_s, 3600.0))

    def is_unlike_profile(self) -> bool:
        return bool(self._forecast[6])

    def is_silent_jump(self) -> bool:
        return self._jumped_silently

    def problems(self) -> list[str]:
        return self._problems

    def close(self) -> None:
        """End what it runs on."""
        if isinstance(self._server, InterpreterClient):
            self._server.close()

    def _call(self, command: str, *numbers: int) -> list[Any]:
        try:
            return self._server.call(command, *numbers)
        except Exception as error:
            self._problems.append(f"{command}: {error}")
            return []

    def _is_unexplained(self, reading: Reading, before: list[Any]) -> bool:
        """Compare the move with the charge of the reading, the lines of the ledger and the
        capacity: all of them are in the node's records."""
        now = self._results
        explained_pc = abs(self._scale.pa(reading.counts))
        explained_pc += sum(abs(a - b) for a, b in zip(now[3:], before[3:], strict=False))
        explained = explained_pc / (self.full_uah() * _PC_PER_UAH)
        explained += abs(before[2] / now[2] - 1.0)
        return abs(now[0] - before[0]) / 1e6 > explained + _JUMP


def _over(value: float | None, divisor: float, unknown: Any = None) -> Any:
    return unknown if value is None else value / divisor
