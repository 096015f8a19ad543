"""A population against single cells, cell by cell."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.population import CellPopulation
from filmgauge_sim.cell import FilmCell, load_parameters

KINDS = [load_parameters(name) for name in ("evp-li", "pre-li")]
CELLS = [KINDS[seed % 2].drawn(seed) for seed in range(6)]
AREAS = np.array([0.2, 1.0, 5.0, 20.0, 1.0, 3.0])
STARTS = np.array([0.0, 0.02, 0.3, 0.6, 0.98, 1.0])

each = st.lists(st.floats(-30.0, 30.0), min_size=6, max_size=6)
warmth = st.floats(-40.0, 85.0) | st.lists(st.floats(-40.0, 85.0), min_size=6, max_size=6)
durations = st.floats(-4.0, 5.0).map(lambda x: 10**x) | st.just(0.0)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(each, warmth, durations), min_size=1, max_size=8), each)
def test_every_cell_is_a_film_cell(history, last) -> None:
    many = CellPopulation(CELLS, AREAS, STARTS, hysteresis=-0.5)
    single = [
        FilmCell(cell, area, start, hysteresis=-0.5)
        for cell, area, start in zip(CELLS, AREAS, STARTS, strict=True)
    ]
    for currents, temperature, duration in history:
        many.advance(np.array(currents) * AREAS, temperature, duration)
        temperatures = np.broadcast_to(temperature, 6)
        for k, cell in enumerate(single):
            cell.advance(currents[k] * AREAS[k], float(temperatures[k]), duration)
    temperatures = np.broadcast_to(history[-1][1], 6)
    voltages = many.voltage_v(np.array(last) * AREAS, history[-1][1])
    for k, cell in enumerate(single):
        near = {"rel": 1e-12, "abs": 1e-12}
        assert many.stoichiometry[k] == pytest.approx(cell.stoichiometry, **near)
        assert many.surface_stoichiometry[k] == pytest.approx(cell.surface_stoichiometry, **near)
        assert many.hysteresis[k] == pytest.approx(cell.hysteresis, **near)
        assert many.capacity_uah[k] == pytest.approx(cell.capacity_uah, **near)
        assert many.lost_uah[k] == pytest.approx(cell.lost_uah, rel=1e-12, abs=1e-12)
        # Where the curve is steep it magnifies the last bits of the surface.
        expected = cell.voltage_v(last[k] * AREAS[k], float(temperatures[k]))
        assert voltages[k] == pytest.approx(expected, rel=1e-11, abs=1e-10)


def test_one_current_for_all_and_one_a_cell_are_the_same() -> None:
    shared, own = CellPopulation(CELLS), CellPopulation(CELLS)
    for current, duration in ((-3.0, 100.0), (2.0, 1e4), (-3.0, 100.0)):
        shared.advance(current, 37.0, duration)
        own.advance(np.full(6, current), np.full(6, 37.0), duration)
    assert np.array_equal(shared.voltage_v(-1.0, 37.0), own.voltage_v(np.full(6, -1.0), 37.0))


def test_a_step_may_be_split_anywhere() -> None:
    whole, parts = CellPopulation(CELLS, stoichiometry=0.5), CellPopulation(CELLS, 1.0, 0.5)
    whole.advance(-3.0, 25.0, 5000.0)
    for share in (0.0001, 0.3, 0.6999):
        parts.advance(-3.0, 25.0, share * 5000.0)
    np.testing.assert_allclose(parts.surface_stoichiometry, whole.surface_stoichiometry, rtol=1e-9)
    np.testing.assert_allclose(parts.lost_uah, whole.lost_uah, rtol=1e-9)


def test_charge_balance_of_every_cell() -> None:
    many = CellPopulation(CELLS, AREAS, 0.5)
    began, passed_uah = many.stoichiometry * many.capacity_uah, 0.0
    for k in range(400):
        current = 0.5 * math.sin(k)
        many.advance(current, 25.0, 100.0 + k)
        passed_uah += current * (100.0 + k) / 3600.0
    stored = many.stoichiometry * many.capacity_uah - began
    np.testing.assert_allclose(stored + many.lost_uah, passed_uah, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: CellPopulation([]), "at least one cell"),
        (lambda: CellPopulation(CELLS, 0.0), "area_cm2 must be from 1e-06"),
        (lambda: CellPopulation(CELLS, [1.0, 2.0]), "area_cm2 must be one number or 6"),
        (lambda: CellPopulation(CELLS, 1.0, math.nan), "stoichiometry must be from 0 to 1"),
        (lambda: CellPopulation(CELLS).advance(math.nan, 25.0, 1.0), "current_ua"),
        (lambda: CellPopulation(CELLS).advance(1.0, [25.0] * 5 + [99.0], 1.0), "temperature_c"),
        (lambda: CellPopulation(CELLS).advance(1.0, 25.0, -1.0), "duration_s must be from 0"),
        (lambda: CellPopulation(CELLS).voltage_v(1.0, -50.0), "temperature_c must be from -40"),
    ],
)
def test_a_bad_argument_is_named(call, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
