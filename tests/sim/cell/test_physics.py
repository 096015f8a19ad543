"""What every physics of the film promises: exact steps, crossings that are never missed."""

from dataclasses import replace

import pytest
from film_steps import Within, after, currents, durations, histories, temperatures
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import CellParameters, FilmCell, LifeState, load_parameters

SETS = [load_parameters(f"evp-li-{physics}") for physics in ("boundary", "variable")]
every_physics = pytest.mark.parametrize("parameters", SETS, ids=lambda each: each.physics)


@every_physics
@settings(max_examples=60, deadline=None)
@given(histories, currents, temperatures, durations, st.floats(0.0, 1.0))
def test_a_step_in_two_parts_is_the_same_step(
    parameters: CellParameters,
    history: list[tuple[float, float, float]],
    current: float,
    temperature: float,
    duration_s: float,
    share: float,
) -> None:
    whole = FilmCell(parameters, 1.0, 0.5)
    for segment in history:
        whole.advance(*segment)
    parts = whole.clone()
    whole.advance(current, temperature, duration_s)
    parts.advance(current, temperature, share * duration_s)
    parts.advance(current, temperature, (1.0 - share) * duration_s)
    assert parts.stoichiometry == pytest.approx(whole.stoichiometry, abs=1e-9)
    assert parts.surface_stoichiometry == pytest.approx(whole.surface_stoichiometry, abs=1e-7)


@pytest.mark.parametrize("name", ["evp-li", "evp-li-variable", "evp-li-boundary"])
@pytest.mark.parametrize("end", [1.0, 0.0])
@pytest.mark.parametrize("beyond", [1e-4, 0.03])
@pytest.mark.parametrize("current", [-3.0, 3.0])
def test_a_step_from_beyond_an_end_of_the_range_is_the_same_in_parts(
    name: str, end: float, beyond: float, current: float
) -> None:
    film = replace(load_parameters(name), charge_acceptance=1.0, self_discharge_per_year=0.0)
    whole = FilmCell(film, 1.0, end)
    hours = 0.5 * film.capacity_uah_cm2 / abs(current)
    whole.advance(1.0 if end else -1.0, 60.0, 3600.0 * film.capacity_uah_cm2 * beyond)
    whole.advance(0.0, 60.0, 36000.0)
    parts = whole.clone()
    whole.advance(current, 0.0, 3600.0 * hours)
    parts.advance(current, 0.0, 3600.0 * 0.2 * hours)
    parts.advance(current, 0.0, 3600.0 * 0.8 * hours)
    assert parts.stoichiometry == pytest.approx(whole.stoichiometry, abs=1e-9)
    assert parts.surface_stoichiometry == pytest.approx(whole.surface_stoichiometry, abs=1e-7)
    assert parts.voltage_v(current, 0.0) == pytest.approx(whole.voltage_v(current, 0.0), rel=1e-6)


def _close_v(limit_v: float) -> float:
    """A nanovolt, or as many digits of hundreds of volts, where a film is drawn beyond its end."""
    return 1e-9 * max(1.0, abs(limit_v))


@every_physics
@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.02, 0.98),
    histories,
    currents,
    temperatures,
    durations,
    st.floats(-0.2, 1.0),
    st.floats(0.0, 1.2),
)
@example(0.5, [], -4.0, 7.0, 10**3.5, 0.5, 1.0)  # through slabs, with a leak
def test_no_crossing_is_missed_or_late(
    parameters: CellParameters,
    start: float,
    history: list[tuple[float, float, float]],
    current: float,
    temperature: float,
    duration_s: float,
    low: float,
    high: float,
) -> None:
    cell = FilmCell(parameters, 1.0, start)
    for segment in history:
        cell.advance(*segment)
    within = Within.step(cell, (current, temperature, duration_s), (low, high), 100)
    within.check_none_before(2e-7)
    found = within.found
    if found is None:
        return
    # A voltage that leaps does so just behind that time.
    reached = [
        after(cell, current, temperature, time_s) for time_s in (found.time_s, found.time_s + 1e-6)
    ]
    if found.bound == "low":
        assert min(reached) <= within.low_v + _close_v(within.low_v)
    else:
        assert max(reached) >= within.high_v - _close_v(within.high_v)


@every_physics
@settings(max_examples=60, deadline=None)
@given(histories, st.booleans(), st.floats(0.1, 50.0))
def test_charge_is_conserved(
    parameters: CellParameters,
    history: list[tuple[float, float, float]],
    ages: bool,
    area_cm2: float,
) -> None:
    """What passed is what is stored and what is lost, at whatever age and temperature."""
    life = LifeState.as_built() if ages else None
    cell = FilmCell(parameters, area_cm2, 0.5, life=life)
    begun_uah, passed_uah = 0.5 * cell.capacity_uah, 0.0
    for current, temperature, duration_s in history:
        cell.advance(current * area_cm2, temperature, duration_s)
        passed_uah += current * area_cm2 * duration_s / 3600.0
    stored_uah = cell.stoichiometry * cell.capacity_uah
    assert stored_uah + cell.lost_uah == pytest.approx(
        begun_uah + passed_uah, rel=1e-9, abs=1e-9 * area_cm2
    )


@every_physics
def test_it_ages_as_other_films_do(parameters: CellParameters) -> None:
    cell = FilmCell(parameters, 1.0, 0.0, hysteresis=-1.0, life=LifeState.as_built())
    given_uah = []
    for _ in range(4):
        for current, limit in ((1.0, {"high_v": 4.0}), (-1.0, {"low_v": 1.0})):
            end = cell.next_crossing(current, 25.0, 1e6, **limit)
            assert end is not None
            cell.advance(current, 25.0, end.time_s)
            if current < 0.0:
                given_uah.append(end.time_s / 3600.0)
    assert given_uah == sorted(given_uah)
    assert given_uah[-1] > 1.05 * given_uah[0]


@every_physics
def test_a_clone_lives_its_own_life(parameters: CellParameters) -> None:
    cell = FilmCell(parameters, 1.0, 0.5)
    cell.advance(-3.0, 25.0, 3000.0)
    twin = cell.clone()
    assert type(twin) is type(cell)
    before = cell.voltage_v(-3.0, 25.0), cell.stoichiometry
    twin.advance(-9.0, 25.0, 3000.0)
    assert (cell.voltage_v(-3.0, 25.0), cell.stoichiometry) == before
