"""Threshold crossings against brute force: never missed, never late, at the limit."""

import math

import pytest
from film_steps import Within, after, currents, durations, histories, temperatures
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import Crossing, FilmCell, load_parameters
from filmgauge_sim.cell.constant_current import ConstantCurrentPath
from filmgauge_sim.cell.crossing import (
    MonotonicPath,
    VoltageLimits,
    direction_of,
    first_crossing,
)
from filmgauge_sim.cell.isothermal import Isothermal

EVP = load_parameters("evp-li")


@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(
    st.floats(0.02, 0.98),
    histories,
    currents,
    temperatures,
    durations,
    st.floats(-0.2, 1.0),
    st.floats(0.0, 1.2),
)
def test_against_fine_stepping(start, history, current, temperature, duration, low, high):
    cell = FilmCell(EVP, 1.0, start)
    for segment in history:
        cell.advance(*segment)
    within = Within.step(cell, (current, temperature, duration), (low, high), 200)
    within.check_none_before(2e-9)  # less than a nanovolt is not an excursion
    found, low_v, high_v = within.found, within.low_v, within.high_v
    if found is None:
        return
    assert 0.0 <= found.time_s <= duration
    reached = after(cell, current, temperature, found.time_s)
    assert reached <= low_v if found.bound == "low" else reached >= high_v
    if found.time_s > 0.0:
        assert reached == pytest.approx(low_v if found.bound == "low" else high_v, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.1, 1.0), st.floats(-30.0, -0.1), temperatures)
def test_the_cutoff_is_met_to_a_microvolt(start, current, temperature):
    cell = FilmCell(EVP, 1.0, start)
    found = cell.next_crossing(current, temperature, 1e7, low_v=1.0, high_v=4.5)
    assert found is not None
    assert found.bound == "low"
    if found.time_s > 0.0:
        cell.advance(current, temperature, found.time_s)
        assert 1.0 - 1e-6 <= cell.voltage_v(current, temperature) <= 1.0
        # And from there on the cell is outside already.
        assert cell.next_crossing(current, temperature, 1.0, 1.0, 4.5) == Crossing(0.0, "low")


@pytest.fixture
def overshooting():
    """Charged for long, then discharged for 5 ms: at rest the voltage swings up, then sinks."""
    cell = FilmCell(EVP, 1.0, 0.75)
    cell.advance(8.0, 60.0, 0.235 * EVP.capacity_uah_cm2 / 8.0 * 3600.0)
    cell.advance(-200.0, 60.0, 0.005)
    return cell


def summit_s(cell):
    """Time of the highest voltage at rest, by golden section after a coarse look."""
    times = [1e-4 * 1.02**k for k in range(700)]
    best = max(range(len(times)), key=lambda k: after(cell, 0.0, 60.0, times[k]))
    left, right = times[best - 1], times[best + 1]
    for _ in range(60):
        a, b = left + 0.382 * (right - left), left + 0.618 * (right - left)
        if after(cell, 0.0, 60.0, a) < after(cell, 0.0, 60.0, b):
            left = a
        else:
            right = b
    return 0.5 * (left + right)


def test_an_excursion_of_a_millisecond_in_hours_is_found(overshooting):
    summit = summit_s(overshooting)
    assert 1e-3 < summit < 10.0
    high_v = after(overshooting, 0.0, 60.0, summit - 0.0005)
    # It lasts about a millisecond: outside it the voltage lies below, on both sides.
    assert after(overshooting, 0.0, 60.0, summit) > high_v + 2e-9
    assert after(overshooting, 0.0, 60.0, summit - 0.0006) < high_v
    assert after(overshooting, 0.0, 60.0, summit + 0.0010) < high_v
    for duration in (summit + 0.01, 60.0, 3600.0, 1e5):
        found = overshooting.next_crossing(0.0, 60.0, duration, high_v=high_v)
        assert found is not None
        assert found.bound == "high"
        assert found.time_s == pytest.approx(summit - 0.0005, abs=2e-6)


def test_above_the_summit_nothing_is_found(overshooting):
    highest = after(overshooting, 0.0, 60.0, summit_s(overshooting))
    assert overshooting.next_crossing(0.0, 60.0, 1e5, high_v=highest + 1e-8) is None


def test_the_earlier_of_both_limits_counts(overshooting):
    summit = summit_s(overshooting)
    high_v = after(overshooting, 0.0, 60.0, 0.5 * summit)
    low_v = after(overshooting, 0.0, 60.0, 100.0)
    assert low_v < after(overshooting, 0.0, 60.0, 0.0) < high_v
    first = overshooting.next_crossing(0.0, 60.0, 1e5, low_v, high_v)
    assert first is not None
    assert first.bound == "high"
    assert first.time_s == pytest.approx(0.5 * summit, abs=2e-6)
    later = overshooting.next_crossing(0.0, 60.0, 1e5, low_v=low_v)
    assert later is not None
    assert later.bound == "low"
    assert later.time_s == pytest.approx(100.0, abs=2e-6)


def test_outside_already_is_time_zero():
    cell = FilmCell(EVP, 1.0, 0.5)
    rest = cell.voltage_v(0.0, 25.0)
    assert cell.next_crossing(0.0, 25.0, 0.0, low_v=rest + 0.1) == Crossing(0.0, "low")
    assert cell.next_crossing(0.0, 25.0, 9.0, high_v=rest) == Crossing(0.0, "high")
    assert cell.next_crossing(0.0, 25.0, 9.0, rest - 1e-6, rest + 1e-6) is None
    assert cell.next_crossing(0.0, 25.0, 9.0) is None


def test_a_burst_that_the_film_cannot_give_ends_within_it():
    cell = FilmCell(EVP, 1.0, 0.3)
    found = cell.next_crossing(-500.0, 25.0, 3600.0, low_v=1.0)
    assert found is not None
    assert 0.0 < found.time_s < 60.0


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"low_v": math.nan}, "low_v must be a finite number"),
        ({"high_v": math.inf}, "high_v must be a finite number"),
        ({"low_v": 4.0, "high_v": 1.0}, "low_v must be below high_v"),
        ({"low_v": 2.0, "high_v": 2.0}, "low_v must be below high_v"),
    ],
)
def test_bad_limits_are_named(limits, text):
    with pytest.raises(ValueError, match=text):
        FilmCell(EVP, 1.0).next_crossing(0.0, 25.0, 1.0, **limits)


def path(
    current: float, start: float, hysteresis: float, share: float = 0.0
) -> ConstantCurrentPath:
    """A path from a film whose modes have come to a share of what the current asks for."""
    law = Isothermal(EVP, 25.0)
    modes = [share * gain * law.stored_ua_cm2(current) for gain in law.gains]
    return ConstantCurrentPath(law, current, start, modes, hysteresis)


@settings(max_examples=120, deadline=None)
@given(
    st.floats(0.05, 40.0),
    st.booleans(),
    st.floats(0.02, 0.98),
    st.floats(-1.0, 1.0),
    st.floats(-1.0, 1.0),
    st.floats(1.0, 4.0),
    st.floats(0.0, 7.0).map(lambda x: 10**x),
)
def test_it_finds_what_the_general_search_finds(
    size, charging, start, hysteresis, share, limit_v, duration_s
) -> None:
    moving = path(size if charging else -size, start, hysteresis, share)
    direction = direction_of(moving)
    assert direction == (1 if charging else -1)
    limits = VoltageLimits(-math.inf, limit_v) if charging else VoltageLimits(limit_v, math.inf)
    quick = MonotonicPath(moving, direction).first_crossing(duration_s, limits)
    general = first_crossing(moving, duration_s, limits)
    if quick is None or general is None:
        # Only a limit that is just grazed at the very end may be seen by one of them alone.
        end_v = moving.voltage_v(duration_s)
        assert quick == general or end_v == pytest.approx(limit_v, abs=2e-9)
        return
    assert quick.bound == general.bound
    assert quick.time_s == pytest.approx(general.time_s, rel=1e-12, abs=2e-6)
    if quick.time_s > 0.0:
        assert abs(moving.voltage_v(quick.time_s) - limit_v) <= 2e-9


def test_a_film_whose_modes_turn_is_left_to_the_general_search() -> None:
    # Its modes are more depleted than the current asks for: the voltage rises first, then falls.
    assert direction_of(path(-1.0, 0.5, -1.0, share=3.0)) == 0
    # At rest after a burst out of a long charge, fast modes rise while slow ones fall.
    cell = FilmCell(EVP, 1.0, 0.3)
    cell.advance(8.0, 25.0, 3600.0)
    cell.advance(-200.0, 25.0, 0.01)
    before = cell.voltage_v(0.0, 25.0)
    assert cell.next_crossing(0.0, 25.0, 3600.0, high_v=before + 1e-4) is not None


@pytest.mark.parametrize("current", [-12.0, -1.0, 1.0, 12.0])
def test_cutoffs_of_full_cycles_are_met_to_a_nanovolt(current: float) -> None:
    cell = FilmCell(EVP, 1.0, 0.5)
    limit_v = 4.0 if current > 0.0 else 1.0
    given = {"high_v": limit_v} if current > 0.0 else {"low_v": limit_v}
    found = cell.next_crossing(current, 25.0, 3.6e6, **given)
    assert found is not None
    cell.advance(current, 25.0, found.time_s)
    assert cell.voltage_v(current, 25.0) == pytest.approx(limit_v, abs=1e-9)
