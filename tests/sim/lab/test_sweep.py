"""Sweeps: peaks without cusps, no spike where the first-charge barrier ends, charge kept."""

from functools import cache
from itertools import pairwise
from math import e, pi, sqrt

import pytest

from filmgauge_sim.cell.parameters import PHYSICS
from filmgauge_sim.lab.paper_samples import SAMPLES
from filmgauge_sim.lab.specimen import specimen
from filmgauge_sim.lab.sweep import LOCAL_V, SweepPoint, sweep

STEP_V = 2e-3
# With g a normal distribution of deviation s, |(g * I)''| <= max |I| 4 / (s^2 sqrt(2 pi e)), and
# max |I| before the average is less than twice that after it.
SMOOTH = 2.0 * 4.0 / sqrt(2.0 * pi * e) * (STEP_V / LOCAL_V) ** 2
every_physics = pytest.mark.parametrize("physics", PHYSICS)


@cache
def swept(physics: str, local_v: float = LOCAL_V) -> list[list[SweepPoint]]:
    """The half sweeps of the published sample of Pre-Li, as built."""
    cell = SAMPLES["pre-li sweep"].of(physics).make()
    points = list(sweep(cell, 25.0, cycles=2, step_mv=2.0, local_v=local_v))
    ways = [(cycle, direction) for cycle in (1, 2) for direction in (1, -1)]
    return [[p for p in points if (p.cycle, p.direction) == way] for way in ways]


def roughness(half: list[SweepPoint]) -> float:
    """The largest second difference of the current, over the largest current."""
    currents = [point.current_ua_cm2 for point in half]
    second = (
        a - 2.0 * b + c for a, b, c in zip(currents, currents[1:], currents[2:], strict=False)
    )
    return max(map(abs, second)) / max(map(abs, currents))


@every_physics
def test_a_peak_is_smooth_and_no_cusp(physics: str) -> None:
    for half in swept(physics):
        assert roughness(half) < SMOOTH


def test_one_potential_would_be_a_cusp() -> None:
    assert max(map(roughness, swept("linear", 0.0))) > 3.0 * SMOOTH


@every_physics
def test_the_end_of_the_barrier_is_no_spike(physics: str) -> None:
    """On the way down from 4.0 V the charging current of every cycle fades, and no more."""
    for half in swept(physics)[1::2]:
        above = [point.current_ua_cm2 for point in half if point.voltage_v > 2.8]
        assert len(above) > 500
        assert all(later <= earlier + 1e-6 for earlier, later in pairwise(above))


@every_physics
def test_local_potentials_spread_a_peak_and_keep_its_charge(physics: str) -> None:
    for one, many in zip(swept(physics, 0.0), swept(physics), strict=True):
        charges = [sum(point.current_ua_cm2 for point in half) for half in (one, many)]
        assert charges[1] == pytest.approx(charges[0], rel=5e-3)
        tops = [max(abs(point.current_ua_cm2) for point in half) for half in (one, many)]
        assert tops[1] < tops[0]


def test_the_liquid_cell_has_one_potential() -> None:
    runs = [
        list(sweep(specimen("liquid-li-s", 1.0, 0.0), 25.0, cycles=1, local_v=local_v))
        for local_v in (0.0, 0.05)
    ]
    assert runs[0] == runs[1]
