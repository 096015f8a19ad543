"""The published figures: all rows hold, and the table's own numbers are those of the paper.

FILMGAUGE_SOAK=1 (`make soak-lab`) runs every cycle of them.
"""

import os

import pytest
from leaping_cycles import leaping

from filmgauge_sim.cell.liquid import load_liquid
from filmgauge_sim.lab.paper_experiments import FILM, cycled, simulate
from filmgauge_sim.lab.paper_samples import SAMPLES
from filmgauge_sim.lab.paper_table import published_figures
from filmgauge_sim.lab.specimen import LIQUID

# Nano-Micro Lett. 15:73 (2023), read off once more: figure -> published, bound.
PAPER = {
    "pre-li 1 uA/cm2": (15.58, 0.4),
    "pre-li 2 uA/cm2": (14.95, 0.4),
    "pre-li 4 uA/cm2": (14.68, 0.4),
    "pre-li 8 uA/cm2": (13.11, 0.4),
    "pre-li 12 uA/cm2": (10.95, 0.4),
    "evp-li 2.24 uA/cm2": (10.36, 0.4),
    "evp-li 4.48 uA/cm2": (8.88, 0.4),
    "evp-li 8.96 uA/cm2": (7.35, 0.4),
    "evp-li 13.46 uA/cm2": (5.41, 0.4),
    "evp-li back at 1.12 uA/cm2": (10.88, 0.4),
    "pre-li 25 degC": (6.0, 0.4),
    "pre-li 37 degC": (12.16, 0.4),
    "pre-li 60 degC": (20.47, 0.4),
    "evp-li discharge": (1.8, 0.02),
    "evp-li charge": (2.5, 0.02),
    "CV first anodic": (2.95, 0.06),
    "CV later reduction": (1.65, 0.06),
    "CV later oxidation": (2.6, 0.06),
    "pre-li first discharge": (10.99, 0.4),
    "evp-li first discharge": (7.85, 0.4),
    "evp-li third discharge": (8.88, 0.4),
    "pre-li cycle 300 over 20": (98.8, 0.5),
    "pre-li efficiency": (99.52, 0.05),
    "pre-li cycle 80": (4.55, 0.25),
    "pre-li most after the dip": (6.7, 0.25),
    "pre-li cycle 3000": (5.79, 0.25),
    "pre-li cycle 3000 over 1": (81.0, 3.5),
    "evp-li cycle 500": (5.52, 0.25),
    "evp-li efficiency": (99.71, 0.05),
    "R_ct after 1000 cycles": (412.0, 20.6),
    "diffusion, cycle 500 over 200": (2.79 / 3.04, 0.05 * 2.79 / 3.04),
    "diffusion, cycle 1000 over 200": (2.63 / 3.04, 0.05 * 2.63 / 3.04),
    "liquid-li-s upper plateau": (2.3, 0.02),
    "liquid-li-s lower plateau": (2.1, 0.02),
}


# What the model is known not to do, and by how much at most.
KNOWN_MISSES = {"pre-li 37 degC, cycle 50": 3.0}
RUN_CYCLES = cycled if os.environ.get("FILMGAUGE_SOAK") else leaping


@pytest.fixture(scope="module")
def results():
    return simulate(run_cycles=RUN_CYCLES)


@pytest.fixture(scope="module")
def table(results):
    return published_figures(results)


def test_every_row_holds_but_what_is_known(table):
    missed = {row.figure: row for row in table if not row.holds}
    assert set(missed) == set(KNOWN_MISSES)
    for figure, most in KNOWN_MISSES.items():
        assert abs(missed[figure].error) < most
        assert missed[figure].cause
    assert len(table) >= 60
    assert all(row.figure in missed for row in table if row.cause)


@pytest.mark.parametrize("physics", ["variable", "boundary"])
def test_the_other_physics_hold_the_same_rows(physics, table):
    simulated = simulate(physics=physics, run_cycles=RUN_CYCLES)
    assert_aged(simulated)
    other = published_figures(simulated)
    assert [row.figure for row in other] == [row.figure for row in table]
    assert {row.figure for row in other if not row.holds} == set(KNOWN_MISSES)


def test_a_film_has_the_age_of_its_cycles(results):
    assert_aged(results)


def assert_aged(results):
    """A cycle is a charge and a discharge of the capacity when formed; run or leapt over."""
    for name, run in results.runs.items():
        formed_uah_cm2 = results.samples[name].make().parameters.capacity_uah_cm2
        for number, life in run.lives.items():
            before = run.cycles[: number - 1]
            passed = sum(each.charge_uah_cm2 + each.discharge_uah_cm2 for each in before)
            assert life.cycles == pytest.approx(passed / (2.0 * formed_uah_cm2), rel=0.02)


def test_a_film_that_leaps_ages_as_one_that_runs_every_cycle():
    sample = SAMPLES["evp-li 500"]
    leapt, every = leaping(sample), cycled(sample)
    assert [cycle.number for cycle in leapt.cycles] == list(range(1, 501))
    for number in (100, 200, 300, 400, 500):
        here, there = leapt.cycles[number - 1], every.cycles[number - 1]
        assert here.discharge_uah_cm2 == pytest.approx(there.discharge_uah_cm2, rel=2e-3)
    for number, life in every.lives.items():
        assert leapt.lives[number].cycles == pytest.approx(life.cycles, rel=0.02)


def test_the_table_is_the_paper(table):
    by_figure = {row.figure: row for row in table}
    for figure, (published, bound) in PAPER.items():
        row = by_figure[figure]
        assert row.published == pytest.approx(published)
        assert row.simulated == pytest.approx(published, abs=bound)


def test_both_first_charges(table):
    found = [(row.unit, row.simulated) for row in table if row.figure.endswith("first charge")]
    assert [unit for unit, _ in found] == ["V", "V", "uAh/cm2"]
    volts_pre, volts_evp, charge = (value for _, value in found)
    assert volts_pre == pytest.approx(2.8, abs=0.03)
    assert volts_evp == pytest.approx(2.7, abs=0.03)
    assert charge == pytest.approx(16.52, abs=0.4)


def test_the_sweep_carries_about_ten_microamperes(results):
    most = max(abs(p.current_ua_cm2) for p in results.sweeps["pre-li sweep"] if p.cycle > 1)
    assert 7.0 < most < 13.0


def test_the_shape_of_the_3000_cycles(results):
    given = [cycle.discharge_uah_cm2 for cycle in results.runs["pre-li 3000"].cycles]
    lowest = given.index(min(given[:300]))
    highest = given.index(max(given[lowest:]))
    assert 40 < lowest < 120
    assert lowest < highest < 1500
    assert given[highest] > given[2999]


# What the solid electrolyte changes: one plateau, no shuttle, charge that stays.


def test_the_shuttle_empties_the_upper_plateau_and_the_film_keeps_its_charge(results):
    (day, film), (_, liquid) = (
        results.comparison[FILM].stored[-1],
        results.comparison[LIQUID].stored[-1],
    )
    assert day == pytest.approx(10.0)
    assert film > 99.9
    assert liquid == pytest.approx(100.0 * (1.0 - load_liquid().upper_share), abs=0.1)


def test_the_shuttle_costs_most_when_charging_slowly(results):
    film, liquid = (dict(results.comparison[name].efficiency) for name in (FILM, LIQUID))
    assert sorted(liquid.values()) == list(liquid.values())
    assert liquid[1.0] < 85.0
    assert all(share > 99.0 for share in film.values())


def test_two_plateaus_and_one(results):
    def discharged(name):
        return [
            s.voltage_v
            for s in results.comparison[name].profiles.samples
            if s.current_ua_cm2 < 0.0
        ]

    steps = {name: [v for v in discharged(name) if 1.6 < v < 2.6] for name in (FILM, LIQUID)}
    upper, lower = ([v for v in steps[LIQUID] if abs(v - level) < 0.03] for level in (2.3, 2.1))
    assert len(upper) > 5
    assert len(lower) > 15
    assert sum(abs(v - 1.8) < 0.05 for v in steps[FILM]) > 15
