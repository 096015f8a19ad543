"""The liquid comparison cell against small steps of its own equation."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell.liquid import LiquidCell, load_liquid
from filmgauge_sim.lab.specimen import specimen

LIQUID = load_liquid()
HOUR = 3600.0


def by_small_steps(start, current, hours):
    """Midpoint rule in 4000 steps."""
    level, step = start, hours / 4000

    def rate(s):
        leak = LIQUID.shuttle_per_h * max(0.0, s - (1.0 - LIQUID.upper_share))
        return current / LIQUID.capacity_uah_cm2 - leak

    for _ in range(4000):
        level += step * rate(level + 0.5 * step * rate(level))
    return level


@settings(max_examples=80, deadline=None)
@given(st.floats(0.0, 1.0), st.floats(-10.0, 10.0), st.floats(0.01, 3.0))
def test_against_small_steps(start, current, hours):
    cell = LiquidCell(LIQUID, 2.0, start)
    cell.advance(2.0 * current, 25.0, hours * HOUR)
    assert cell.stoichiometry == pytest.approx(by_small_steps(start, current, hours), abs=1e-5)
    passed = 2.0 * current * hours
    assert (cell.stoichiometry - start) * cell.capacity_uah == pytest.approx(
        passed - cell.lost_uah, abs=1e-9
    )


def test_two_plateaus():
    cell = LiquidCell(LIQUID, 1.0)
    seen = []
    for _ in range(15):
        cell.advance(-1.0, 25.0, HOUR)
        seen.append(cell.voltage_v(-1.0, 25.0))
    assert seen[1] == pytest.approx(2.3, abs=0.02)
    assert seen[9] == pytest.approx(2.1, abs=0.02)


def test_the_shuttle_takes_charge_at_rest_and_defeats_a_slow_charge():
    cell = LiquidCell(LIQUID, 1.0)
    cell.advance(0.0, 25.0, 10.0 / LIQUID.shuttle_per_h * HOUR)
    assert cell.stoichiometry == pytest.approx(1.0 - LIQUID.upper_share, abs=1e-4)
    slow = 0.5 * LIQUID.shuttle_per_h * LIQUID.upper_share * LIQUID.capacity_uah_cm2
    assert cell.next_crossing(slow, 25.0, 1e8, high_v=LIQUID.full_v) is None
    assert cell.next_crossing(5 * slow, 25.0, 1e8, high_v=LIQUID.full_v) is not None


@settings(deadline=None)
@given(st.floats(0.1, 0.9), st.floats(1.0, 50.0), st.sampled_from([-1.0, 1.0]))
def test_the_cutoff_is_met(start, size, sign):
    cell = LiquidCell(LIQUID, 1.0, start)
    limit = LIQUID.full_v if sign > 0 else LIQUID.empty_v
    found = cell.next_crossing(sign * size, 25.0, 1e6, LIQUID.empty_v, LIQUID.full_v)
    if found is None:
        return
    cell.advance(sign * size, 25.0, found.time_s)
    assert cell.voltage_v(sign * size, 25.0) == pytest.approx(limit, abs=1e-4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: LiquidCell(LIQUID, 0.0),
        lambda: LiquidCell(LIQUID, 1.0, 1.5),
        lambda: LiquidCell(LIQUID, 1.0).advance(math.nan, 25.0, 1.0),
        lambda: LiquidCell(LIQUID, 1.0).advance(1.0, 25.0, -1.0),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(ValueError, match=r"must be|no such step"):
        call()


@pytest.mark.parametrize("temperature", [-300.0, -41.0, 86.0, math.nan, math.inf])
def test_a_temperature_without_a_law_is_refused(temperature):
    cell = LiquidCell(LIQUID, 1.0, 0.5)
    for asked in (
        lambda: cell.voltage_v(0.0, temperature),
        lambda: cell.advance(0.0, temperature, 1.0),
        lambda: cell.next_crossing(-1.0, temperature, 1.0, low_v=1.8),
    ):
        with pytest.raises(ValueError, match="temperature_c must be from -40 to 85"):
            asked()
    assert cell.stoichiometry == 0.5


@pytest.mark.parametrize("current", [math.nan, math.inf])
def test_a_current_that_is_no_number_is_refused(current):
    cell = LiquidCell(LIQUID, 1.0, 0.5)
    with pytest.raises(ValueError, match="current_ua must be a finite number"):
        cell.voltage_v(current, 25.0)
    with pytest.raises(ValueError, match="current_ua must be a finite number"):
        cell.next_crossing(current, 25.0, 1.0, low_v=1.8)


@pytest.mark.parametrize("name", ["liquid-li-s", "pre-li"])
@pytest.mark.parametrize("factor", [-1.0, 0.0, math.nan, math.inf])
def test_a_capacity_that_cannot_be_is_refused(name, factor):
    with pytest.raises(ValueError, match="capacity_factor must be above 0 and finite"):
        specimen(name, capacity_factor=factor)
