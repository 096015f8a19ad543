"""The cell's state and voltage: charge, branches, kinetics, temperature, arguments."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.kinetics import lipon_resistance_ohm_cm2

# Losses have a file of their own (test_cell_loss.py); here the cell keeps what it is given.
LOSSLESS = {"charge_acceptance": 1.0, "self_discharge_per_year": 0.0}
EVP = replace(load_parameters("evp-li"), **LOSSLESS)
PRE = replace(load_parameters("pre-li"), **LOSSLESS)
HOUR = 3600.0
TWO_RT_PER_F = 2 * 8.314463 * 298.15 / 96485.33

segments = st.lists(
    st.tuples(
        st.floats(-30.0, 30.0), st.floats(-40.0, 85.0), st.floats(-3.0, 5.0).map(lambda x: 10**x)
    ),
    max_size=12,
)


def aged(history, area_cm2=1.0, stoichiometry=0.5):
    cell = FilmCell(EVP, area_cm2, stoichiometry)
    for current, temperature, duration in history:
        cell.advance(current * area_cm2, temperature, duration)
    return cell


def on_plateau(parameters, current_ua_cm2):
    """A cell brought to half charge by a long run of the given current at 25 degC."""
    start = 0.5 - math.copysign(0.4, current_ua_cm2)
    cell = FilmCell(parameters, 1.0, start, hysteresis=-math.copysign(1.0, current_ua_cm2))
    charge = 0.4 * parameters.capacity_uah_cm2
    cell.advance(current_ua_cm2, 25.0, charge / abs(current_ua_cm2) * HOUR)
    assert cell.stoichiometry == pytest.approx(0.5)
    return cell


def rested(cell):
    twin = cell.clone()
    twin.advance(0.0, 60.0, 1e6)
    return twin


# Charge


@given(segments, st.floats(0.1, 50.0))
def test_stoichiometry_is_the_passed_charge(history, area_cm2):
    cell = aged(history, area_cm2)
    passed_uah = math.fsum(c * area_cm2 * t / HOUR for c, _, t in history)
    assert (cell.stoichiometry - 0.5) * cell.capacity_uah == pytest.approx(
        passed_uah, rel=1e-9, abs=1e-9
    )
    assert cell.capacity_uah == pytest.approx(11.01 * area_cm2)


@given(segments, st.floats(0.01, 0.99))
def test_a_segment_may_be_split_anywhere(history, share):
    whole, parts = aged(history), FilmCell(EVP, 1.0, 0.5)
    for current, temperature, duration in history:
        parts.advance(current, temperature, duration * share)
        parts.advance(current, temperature, duration * (1.0 - share))
    assert parts.stoichiometry == pytest.approx(whole.stoichiometry, rel=1e-9, abs=1e-9)
    assert parts.surface_stoichiometry == pytest.approx(
        whole.surface_stoichiometry, rel=1e-9, abs=1e-9
    )
    assert parts.hysteresis == pytest.approx(whole.hysteresis, abs=1e-9)


@given(segments)
def test_area_only_scales(history):
    small, large = aged(history, 0.196), aged(history, 19.6)
    assert large.surface_stoichiometry == pytest.approx(small.surface_stoichiometry, abs=1e-8)


@given(segments, st.floats(-30.0, 30.0), st.floats(-40.0, 85.0))
def test_no_time_and_looking_change_nothing(history, current, temperature):
    cell = aged(history)
    before = cell.stoichiometry, cell.surface_stoichiometry, cell.hysteresis
    cell.advance(current, temperature, 0.0)
    cell.voltage_v(current, temperature)
    cell.next_crossing(current, temperature, 1e4, 1.0, 4.0)
    assert (cell.stoichiometry, cell.surface_stoichiometry, cell.hysteresis) == before


def test_a_clone_lives_its_own_life():
    cell = aged([(-5.0, 25.0, 600.0)])
    seen = cell.voltage_v(-1.0, 25.0), cell.stoichiometry
    twin = cell.clone()
    assert (twin.voltage_v(-1.0, 25.0), twin.stoichiometry) == seen
    assert (twin.area_cm2, twin.parameters) == (cell.area_cm2, cell.parameters)
    twin.advance(-9.0, 50.0, 900.0)
    assert (cell.voltage_v(-1.0, 25.0), cell.stoichiometry) == seen
    assert twin.stoichiometry < cell.stoichiometry
    cell.advance(2.0, 25.0, 60.0)
    assert cell.stoichiometry > seen[1]


# Voltage


@pytest.mark.parametrize(
    ("parameters", "current"),
    [(EVP, 1.12), (PRE, 1.0)],
    ids=lambda each: getattr(each, "name", ""),
)
def test_plateaus(parameters, current):
    assert on_plateau(parameters, -current).voltage_v(-current, 25.0) == pytest.approx(
        1.8, abs=0.02
    )
    assert on_plateau(parameters, current).voltage_v(current, 25.0) == pytest.approx(2.5, abs=0.02)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.8])
def test_the_kinetic_part_goes_with_the_current_and_the_static_part_stays(share):
    parameters = replace(EVP, kinetic_share=share)
    for sign in (-1.0, 1.0):
        cell = on_plateau(parameters, sign * 1.12)
        loaded = cell.voltage_v(sign * 1.12, 25.0)
        assert loaded == pytest.approx(2.15 + sign * 0.35, abs=0.02)
        assert sign * (loaded - cell.voltage_v(0.0, 25.0)) == pytest.approx(0.35 * share)
    gap = rested(on_plateau(parameters, 1.12)).voltage_v(0.0, 25.0) - rested(
        on_plateau(parameters, -1.12)
    ).voltage_v(0.0, 25.0)
    assert gap == pytest.approx(0.70 * (1.0 - share), abs=1e-3)


def test_nine_times_the_current_costs_a_tenth_of_a_volt():
    cell = on_plateau(EVP, -1.12)
    more = cell.voltage_v(-1.12, 25.0) - cell.voltage_v(-9 * 1.12, 25.0)
    ohmic = 8 * 1.12e-6 * (412 + 65.2)
    assert more - ohmic == pytest.approx(TWO_RT_PER_F * math.log(9.0), abs=0.001)


def test_a_minor_loop_turns_at_the_stated_rate():
    passed = 0.03
    for sign in (-1.0, 1.0):
        cell = on_plateau(EVP, -sign * 1.12)
        before = rested(cell).voltage_v(0.0, 25.0)
        cell.advance(sign * 1.12, 25.0, passed * EVP.capacity_uah_cm2 / 1.12 * HOUR)
        turned = rested(cell).voltage_v(0.0, 25.0) - before
        whole = 0.70 * (1.0 - EVP.kinetic_share)
        share = 1.0 - math.exp(-EVP.hysteresis_rate * passed)
        expected = sign * (whole * share + EVP.plateau_slope_v * passed)
        assert turned == pytest.approx(expected, abs=1e-4)


def test_the_voltage_rises_with_the_surface_and_stays_finite_far_outside():
    voltages = []
    for k in range(-400, 801):
        cell = FilmCell(EVP, 1.0, 0.5)
        # A burst far shorter than tau moves the mean alone; the surface goes far beyond it.
        cell.advance(k, 25.0, 60.0)
        cell.advance(0.0, 25.0, 1e7)
        voltages.append(cell.voltage_v(0.0, 25.0) - 0.21 * cell.hysteresis)
    assert all(map(math.isfinite, voltages))
    assert all(a < b for a, b in pairwise(voltages))


@pytest.mark.parametrize("current", [-1.12, 1.12])
def test_the_ends_lie_in_the_last_per_cent_of_the_surface(current):
    cell = on_plateau(EVP, current)
    limit = 1.0 if current < 0 else 4.0
    left = (lambda s: s) if current < 0 else (lambda s: 1.0 - s)
    cell.advance(current, 25.0, 3.0 * HOUR)
    while left(cell.surface_stoichiometry) > 0.01:
        assert abs(cell.voltage_v(current, 25.0) - limit) > 0.7
        cell.advance(current, 25.0, 2.0)
    while left(cell.surface_stoichiometry) > -0.005:
        cell.advance(current, 25.0, 2.0)
    beyond = cell.voltage_v(current, 25.0)
    assert beyond < 1.0 if current < 0 else beyond > 4.0


# Temperature


@pytest.mark.parametrize(
    ("temperature", "expected"), [(-20, 2930), (0, 462), (25, 65), (37, 28), (60, 6.9)]
)
def test_electrolyte_resistance_over_temperature(temperature, expected):
    # The expected figures are rounded to two digits or three.
    assert lipon_resistance_ohm_cm2(EVP, temperature) == pytest.approx(expected, rel=0.02)


def test_cold_costs_voltage():
    cell = on_plateau(EVP, -1.12)
    voltages = [cell.voltage_v(-5.0, t) for t in (-40.0, -10.0, 25.0, 60.0, 85.0)]
    assert voltages == sorted(voltages)
    assert [cell.voltage_v(0.0, t) for t in (-40.0, 85.0)] == [cell.voltage_v(0.0, 25.0)] * 2


def test_diffusion_follows_the_activation_energy():
    # The same dimensionless time at another temperature: same surface for the same charge.
    factor = math.exp(EVP.diffusion_activation_energy_ev / 8.617333e-5 * (1 / 333.15 - 1 / 298.15))
    warm, cool = FilmCell(EVP, 1.0, 0.5), FilmCell(EVP, 1.0, 0.5)
    cool.advance(-3.0, 25.0, 900.0)
    warm.advance(-3.0 / factor, 60.0, 900.0 * factor)
    assert warm.surface_stoichiometry == pytest.approx(cool.surface_stoichiometry, rel=1e-5)


# Arguments


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6), st.sampled_from([-40.0, 25.0, 85.0]), st.floats(0.0, 1e15)
        ),
        max_size=6,
    ),
    st.floats(-1e6, 1e6),
)
def test_never_nan_within_the_bounds(history, current):
    cell = aged(history)
    for temperature in (-40.0, 85.0):
        assert math.isfinite(cell.voltage_v(current, temperature))
    assert -1.0 <= cell.hysteresis <= 1.0
    cell.next_crossing(current, 25.0, 1e5, 1.0, 4.0)


BAD_ARGUMENTS = [
    ("current_ua", math.nan, "from -2e+06 to 2e+06"),
    ("current_ua", math.inf, "from -2e+06 to 2e+06"),
    ("current_ua", -2.1e6, "from -2e+06 to 2e+06"),
    ("temperature_c", math.nan, "from -40 to 85"),
    ("temperature_c", -40.5, "from -40 to 85"),
    ("temperature_c", 86, "from -40 to 85"),
    ("duration_s", math.nan, "from 0 to 1e+15"),
    ("duration_s", -1e-9, "from 0 to 1e+15"),
    ("duration_s", math.inf, "from 0 to 1e+15"),
]


@pytest.mark.parametrize(
    ("call", "name", "value", "bound"),
    [
        (call, *bad)
        for call in ("advance", "voltage_v", "next_crossing")
        for bad in BAD_ARGUMENTS
        if (call, bad[0]) != ("voltage_v", "duration_s")
    ],
)
def test_a_bad_argument_is_named_and_changes_nothing(call, name, value, bound):
    cell = FilmCell(EVP, 2.0, 0.5)
    arguments = {"current_ua": -1.0, "temperature_c": 25.0, "duration_s": 10.0}
    if call == "voltage_v":
        del arguments["duration_s"]
    arguments[name] = value
    with pytest.raises(ValueError, match=name) as caught:
        getattr(cell, call)(**arguments)
    assert bound in str(caught.value)
    assert (cell.stoichiometry, cell.surface_stoichiometry, cell.hysteresis) == (0.5, 0.5, 1.0)
    assert math.isfinite(cell.voltage_v(-1.0, 25.0))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"area_cm2": 0.0}, "area_cm2 must be from 1e-06 to 1e"),
        ({"area_cm2": math.nan}, "area_cm2"),
        ({"stoichiometry": 1.001}, "stoichiometry must be from 0 to 1"),
        ({"stoichiometry": math.nan}, "stoichiometry"),
        ({"hysteresis": -2.0}, "hysteresis must be from -1 to 1"),
    ],
)
def test_a_cell_that_cannot_be_is_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        FilmCell(EVP, **{"area_cm2": 1.0, **arguments})
