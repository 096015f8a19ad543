"""A thousand different cells for a day."""

import time
from collections.abc import Iterator

from bench.circuit import BURST_S, BURSTS, PERIOD_S
from bench.figures import Figure
from filmgauge_sim.cell import CellParameters, load_parameters
from filmgauge_sim.cell.population import CellPopulation
from filmgauge_sim.cell.spread import drawn

_CELLS, _BEST_OF, _BOUND_S = 1000, 5, 0.5
_AREA_CM2, _BURST_UA, _SLEEP_UA, _WARMTH_C = 20.0, -250.0, -3.0, 25.0


def report() -> Iterator[Figure]:
    """Yield the best time and the spread that it finds."""
    kind = load_parameters("evp-li")
    cells = [drawn(kind, seed) for seed in range(_CELLS)]
    seconds, lowest_v = [], []
    for _ in range(_BEST_OF):
        began_s = time.perf_counter()
        lowest_v = _lowest_v(cells)
        seconds.append(time.perf_counter() - began_s)
    yield Figure(
        f"{_CELLS} different cells, 24 h, {2 * BURSTS} loads, numpy",
        f"{1e3 * min(seconds):.0f} ms; lowest voltage in a burst"
        f" {min(lowest_v):.3f} to {max(lowest_v):.3f} V",
        f"{1e3 * _BOUND_S:.0f} ms",
    )


def _lowest_v(cells: list[CellParameters]) -> list[float]:
    """The voltage of every cell at the end of the last burst."""
    many = CellPopulation(cells, _AREA_CM2, 0.9)
    voltages = many.voltage_v(_BURST_UA, _WARMTH_C)
    for _ in range(BURSTS):
        many.advance(_BURST_UA, _WARMTH_C, BURST_S)
        voltages = many.voltage_v(_BURST_UA, _WARMTH_C)
        many.advance(_SLEEP_UA, _WARMTH_C, PERIOD_S - BURST_S)
        many.voltage_v(_SLEEP_UA, _WARMTH_C)
    return voltages.tolist()
