"""Figures of logs that were written by hand."""

from array import array
from math import inf, isnan, nan, sqrt

import pytest

from filmgauge_sim.score.bounds import Check, checks
from filmgauge_sim.score.cell_run import End
from filmgauge_sim.score.families import FAMILIES, CountedFrom
from filmgauge_sim.score.family_figures import counted_from_s, figures, learnt_from_s
from filmgauge_sim.score.gauge import RecentMean
from filmgauge_sim.score.measure import SocErrors, errors_of
from filmgauge_sim.score.run import RunLog, Track
from filmgauge_sim.score.truth import RecentDischarge


def log_of(said, true=0.5, sigma=0.01, ends=((0.0, End.FADED), (0.0, End.LOW)), **evaluated):
    """One sample a minute; an evaluation at each of them."""
    count = len(said)
    log = RunLog("lab-25", 1, 0.5)
    log.time_s = array("d", [60.0 * (n + 1) for n in range(count)])
    log.soc = array("d", [true] * count)
    log.evaluated = list(range(count))
    log.available_uah = array("d", [5.0] * count)
    log.reference_uah = array("d", [10.0] * count)
    log.full_uah = array("d", [11.0] * count)
    log.mean_ua = array("d", [evaluated.get("mean_ua", 0.5)] * count)
    log.time_to_empty_h = array("d", [evaluated.get("to_empty_h", 10.0)] * count)
    log.resistance_ohm = 1000.0
    log.ends = list(ends)
    track = Track()
    track.soc = array("d", said)
    track.sigma = array("d", [sigma] * count)
    track.available_uah = array("d", evaluated.get("available", [5.0] * count))
    track.full_uah = array("d", evaluated.get("full", [11.0] * count))
    track.time_to_empty_h = array("d", evaluated.get("tte", [10.0] * count))
    track.resistance_ohm = array("d", evaluated.get("resistance", [1000.0] * count))
    for name in ("available_sigma_uah", "full_sigma_uah", "time_to_empty_sigma_h"):
        setattr(track, name, array("d", evaluated.get(name, [nan] * count)))
    track.is_unlike = evaluated.get("unlike", [False] * count)
    log.tracks = {"gauge": track}
    return log


def figured(*logs, counted=CountedFrom.SWING):
    return figures(logs, "gauge", counted)


def test_errors_by_hand():
    found = errors_of([3.0, -4.0, 0.0, nan])
    assert found.rmse == pytest.approx(sqrt(25 / 3))
    assert (found.p95, found.worst) == (4.0, 4.0)
    assert errors_of(range(1, 101)).p95 == 95
    assert errors_of([]).rmse is None


def test_state_of_charge_in_per_cent_over_all_runs():
    found = figured(log_of([0.51, 0.49]), log_of([0.5, 0.53]))
    assert found["soc_rmse_pct"] == pytest.approx(sqrt((1 + 1 + 0 + 9) / 4))
    assert found["soc_max_pct"] == pytest.approx(3.0)
    assert found["coverage_pct"] == 75.0


def test_errors_come_one_by_one_and_an_unknown_sigma_is_not_judged():
    errors, others = SocErrors(), SocErrors()
    errors.add(0.51, 0.5, 0.01)
    errors.add(0.47, 0.5, None)
    others.add(0.55, 0.5, 0.01)
    others.add(nan, 0.5, nan)
    errors.extend(others)
    assert len(errors) == 4
    assert errors.figures.rmse == pytest.approx(sqrt((1 + 9 + 25) / 3))
    assert errors.coverage_pct == 50.0
    assert SocErrors().coverage_pct is None


def test_a_run_is_what_its_samples_are_one_by_one():
    run, errors = SocErrors(), SocErrors()
    samples = [(0.51, 0.5, 0.01), (0.47, 0.5, nan), (0.55, 0.5, 0.01), (nan, 0.5, 0.1)]
    run.add_run(*(array("d", column) for column in zip(*samples, strict=True)))
    for soc, true_soc, sigma in samples:
        errors.add(soc, true_soc, sigma)
    assert len(run) == 4
    assert run.as_dict() == errors.as_dict()


def test_available_charge_is_relative_to_the_reference():
    found = figured(log_of([0.5, 0.5], available=[6.0, 4.0]))
    assert found["available_rmse_pct"] == pytest.approx(10.0)


def test_capacity_resistance_and_time_to_empty():
    found = figured(
        log_of([0.5, 0.5], full=[11.11, 10.78], resistance=[1100.0, nan], tte=[11.0, nan])
    )
    assert found["capacity_error_pct"] == pytest.approx(1.5)
    assert found["capacity_max_pct"] == pytest.approx(2.0)
    assert found["resistance_error_pct"] == pytest.approx(10.0)
    assert found["tte_error_pct"] == pytest.approx(10.0)
    assert found["tte_known_pct"] == 50.0


def test_a_time_to_empty_that_is_nearly_over_does_not_count():
    found = figured(log_of([0.5], tte=[40.0], to_empty_h=1.0, mean_ua=0.5))
    assert found["tte_error_pct"] is None


def test_counting_begins_with_the_family():
    ends = [(100.0, End.FADED), (200.0, End.FADED), (300.0, End.LOW)]
    log = log_of([0.7, 0.6, 0.6, 0.5, 0.5], ends=ends)
    assert counted_from_s(log, CountedFrom.SWING) == 300.0
    assert counted_from_s(log, CountedFrom.ANCHOR) == 100.0
    assert counted_from_s(log, CountedFrom.DAY) == 86400.0
    assert learnt_from_s(log, CountedFrom.ANCHOR) == 100.0
    assert learnt_from_s(log, CountedFrom.DAY) == 86400.0
    found = figured(log)
    assert found["soc_rmse_pct"] == pytest.approx(0.0)
    assert found["before"]["soc_max_pct"] == pytest.approx(20.0)
    assert counted_from_s(log_of([0.5], ends=ends[:1]), CountedFrom.SWING) == 100.0
    assert counted_from_s(log_of([0.5], ends=[]), CountedFrom.SWING) == inf


def test_failures_are_counted_over_the_whole_run():
    log = log_of([nan, 1.2, -0.1, 0.5], ends=[], available=[nan, -1.0, 5.0, 5.0])
    log.tracks["gauge"].silent_jumps = 3
    log.tracks["gauge"].problems = ["count: no"]
    found = figured(log)
    assert found["failures"] == {
        "not_a_number": 2,
        "out_of_range": 3,
        "silent_jumps": 3,
        "exceptions": 1,
    }
    assert found["soc_rmse_pct"] is None


def test_bounds_are_judged():
    assert Check("a", 1.0, None, 1.0).is_met
    assert not Check("a", 1.01, None, 1.0).is_met
    assert not Check("a", 92.9, 93.0, 99.0).is_met
    assert not Check("a", None, None, 1.0).is_met
    gauge = figured(log_of([0.505, 0.495, 0.5, 0.5, 0.5]))
    baseline = gauge | {"soc_rmse_pct": 0.7}
    bounds = FAMILIES["lab-25"].bounds
    found = {c.name: c for c in checks(bounds, gauge, {"counter": baseline, "ekf": gauge})}
    assert found["soc_rmse_pct"].is_met
    assert not found["coverage_pct"].is_met  # all within: too modest
    assert found["coverage_pct"].is_cautious
    assert not found["share_of_best_baseline"].is_cautious
    for value, cautious in ((92.9, False), (93.0, False), (99.0, False), (99.1, True)):
        assert Check("a", value, 93.0, 99.0).is_cautious == cautious
    assert not Check("a", None, 93.0, 99.0).is_cautious
    assert found["share_of_best_baseline"].value == pytest.approx(1.0)
    assert not found["share_of_best_baseline"].is_met
    assert all(family.bounds is not None for family in FAMILIES.values())


def test_the_recent_mean_is_exponential():
    mean = RecentMean()
    mean.add(2.0, 3600.0)
    assert mean.current == pytest.approx(2.0 * (1 - 2.718281828459045**-1))
    halves = RecentMean()
    halves.add(2.0, 1800.0)
    halves.add(2.0, 1800.0)
    assert halves.current == pytest.approx(mean.current)


def test_a_recent_discharge_lasted_for_an_hour():
    recent = RecentDischarge()
    passed = 0.0
    for minute in range(1, 200):
        passed -= 1.0 / 60.0
        recent.add(60.0 * minute, passed, 0.02)
        assert (recent.discharge_ua() is None) == (minute < 60)
    assert recent.discharge_ua() == pytest.approx(1.0, rel=0.05)
    recent.add(60.0 * 200, passed, 0.02)
    assert recent.discharge_ua() is None
    assert not isnan(passed)


def test_sigmas_of_what_is_asked_are_judged_in_their_own_units():
    """Available 5 of 10 uAh, capacity 11 uAh, 10 h to empty; two samples, the second beyond."""
    found = figured(
        log_of(
            [0.5, 0.53],
            available=[5.9, 6.1],
            available_sigma_uah=[0.5, 0.5],
            full=[11.4, 11.4],
            full_sigma_uah=[0.21, 0.19],
            tte=[9.1, 8.9],
            time_to_empty_sigma_h=[0.5, 0.5],
        )
    )["covered"]
    half = {"samples_pct": 50.0, "cells_pct": 0.0}
    assert [found[what] for what in ("soc", "available", "capacity", "tte")] == [half] * 4
    assert found["late_soc"] == {"samples_pct": None, "cells_pct": None}


def test_an_unlike_cell_is_told_by_the_end_of_its_first_swing():
    ends = [(0.0, End.FADED), (90.0, End.LOW)]
    early, late, never = (
        log_of([0.5] * 4, ends=ends, unlike=unlike)
        for unlike in ([False, True, True, True], [False, False, True, True], [False] * 4)
    )
    assert figured(early)["told_in_swing_pct"] == 100.0
    found = figured(late, never)
    assert (found["told_in_swing_pct"], found["told_pct"]) == (0.0, 50.0)
    assert figured(log_of([0.5] * 4, ends=ends[:1]))["told_in_swing_pct"] is None
