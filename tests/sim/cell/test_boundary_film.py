"""A film with moving boundaries, against patches that are followed one by one."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, LifeState, deliverable_uah, load_parameters
from filmgauge_sim.cell.boundary_film import BoundaryFilm
from filmgauge_sim.cell.kinetics import Polarisation, static_hysteresis_v
from filmgauge_sim.cell.reaction_fronts import ReactionFronts, burden
from filmgauge_sim.lab.current_search import current_for_voltage

EVP = load_parameters("evp-li-boundary")
LOSSLESS = replace(EVP, charge_acceptance=1.0, self_discharge_per_year=0.0)
SPREAD = EVP.patch_spread
PATCHES = 4000

changes = st.lists(st.floats(-0.6, 0.6), max_size=12)
segments = st.lists(
    st.tuples(
        st.floats(-30.0, 30.0), st.floats(-20.0, 70.0), st.floats(-3.0, 5.0).map(lambda x: 10**x)
    ),
    max_size=8,
)


class Patches:
    """Patches of unequal thickness under one area each, all with their layers as a list of
    [thickness, charged] from the electrolyte on; a current is shared so that every front that
    moves is equally deep."""

    def __init__(self, stoichiometry_of_top: float) -> None:
        self.thick = [1.0 - SPREAD + 2.0 * SPREAD * (k + 0.5) / PATCHES for k in range(PATCHES)]
        self.depths: list[float] = []  # fronts, common to all patches, deepest first
        self.charged = stoichiometry_of_top > 0.5

    def content(self, depth: float) -> float:
        """Material above a depth, of all patches."""
        return sum(min(depth, thick) for thick in self.thick) / PATCHES

    def stoichiometry(self) -> float:
        total, above, charged = 0.0, 0.0, self.charged
        for depth in (*reversed(self.depths), 1.0 + SPREAD):
            if charged:
                total += self.content(depth) - self.content(above)
            above, charged = depth, not charged
        return total

    def move(self, change: float) -> float:
        """Convert step by step; return the depth of the front that moved last."""
        charging = change > 0.0
        if charging != self.charged:
            self.depths.append(0.0)
            self.charged = charging
        left = abs(change)
        while left > 0.0 and self.depths:
            front = self.depths[-1]
            end = self.depths[-2] if len(self.depths) > 1 else 1.0 + SPREAD
            area = sum(thick > front for thick in self.thick) / PATCHES
            step = min(1e-3, end - front, left / area if area else end - front)
            self.depths[-1] = front + step
            left -= area * step
            if self.depths[-1] >= end - 1e-12:
                del self.depths[-2:]
        return self.depths[-1] if self.depths else 1.0 + SPREAD


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=5))
def test_fronts_are_where_the_patches_have_theirs(moves: list[float]) -> None:
    patches, film = Patches(1.0), ReactionFronts.uniform(1.0, charging=True)
    stoichiometry = 1.0
    for change in moves:
        change = min(max(change, 0.01 - stoichiometry), 0.99 - stoichiometry)
        patches.move(change)
        film = film.moved(change)
        stoichiometry += change
        assert film.stoichiometry() == pytest.approx(stoichiometry, abs=1e-9)
        assert patches.stoichiometry() == pytest.approx(stoichiometry, abs=3e-3)
        positions = [patches.content(depth) for depth in patches.depths]
        # A layer thinner than a step of theirs may be there or not.
        ours = [position for position in film.positions if position > 5e-3]
        for position in ours:
            assert min((abs(position - each) for each in positions), default=1.0) < 8e-3


@given(st.floats(0.0, 1.0))
def test_the_burden_is_depth_over_area(depth_share: float) -> None:
    depth = depth_share * (1.0 + SPREAD)
    thick = [1.0 - SPREAD + 2.0 * SPREAD * (k + 0.5) / PATCHES for k in range(PATCHES)]
    area = sum(each > depth for each in thick) / PATCHES
    if area < 0.02:
        return
    position = sum(min(depth, each) for each in thick) / PATCHES
    assert burden(position, SPREAD) == pytest.approx(depth / area, rel=2e-2, abs=1e-3)


@pytest.mark.parametrize("current", [1.12, 2.24, 4.48, 8.96, 13.46, 30.0])
def test_a_discharge_ends_where_diffusion_brings_no_more(current: float) -> None:
    """j x = S K with S = (1 + a - x) / 2a, in closed form but for the width of the knee."""
    limiting = EVP.capacity_uah_cm2 / EVP.diffusion_time_h
    depth = limiting / current
    if depth > 1.0 - SPREAD:
        depth = limiting * (1.0 + SPREAD) / (2.0 * SPREAD * current + limiting)
    beyond = max(depth - 1.0 + SPREAD, 0.0)
    expected = EVP.capacity_uah_cm2 * (depth - beyond * beyond / (4.0 * SPREAD))
    given_uah = deliverable_uah(FilmCell(LOSSLESS, 1.0, 1.0), current, 25.0)
    # At theta = 1 the voltage has fallen by 0.8 V: the cutoff lies within a knee width of it.
    assert given_uah == pytest.approx(expected, rel=0.03)


def exhausted_film() -> tuple[FilmCell, float]:
    """A film whose only front is shallow, and when a discharge of 0.85 uA reaches it."""
    cell = FilmCell(LOSSLESS, 1.0, 0.1)
    found = cell.next_crossing(-0.85, 25.0, 1e6, low_v=1.0)
    assert found is not None
    return cell, found.time_s


def test_a_voltage_leaps_no_further_than_twice_the_height_of_the_knee() -> None:
    cell, time_s = exhausted_film()
    cell.advance(-0.85, 25.0, time_s - 1.0)
    assert cell.voltage_v(-0.85, 25.0) > 1.0
    cell.advance(-0.85, 25.0, 2.0)
    currents = [10**power for power in range(-6, 5)]
    shown = [cell.voltage_v(-current, 25.0) for current in currents]
    assert all(after < before for before, after in pairwise(shown))
    plateau_v = cell.voltage_v(-1e-12, 25.0)
    drop_v = Polarisation(LOSSLESS, 25.0).voltage_v(currents[-1])
    least_v = plateau_v - 2.0 * math.exp(2.0) * LOSSLESS.empty_fall_v - drop_v
    assert shown[-1] == pytest.approx(least_v, abs=0.1)


def hold(cell: FilmCell, voltage_v: float, duration_s: float) -> None:
    """Hold a voltage at 25 degC by short steps of constant current that each end at it."""
    current, steps = -5.0, round(duration_s / 4.0)
    for _ in range(steps):
        current = current_for_voltage(cell, voltage_v, 25.0, duration_s / steps, current)
        cell.advance(current, 25.0, duration_s / steps)


class HeldPatches:
    """Patches that are followed one by one under a constant voltage: each grows its product by
    dx/dt = theta / (tau x) until it is converted, where theta is what their voltage asks for."""

    def __init__(self, spread: float, voltage_v: float) -> None:
        self.parameters = replace(LOSSLESS, patch_spread=spread)
        self.thick = 1.0 + spread * (2.0 * (np.arange(300) + 0.5) / 300 - 1.0)
        self.voltage_v = voltage_v
        self.polarisation = Polarisation(self.parameters, 25.0)

    def current_ua_cm2(self, depths: np.ndarray) -> float:
        """The discharge under which plateau, polarisation and knee add up to the voltage."""
        p = self.parameters
        given = float(np.mean(np.minimum(depths, self.thick)))
        open_v = p.plateau_middle_v + p.plateau_slope_v * (0.5 - given)
        open_v -= static_hysteresis_v(p)
        most = (
            p.capacity_uah_cm2
            / p.diffusion_time_h
            * float(np.mean((depths < self.thick) / np.maximum(depths, 1e-6)))
        )

        def excess_v(current: float) -> float:
            fall_v = p.empty_fall_v * math.exp(min((current / most - 1.0) / p.knee_width, 30.0))
            return open_v + self.polarisation.voltage_v(-current) - fall_v - self.voltage_v

        return scipy.optimize.brentq(excess_v, 0.0, 3.0 * most) if most else 0.0

    def rates(self, depths: np.ndarray) -> np.ndarray:
        alive = depths < self.thick
        pull = alive / np.maximum(depths, 1e-6)
        share = pull / max(float(np.mean(pull)), 1e-12)
        return self.current_ua_cm2(depths) / LOSSLESS.capacity_uah_cm2 / 3600.0 * share


@pytest.mark.parametrize("spread", [0.01, SPREAD])
def test_a_held_voltage_grows_the_product_as_patches_do(spread: float) -> None:
    """From a tenth discharged on at 1.2 V, where diffusion alone limits the current."""
    held = HeldPatches(spread, 1.2)
    cell = FilmCell(held.parameters, 1.0, 1.0, hysteresis=-1.0)
    cell.advance(-1.0, 25.0, 0.1 * LOSSLESS.capacity_uah_cm2 * 3600.0)
    times_s = [600.0, 1200.0, 2400.0]
    grown = scipy.integrate.solve_ivp(
        lambda _, depths: held.rates(depths),
        (0.0, times_s[-1]),
        np.full(300, 0.1),
        t_eval=times_s,
        max_step=10.0,
        rtol=1e-6,
    )
    begun_s = 0.0
    for time_s, depths in zip(times_s, grown.y.T, strict=True):
        hold(cell, 1.2, time_s - begun_s)
        begun_s = time_s
        expected = float(np.mean(np.minimum(depths, held.thick)))
        assert 1.0 - cell.stoichiometry == pytest.approx(expected, rel=3e-3)


def test_the_product_of_an_even_film_grows_parabolically() -> None:
    """x^2 = x0^2 + 2 theta t / tau, with theta within some knee widths of 1."""
    even = replace(LOSSLESS, patch_spread=0.01)
    cell = FilmCell(even, 1.0, 1.0, hysteresis=-1.0)
    cell.advance(-1.0, 25.0, 0.1 * even.capacity_uah_cm2 * 3600.0)
    squares = []
    for _ in range(8):
        hold(cell, 1.2, 300.0)
        squares.append((1.0 - cell.stoichiometry) ** 2)
    per_s = 2.0 / (3600.0 * even.diffusion_time_h)
    for before, after in pairwise(squares):
        assert (after - before) / 300.0 == pytest.approx(per_s, rel=0.05)


def test_what_a_fast_discharge_leaves_comes_slowly_or_warm_and_not_with_rest() -> None:
    cell = FilmCell(LOSSLESS, 1.0, 1.0)
    fast = deliverable_uah(cell, 13.46, 25.0)
    cell.advance(-13.46, 25.0, fast / 13.46 * 3600.0)
    cell.advance(0.0, 25.0, 30 * 86400.0)
    assert deliverable_uah(cell, 13.46, 25.0) < 1e-6
    slow, warm = deliverable_uah(cell, 1.12, 25.0), deliverable_uah(cell, 13.46, 60.0)
    assert slow > 4.0
    assert warm > 4.0


def test_a_small_charge_gives_little_more_than_itself_at_once() -> None:
    """The turn is remembered until it is passed over, whatever came between."""
    cell = FilmCell(LOSSLESS, 1.0, 1.0)
    cell.advance(-13.46, 25.0, deliverable_uah(cell, 13.46, 25.0) / 13.46 * 3600.0)
    cell.advance(1.0, 25.0, 1800.0)
    # A little more: the hysteresis has not turned back whole yet.
    assert deliverable_uah(cell, 13.46, 25.0) == pytest.approx(0.5, abs=0.05)


@settings(max_examples=120, deadline=None)
@given(changes, st.booleans(), st.floats(0.0, 1.0))
def test_places_are_in_order_and_hold_the_charge(
    moves: list[float], charging: bool, begin: float
) -> None:
    film, total = ReactionFronts.uniform(begin, charging), begin
    for change in moves:
        film, total = film.moved(change), total + change
        assert list(film.positions) == sorted(film.positions, reverse=True)
        assert all(0.0 <= position <= 1.0 for position in film.positions)
        assert film.stoichiometry() == pytest.approx(total, abs=1e-9)


def test_many_turns_are_remembered_within_bounds() -> None:
    film = ReactionFronts.uniform(1.0, charging=True)
    for turn in range(400):
        size = 0.4 * 0.99**turn
        film = film.moved(-size if turn % 2 == 0 else 0.995 * size)
        assert len(film.positions) <= 41
    expected = 1.0 + sum(
        (-1.0 if turn % 2 == 0 else 0.995) * 0.4 * 0.99**turn for turn in range(400)
    )
    assert film.stoichiometry() == pytest.approx(expected, abs=1e-9)


@given(changes, st.floats(0.8, 1.25))
def test_another_capacity_keeps_the_charge(moves: list[float], scale: float) -> None:
    film = ReactionFronts.uniform(0.5, charging=True)
    for change in moves:
        film = film.moved(change)
    scaled = film.rescaled(scale)
    assert scaled.stoichiometry() == pytest.approx(film.stoichiometry() * scale, abs=1e-9)
    assert list(scaled.positions) == sorted(scaled.positions, reverse=True)


@settings(deadline=None)
@given(segments, st.booleans())
def test_fronts_and_stoichiometry_agree_through_a_life(
    history: list[tuple[float, float, float]], ages: bool
) -> None:
    cell = FilmCell(EVP, 1.0, 0.5, life=LifeState.as_built() if ages else None)
    assert isinstance(cell, BoundaryFilm)
    for segment in history:
        cell.advance(*segment)
        stored = cell._fronts.stoichiometry()
        assert stored == pytest.approx(cell.stoichiometry, rel=1e-9, abs=1e-9)
        assert math.isfinite(cell.voltage_v(segment[0], segment[1]))


def test_the_mean_voltage_is_that_of_fine_steps_across_a_meeting_of_fronts() -> None:
    cell = FilmCell(EVP, 1.0, 1.0)
    cell.advance(-5.0, 25.0, 3600.0)
    cell.advance(2.0, 25.0, 600.0)
    duration_s, steps = 1800.0, 20_000
    total, twin = 0.0, cell.clone()
    for _ in range(steps):
        twin.advance(-5.0, 25.0, 0.5 * duration_s / steps)
        total += twin.voltage_v(-5.0, 25.0)
        twin.advance(-5.0, 25.0, 0.5 * duration_s / steps)
    assert cell.mean_voltage_v(-5.0, 25.0, duration_s) == pytest.approx(total / steps, abs=1e-5)
