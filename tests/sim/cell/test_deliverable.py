"""Deliverable charge: the published rate test, temperature, and a measurement by hand."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, deliverable_uah, load_parameters

EVP = load_parameters("evp-li")
PRE = load_parameters("pre-li")

# Nano-Micro Lett. 15:73, rate tests at room temperature: uA/cm2, uAh/cm2. "Slightly above the
# first value" is taken as that value, and Evp-Li is taken after its activation.
RATE_POINTS = [
    ("pre-li", 1.0, 15.58),
    ("pre-li", 2.0, 14.95),
    ("pre-li", 8.0, 13.11),
    ("pre-li", 12.0, 10.95),
    ("pre-li", 1.0, 15.58),
    ("evp-li", 1.12, 10.56),
    ("evp-li", 2.24, 10.36),
    ("evp-li", 8.96, 7.35),
    ("evp-li", 13.46, 5.41),
    ("evp-li", 1.12, 10.88),
]


def discharged(name, current):
    return deliverable_uah(FilmCell(load_parameters(name), 1.0), current, 25.0)


@pytest.mark.parametrize(("name", "current", "published"), RATE_POINTS)
def test_the_published_rate_test(name, current, published):
    assert discharged(name, current) == pytest.approx(published, abs=0.4)


def test_the_rate_test_as_a_whole():
    squares = [(discharged(name, i) - published) ** 2 for name, i, published in RATE_POINTS]
    assert math.sqrt(sum(squares) / len(squares)) <= 0.25


def by_hand(cell, current, temperature, cutoff):
    """Step until the cutoff, halving the step at each overrun: no crossing search involved."""
    twin, step, time_s = cell.clone(), 600.0, 0.0
    while step > 1e-7:
        probe = twin.clone()
        probe.advance(-current, temperature, step)
        if probe.voltage_v(-current, temperature) > cutoff:
            twin, time_s = probe, time_s + step
        else:
            step *= 0.5
    return current * time_s / 3600.0


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 1.0), st.floats(0.5, 40.0), st.floats(0.0, 70.0), st.floats(0.5, 1.5))
def test_it_is_what_a_clone_gives(start, current, temperature, cutoff):
    cell = FilmCell(EVP, 3.0, start)
    cell.advance(-1.0, 25.0, 60.0)
    before = cell.stoichiometry, cell.surface_stoichiometry, cell.hysteresis
    given_uah = deliverable_uah(cell, 3.0 * current, temperature, cutoff)
    assert given_uah == pytest.approx(by_hand(cell, 3.0 * current, temperature, cutoff), abs=1e-6)
    assert (cell.stoichiometry, cell.surface_stoichiometry, cell.hysteresis) == before


@given(st.floats(0.2, 1.0), st.floats(0.5, 30.0), st.floats(1.1, 3.0))
def test_faster_gives_less_and_warmer_gives_more(start, current, factor):
    cell = FilmCell(EVP, 1.0, start)
    assert deliverable_uah(cell, current * factor, 25.0) <= deliverable_uah(cell, current, 25.0)
    assert deliverable_uah(cell, current, 60.0) > deliverable_uah(cell, current, 25.0)
    assert deliverable_uah(cell, current, 25.0) >= deliverable_uah(cell, current, 0.0)


def test_an_empty_surface_gives_nothing_until_a_rest():
    cell = FilmCell(EVP, 1.0)
    deliverable = deliverable_uah(cell, 13.46, 25.0)
    cell.advance(-13.46, 25.0, deliverable / 13.46 * 3600.0 + 1.0)
    assert deliverable_uah(cell, 13.46, 25.0) == 0.0
    cell.advance(0.0, 25.0, 3600.0)
    assert deliverable_uah(cell, 13.46, 25.0) > 0.5
    # What a fast discharge leaves behind comes out slowly: not lost.
    left = deliverable_uah(cell, 0.01, 25.0)
    assert deliverable + left == pytest.approx(cell.capacity_uah, abs=0.1)


def test_a_current_of_almost_nothing_takes_it_all():
    # But for self-discharge, which is quicker than such a current.
    cell = FilmCell(replace(PRE, self_discharge_per_year=0.0), 2.0, 0.6)
    assert deliverable_uah(cell, 1e-7, 25.0) == pytest.approx(0.6 * cell.capacity_uah, rel=0.01)


def test_more_than_the_mean_when_the_surface_is_still_full():
    cell = FilmCell(EVP, 1.0, 0.0, hysteresis=-1.0)
    cell.advance(100.0, 25.0, 20.0)
    assert 0.0 < deliverable_uah(cell, 100.0, 25.0) < 100.0 * 20.0 / 3600.0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0.0, 25.0), "current_ua must be at least"),
        ((-1.0, 25.0), "current_ua must be at least"),
        ((math.nan, 25.0), "current_ua must be at least"),
        ((math.inf, 25.0), "current_ua"),
        ((1.0, 99.0), "temperature_c"),
        ((1.0, 25.0, 6.0), "cutoff_v must be from 0 to 5.5"),
        ((1.0, 25.0, math.nan), "cutoff_v must be from 0 to 5.5"),
    ],
)
def test_bad_arguments_are_named(arguments, text):
    with pytest.raises(ValueError, match=text):
        deliverable_uah(FilmCell(EVP, 1.0), *arguments)
