"""A population against single cells, cell by cell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.population import CellPopulation
from filmgauge_sim.cell import FilmCell, load_parameters

KINDS = [load_parameters(name) for name in ("evp-li", "pre-li")]
CELLS = [KINDS[seed % 2].drawn(seed) for seed in range(6)]
STARTS = np.array([0.0, 0.02, 0.3, 0.6, 0.98, 1.0])

each = st.lists(st.floats(-30.0, 30.0), min_size=6, max_size=6)
warmth = st.floats(-40.0, 85.0) | st.lists(st.floats(-40.0, 85.0), min_size=6, max_size=6)
durations = st.floats(-4.0, 5.0).map(lambda x: 10**x) | st.just(0.0)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(each, warmth, durations), min_size=1, max_size=8), each)
def test_every_cell_is_a_film_cell(history, last) -> None:
    many = CellPopulation(CELLS, STARTS, hysteresis=-0.5)
    single = [
        FilmCell(cell, 1.0, start, hysteresis=-0.5)
        for cell, start in zip(CELLS, STARTS, strict=True)
    ]
    for currents, temperature, duration in history:
        many.advance(currents, temperature, duration)
        temperatures = np.broadcast_to(temperature, 6)
        for k, cell in enumerate(single):
            cell.advance(currents[k], float(temperatures[k]), duration)
    temperatures = np.broadcast_to(history[-1][1], 6)
    voltages = many.voltage_v(last, history[-1][1])
    for k, cell in enumerate(single):
        near = {"rel": 1e-12, "abs": 1e-12}
        assert many.stoichiometry[k] == pytest.approx(cell.stoichiometry, **near)
        assert many.surface_stoichiometry[k] == pytest.approx(cell.surface_stoichiometry, **near)
        assert many.hysteresis[k] == pytest.approx(cell.hysteresis, **near)
        # Where the curve is steep it magnifies the last bits of the surface.
        expected = cell.voltage_v(last[k], float(temperatures[k]))
        assert voltages[k] == pytest.approx(expected, rel=1e-11, abs=1e-10)


def test_one_current_for_all_and_one_a_cell_are_the_same() -> None:
    shared, own = CellPopulation(CELLS), CellPopulation(CELLS)
    for current, duration in ((-3.0, 100.0), (2.0, 1e4), (-3.0, 100.0)):
        shared.advance(current, 37.0, duration)
        own.advance(np.full(6, current), np.full(6, 37.0), duration)
    assert np.array_equal(shared.voltage_v(-1.0, 37.0), own.voltage_v(np.full(6, -1.0), 37.0))
