"""Ageing: what cycling does, where it takes effect, and that the stepping stays exact."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, LifeState, load_parameters

PRE = load_parameters("pre-li")
EVP = load_parameters("evp-li")
HOUR = 3600.0

segments = st.lists(
    st.tuples(
        st.floats(-30.0, 30.0), st.floats(-20.0, 60.0), st.floats(0.0, 4.5).map(lambda x: 10**x)
    ),
    min_size=1,
    max_size=8,
)


def cycled(cell, current, count, temperature=25.0, hours=1.0):
    """The cell after cycles that all pass the same charge."""
    for _ in range(count):
        cell.advance(current, temperature, hours * HOUR)
        cell.advance(-current, temperature, hours * HOUR)
    cell.advance(1e-9, temperature, 1.0)
    return cell


def test_a_cell_without_an_age_does_not_age():
    cell = cycled(FilmCell(PRE, 2.0, 0.3), 10.0, 200)
    assert cell.life is None
    assert cell.capacity_uah == PRE.capacity_uah_cm2 * 2.0


def test_a_formed_cell_begins_like_one_without_an_age():
    young, ageless = FilmCell(PRE, 1.0, life=LifeState.formed()), FilmCell(PRE, 1.0)
    assert young.capacity_uah == ageless.capacity_uah
    for cell in (young, ageless):
        cell.advance(-6.0, 25.0, HOUR)
    assert young.voltage_v(-6.0, 25.0) == ageless.voltage_v(-6.0, 25.0)


def test_the_first_cycles_open_the_film():
    cell = FilmCell(EVP, 1.0, 0.0, life=LifeState.as_built())
    assert cell.capacity_uah == pytest.approx(EVP.capacity_uah_cm2 * EVP.fresh_capacity_share)
    sizes = [cycled(cell, 1.0, 1, hours=6.0).capacity_uah for _ in range(12)]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 0.95 * EVP.capacity_uah_cm2


def test_activation_by_equivalent_cycles():
    # 6 uAh/cm2 each way a cycle, so 6 / capacity of an equivalent cycle.
    cell = cycled(FilmCell(EVP, 1.0, 0.1, life=LifeState(activation=0.0)), 1.0, 4, hours=6.0)
    passed = 4 * 6.0 / EVP.capacity_uah_cm2
    expected = 1.0 - math.exp(-passed / EVP.activation_cycles)
    assert cell.life is not None
    assert cell.life.cycles == pytest.approx(passed, rel=1e-6)
    assert cell.life.activation == pytest.approx(expected, rel=1e-6)


def test_fast_cycling_dips_and_recovers_and_slow_cycling_does_neither():
    def course(current, hours):
        cell = FilmCell(PRE, 1.0, 0.3, life=LifeState.formed())
        return [cycled(cell, current, 5, hours=hours).capacity_uah for _ in range(200)]

    fast, slow = course(26.0, 6.0 / 26.0), course(6.0, 1.0)
    lowest = fast.index(min(fast))
    assert fast[lowest] < 0.85 * PRE.capacity_uah_cm2
    assert 5 <= lowest <= 60
    assert max(fast[lowest:]) > 0.97 * PRE.capacity_uah_cm2
    assert min(slow) > 0.98 * PRE.capacity_uah_cm2


def test_warmth_ages_faster():
    cool = cycled(FilmCell(PRE, 1.0, 0.3, life=LifeState.formed()), 5.0, 20, 25.0).life
    warm = cycled(FilmCell(PRE, 1.0, 0.3, life=LifeState.formed()), 5.0, 20, 60.0).life
    assert cool is not None
    assert warm is not None
    factor = math.exp(PRE.ageing_activation_energy_ev / 8.617333e-5 * (1 / 298.15 - 1 / 333.15))
    assert warm.cycles == pytest.approx(factor * cool.cycles, rel=1e-5)


def test_the_stored_charge_stays_when_the_capacity_changes():
    cell = FilmCell(PRE, 1.0, 0.2, life=LifeState(activation=0.0))
    cell.advance(8.0, 25.0, HOUR)
    cell.advance(-8.0, 25.0, 0.9 * HOUR)
    before = cell.stoichiometry * cell.capacity_uah
    surplus = (cell.surface_stoichiometry - cell.stoichiometry) * cell.capacity_uah
    size = cell.capacity_uah
    cell.advance(1e-12, 25.0, 1e-9)
    assert cell.capacity_uah > 1.005 * size
    assert cell.stoichiometry * cell.capacity_uah == pytest.approx(before, rel=1e-12)
    after = (cell.surface_stoichiometry - cell.stoichiometry) * cell.capacity_uah
    assert after == pytest.approx(surplus, rel=1e-6)


@settings(max_examples=80, deadline=None)
@given(segments, st.floats(0.5, 30.0), st.sampled_from([-1.0, 1.0]))
def test_limits_are_met_by_an_ageing_cell_too(history, size, sign):
    cell = FilmCell(EVP, 1.0, 0.5, life=LifeState.as_built())
    for current, temperature, duration in history:
        cell.advance(current, temperature, duration)
    current = sign * size
    found = cell.next_crossing(current, 25.0, 1e7, low_v=1.0, high_v=4.0)
    assert found is not None
    if found.time_s > 0.0:
        cell.advance(current, 25.0, found.time_s)
        limit = 1.0 if found.bound == "low" else 4.0
        assert cell.voltage_v(current, 25.0) == pytest.approx(limit, abs=1e-4)


# The first charge


@pytest.mark.parametrize(("parameters", "plateau"), [(PRE, 2.8), (EVP, 2.7)])
def test_the_first_charge_needs_more_and_keeps_less(parameters, plateau):
    current = parameters.plateau_current_ua_cm2
    cell = FilmCell(parameters, 1.0, 0.0, hysteresis=-1.0, life=LifeState.as_built())
    cell.advance(current, 25.0, 5.0 * HOUR)
    assert cell.voltage_v(current, 25.0) == pytest.approx(plateau, abs=0.03)
    assert cell.voltage_v(0.0, 25.0) < plateau - parameters.first_charge_barrier_v
    kept = cell.stoichiometry * cell.capacity_uah / (5.0 * current)
    share = parameters.first_charge_acceptance * parameters.charge_acceptance
    assert kept == pytest.approx(share, rel=1e-5)
    # To the end, back half way and up again: the barrier is gone.
    end = cell.next_crossing(current, 25.0, 1e6, high_v=4.0)
    assert end is not None
    cell.advance(current, 25.0, end.time_s)
    cell.advance(-current, 25.0, 4.0 * HOUR)
    cell.advance(current, 25.0, 2.5 * HOUR)
    assert cell.voltage_v(current, 25.0) == pytest.approx(2.5, abs=0.03)


def test_half_a_first_charge_leaves_half_of_the_barrier():
    cell = FilmCell(PRE, 1.0, 0.0, hysteresis=-1.0, life=LifeState.as_built())
    hours = 0.5 * cell.capacity_uah / 0.69 / 0.9952
    cell.advance(1.0, 25.0, hours * HOUR)
    cell.advance(-1.0, 25.0, 60.0)
    assert cell.life is not None
    assert cell.life.virgin == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("field", "value"),
    [("virgin", 1.1), ("activation", -0.1), ("cycles", -1.0), ("stranded", math.nan)],
)
def test_an_age_that_cannot_be_is_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} must be from 0"):
        replace(LifeState.formed(), **{field: value})
