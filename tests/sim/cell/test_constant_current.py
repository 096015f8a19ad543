"""The mean voltage of a stretch against a fine quadrature of the voltage itself."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, LifeState, load_parameters
from filmgauge_sim.cell.parameters import PHYSICS, available_sets

EVP = load_parameters("evp-li")

segment = st.tuples(
    st.floats(-8.0, 8.0, allow_subnormal=False), st.floats(0.0, 3.5).map(lambda x: 10**x)
)


def fine_mean_v(cell: FilmCell, current: float, duration_s: float) -> float:
    """Gauss-Legendre on 60 stretches that grow from a millionth of the duration."""
    edges = np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 60)]) * duration_s
    roots, weights = np.polynomial.legendre.leggauss(8)
    total = 0.0
    for low, high in pairwise(edges.tolist()):
        for root, weight in zip(roots, weights, strict=True):
            twin = cell.clone()
            twin.advance(current, 25.0, low + 0.5 * (root + 1.0) * (high - low))
            total += 0.5 * (high - low) * weight * twin.voltage_v(current, 25.0)
    return total / duration_s


@settings(max_examples=60, deadline=None)
@given(st.lists(segment, max_size=3), segment)
def test_on_the_plateau_in_closed_form(history, last) -> None:
    cell = FilmCell(EVP, 1.0, 0.5)
    for current, duration_s in history:
        cell.advance(0.1 * current, 25.0, duration_s)
    current, duration_s = 0.1 * last[0], last[1]
    expected = fine_mean_v(cell, current, duration_s)
    assert cell.mean_voltage_v(current, 25.0, duration_s) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("start", "current"), [(0.06, -2.0), (0.9, 2.0), (0.97, 0.0)])
def test_near_an_end_by_quadrature(start: float, current: float) -> None:
    cell = FilmCell(EVP, 1.0, start, hysteresis=1.0 if current > 0.0 else -1.0)
    within = {"low_v": cell.voltage_v(current, 25.0) - 0.05}
    within["high_v"] = within["low_v"] + 0.1
    end = cell.next_crossing(current, 25.0, 3600.0, **within)
    duration_s = 3600.0 if end is None else end.time_s
    expected = fine_mean_v(cell, current, duration_s)
    assert cell.mean_voltage_v(current, 25.0, duration_s) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", [available_sets(physics)[0] for physics in PHYSICS])
@settings(max_examples=40, deadline=None)
@given(
    history=st.lists(segment, max_size=3),
    last=segment,
    temperature_c=st.floats(-10.0, 70.0),
    is_new=st.booleans(),
)
def test_a_current_that_is_only_asked_about(name, history, last, temperature_c, is_new) -> None:
    """Also where it turns a film that ages; a constant voltage is held by asking so."""
    life = LifeState.as_built() if is_new else None
    cell = FilmCell(load_parameters(name), 1.5, 0.5, life=life)
    for current, duration_s in history:
        cell.advance(0.1 * current, 25.0, duration_s)
    asked_v = cell.voltage_after_v(temperature_c, last[1])
    for current in (last[0], -last[0], 0.0):
        twin = cell.clone()
        twin.advance(current, temperature_c, last[1])
        assert asked_v(current) == pytest.approx(twin.voltage_v(current, temperature_c), abs=1e-9)


def test_asking_changes_nothing_even_when_the_current_turns() -> None:
    cell = FilmCell(EVP, 1.0, 0.2, hysteresis=-1.0, life=LifeState.as_built())
    cell.advance(2.0, 25.0, 3600.0)
    before = cell.stoichiometry, cell.capacity_uah, cell.hysteresis
    cell.mean_voltage_v(-2.0, 25.0, 100.0)
    assert (cell.stoichiometry, cell.capacity_uah, cell.hysteresis) == before


@pytest.mark.parametrize("duration_s", [0.0, -1.0, float("nan"), 2e15])
def test_a_bad_duration_is_named(duration_s: float) -> None:
    with pytest.raises(ValueError, match="duration_s"):
        FilmCell(EVP, 1.0).mean_voltage_v(1.0, 25.0, duration_s)
