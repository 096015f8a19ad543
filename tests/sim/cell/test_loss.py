"""Coulombic loss and self-discharge: what was passed is stored or lost, to the last bit."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, LifeState, load_parameters
from filmgauge_sim.cell.self_discharge import leaked

EVP = load_parameters("evp-li")
HOUR = 3600.0
YEAR_S = 365.25 * 24 * HOUR

segments = st.lists(
    st.tuples(
        st.floats(-30.0, 30.0), st.floats(-40.0, 85.0), st.floats(-3.0, 5.0).map(lambda x: 10**x)
    ),
    max_size=12,
)
lives = st.sampled_from([None, LifeState.as_built(), LifeState.formed()])


@given(segments, st.floats(0.1, 50.0), lives)
def test_what_was_passed_is_stored_or_lost(history, area_cm2, life):
    cell = FilmCell(EVP, area_cm2, 0.5, life=life)
    start = cell.stoichiometry * cell.capacity_uah
    for current, temperature, duration in history:
        cell.advance(current * area_cm2, temperature, duration)
    passed = math.fsum(c * area_cm2 * t / HOUR for c, _, t in history)
    turned_over = start + math.fsum(abs(c) * area_cm2 * t / HOUR for c, _, t in history)
    stored = cell.stoichiometry * cell.capacity_uah - start
    assert abs(passed - cell.lost_uah - stored) <= 1e-12 * turned_over


@given(segments, st.floats(0.01, 0.99), lives)
def test_a_segment_may_be_split_anywhere(history, share, life):
    whole, parts = (FilmCell(EVP, 1.0, 0.5, life=life) for _ in range(2))
    for current, temperature, duration in history:
        whole.advance(current, temperature, duration)
        parts.advance(current, temperature, duration * share)
        parts.advance(current, temperature, duration * (1.0 - share))
    for name in ("stoichiometry", "surface_stoichiometry", "lost_uah", "capacity_uah"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-9)
    assert parts.hysteresis == pytest.approx(whole.hysteresis, abs=1e-9)


def test_a_charge_keeps_its_share_and_a_discharge_all():
    parameters = replace(EVP, self_discharge_per_year=0.0, charge_acceptance=0.9)
    cell = FilmCell(parameters, 2.0, 0.2)
    cell.advance(4.0, 25.0, HOUR)
    assert (cell.stoichiometry - 0.2) * cell.capacity_uah == pytest.approx(3.6)
    assert cell.lost_uah == pytest.approx(0.4)
    cell.advance(-4.0, 25.0, HOUR)
    assert (cell.stoichiometry - 0.2) * cell.capacity_uah == pytest.approx(-0.4)


@pytest.mark.parametrize(("temperature", "factor"), [(25.0, 1.0), (60.0, 9.48), (0.0, 0.141)])
def test_self_discharge_is_an_exponential_with_an_activation_energy(temperature, factor):
    cell = FilmCell(replace(EVP, self_discharge_per_year=0.1), 3.0, 0.8)
    cell.advance(0.0, temperature, YEAR_S)
    # exp(0.55 eV / k (1/298.15 - 1/T)), from a table of the exponential.
    assert math.log(0.8 / cell.stoichiometry) == pytest.approx(0.1 * factor, rel=3e-3)


@given(st.floats(0.0, 1.0), st.floats(-1.0, 1.0), st.floats(-12.0, 2.0).map(lambda x: 10**x))
def test_leak_against_many_small_steps(stored, passed, decays):
    steps = 2000
    level = stored
    keeps = math.exp(-decays / steps)
    for _ in range(steps):
        # Half of each portion before the decay, half after it.
        level = (level + 0.5 * passed / steps) * keeps + 0.5 * passed / steps
    lost = stored + passed - level
    scale = min(decays, 1.0) * (stored + abs(passed)) + 1e-15
    assert leaked(stored, passed, decays) == pytest.approx(lost, abs=2e-3 * scale + 1e-12)
