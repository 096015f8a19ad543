"""Runs of the score: drawn within their bounds, the same by seed, whatever the processes."""

from dataclasses import replace
from random import Random

import pytest

from filmgauge_sim.cell import FilmCell, LifeState, deliverable_uah, load_parameters
from filmgauge_sim.cell.kinetics import Polarisation
from filmgauge_sim.parts.ina228_errors import BOUNDS
from filmgauge_sim.scenario.loading import ScenarioError, load_scenario
from filmgauge_sim.score import truth
from filmgauge_sim.score.families import FAMILIES
from filmgauge_sim.score.from_scenario import family_of
from filmgauge_sim.score.random_cells import drawn_cell, drawn_sensors
from filmgauge_sim.score.run import Options, run
from filmgauge_sim.score.table import scores

SET = load_parameters("evp-li")
SHORT = replace(FAMILIES["lab-25"], days=1.0)


def test_cells_are_drawn_within_their_bounds():
    cells = [drawn_cell(SET, Random(seed)) for seed in range(300)]
    for name, share in (
        ("capacity_uah_cm2", 0.05),
        ("diffusion_time_h", 0.20),
        ("diffusion_activation_energy_ev", 0.10),
    ):
        ratios = [getattr(cell, name) / getattr(SET, name) - 1.0 for cell in cells]
        assert max(map(abs, ratios)) <= share + 1e-12
        assert max(ratios) > 0.9 * share
        assert min(ratios) < -0.9 * share
    halves = [(cell.plateau_gap_v - SET.plateau_gap_v) / 2.0 for cell in cells]
    assert 0.027 < max(map(abs, halves)) <= 0.03 + 1e-12
    shares = [cell.kinetic_share for cell in cells]
    assert 0.2 <= min(shares) < 0.23
    assert 0.77 < max(shares) <= 0.8


@pytest.mark.parametrize("times", [1.0, 2.0])
def test_sensors_are_drawn_within_the_datasheet(times):
    drawn = [drawn_sensors(Random(seed), times) for seed in range(300)]
    for name, bound in BOUNDS.items():
        worst = max(abs(getattr(errors, name)) for errors in drawn)
        assert 0.9 * times * bound < worst <= times * bound
    assert 0.018 < max(abs(errors.clock_error) for errors in drawn) <= 0.02


def test_truth_is_the_cells_own():
    cell = FilmCell(SET, 2.0, 0.6)
    assert truth.time_to_empty_h(cell, 2.0, 25.0) == deliverable_uah(cell, 2.0, 25.0) / 2.0
    full = FilmCell(SET, 2.0, 1.0)
    assert truth.full_available_uah(cell, 1.0) == deliverable_uah(full, 1.0, 25.0)
    worn = FilmCell(SET, 2.0, 0.6, life=LifeState(cycles=1500.0))
    assert truth.full_available_uah(worn, 1.0) < truth.full_available_uah(cell, 1.0)


def test_resistance_is_a_chord_between_two_currents():
    cell = FilmCell(SET, 2.0, 0.6)
    law = Polarisation(SET, 25.0)
    low, high = law.voltage_v(-1.0 / 2.0), law.voltage_v(-2.0 / 2.0)
    assert truth.resistance_ohm(cell, 10.0) == pytest.approx((low - high) / 1e-6)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_runs(name):
    """A few hours: sane states, every gauge at every sample, as many evaluations as asked."""
    family = replace(FAMILIES[name], days=0.4)
    log = run(family, 3)
    assert log.time_s[-1] <= 0.4 * 86400.0 + 61.0
    assert all(-0.01 < state < 1.01 for state in log.soc)
    assert 200 < len(log.evaluated) <= 302 or len(log.evaluated) == len(log.soc)
    for track in log.tracks.values():
        assert len(track.soc) == len(track.sigma) == len(log.soc)
        assert len(track.available_uah) == len(log.evaluated)


def test_a_seed_is_a_seed():
    first, again, other = (run(replace(SHORT, days=0.4), seed) for seed in (7, 7, 8))
    assert first.soc == again.soc
    assert first.tracks["gauge"].soc == again.tracks["gauge"].soc
    assert first.soc[:50] != other.soc[:50]


def test_processes_change_nothing():
    family = replace(SHORT, days=0.3)
    alone, both = (
        [each.as_dict() for each in scores([family], range(1, 4), Options(), workers)]
        for workers in (1, 2)
    )
    assert alone == both


def test_runs_are_reported_one_by_one():
    reported = []
    list(
        scores(
            [replace(SHORT, days=0.1)], range(2), Options(), 2, lambda *run: reported.append(run)
        )
    )
    assert sorted(reported) == [(f"{SHORT.name} linear plain", seed) for seed in range(2)]


def test_single_precision_runs_the_same_gauge():
    family = replace(SHORT, days=0.5)
    double, single = (run(family, 1, Options(single=flag)) for flag in (False, True))
    assert double.soc == single.soc
    pairs = zip(double.tracks["gauge"].soc, single.tracks["gauge"].soc, strict=True)
    assert max(abs(one - other) for one, other in pairs) < 0.01
    assert double.tracks["gauge"].soc != single.tracks["gauge"].soc


def test_a_scenario_is_a_family():
    family = family_of(load_scenario("bench"))
    log = run(replace(family, days=0.5), 1)
    assert family.name == "bench"
    assert log.soc[0] == pytest.approx(0.5, abs=0.01)
    assert max(log.soc) > 0.85  # C/5 for less than three hours, and the knee


def test_a_scenario_on_film_is_refused(tmp_path):
    path = tmp_path / "film.toml"
    path.write_text('name = "film"\n[[node]]\nname = "a"\nsupply = "film"\n', "utf-8")
    with pytest.raises(ScenarioError, match="supply film needs --runtime"):
        family_of(load_scenario(str(path)))
