"""Courses on which the voltage moves one way: the quick search against the general one."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.crossing import ConstantCurrentPath, Limits, first_crossing
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.monotonic_crossing import OneWay, way

EVP = load_parameters("evp-li")
MODES = 14


def course(
    current: float, start: float, hysteresis: float, share: float = 0.0
) -> ConstantCurrentPath:
    """A course from a film whose modes have come to a share of what the current asks for."""
    law = Isothermal(EVP, 25.0)
    modes = [share * gain * law.stored_ua_cm2(current) for gain in law.gains]
    return ConstantCurrentPath(law, current, start, modes, hysteresis)


@settings(max_examples=200, deadline=None)
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
    moving = course(size if charging else -size, start, hysteresis, share)
    direction = way(moving)
    assert direction == (1 if charging else -1)
    limits = Limits(-math.inf, limit_v) if charging else Limits(limit_v, math.inf)
    quick = OneWay(moving, direction).first_crossing(duration_s, limits)
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
    assert way(course(-1.0, 0.5, -1.0, share=3.0)) == 0
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
