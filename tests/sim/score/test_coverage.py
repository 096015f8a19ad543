"""Two sigma, judged a cell at a time, by hand."""

from dataclasses import replace
from math import nan

import pytest

from filmgauge_sim.score.bounds import Check, RowBounds, row_checks
from filmgauge_sim.score.coverage import CellCoverage, RowCoverage
from filmgauge_sim.score.families import FAMILIES
from filmgauge_sim.score.modifiers import MODIFIERS
from filmgauge_sim.score.rows import row
from filmgauge_sim.score.run import Options
from filmgauge_sim.score.table import scores
from filmgauge_sim.score.whole import whole_score


def test_two_sigma_on_either_side_and_no_more():
    pairs = [(0.2, 0.1), (-0.2, 0.1), (0.21, 0.1), (-0.3, 0.1), (0.0, 0.0), (nan, 0.1), (0.1, nan)]
    assert CellCoverage.of(pairs) == CellCoverage(judged=6, within=3)


def test_a_cell_is_covered_with_85_percent_of_its_samples():
    assert CellCoverage(100, 85).is_covered
    assert not CellCoverage(100, 84).is_covered


def test_many_right_cells_do_not_hide_a_wrong_one():
    """Nine cells wholly inside, one wholly outside, one without samples."""
    cells = [CellCoverage(10, 10)] * 9 + [CellCoverage(10, 0), CellCoverage(0, 0)]
    assert RowCoverage.of(cells) == RowCoverage(samples_pct=90.0, cells_pct=90.0)
    assert RowCoverage.of([CellCoverage(0, 0)]) == RowCoverage(None, None)


def test_long_cells_weigh_as_many_samples_and_one_cell():
    cells = [CellCoverage(300, 300), CellCoverage(100, 20)]
    assert RowCoverage.of(cells) == RowCoverage(samples_pct=80.0, cells_pct=50.0)


def covered(samples, cells):
    return {"samples_pct": samples, "cells_pct": cells}


def gauge(**changed):
    whats = ("soc", "available", "capacity", "tte", "late_soc")
    base = {what: covered(95.0, 100.0) for what in whats} | changed.pop("covered", {})
    return {
        "covered": base,
        "soc_rmse_pct": 1.0,
        "told_in_swing_pct": 100.0,
        "told_pct": 0.0,
        **changed,
    }


def missed(found: list[Check]) -> set[str]:
    return {check.name for check in found if not check.is_met}


def test_an_honest_gauge_meets_its_row():
    limits = RowBounds(reference_rmse_pct=0.8, is_wrong_profile=False)
    assert missed(row_checks(limits, gauge(), 1.0)) == set()


def test_each_bound_is_missed_by_its_figure():
    limits = RowBounds(reference_rmse_pct=0.7, is_wrong_profile=False)
    bad = gauge(told_pct=25.0, covered={"soc": covered(89.9, 84.0), "tte": covered(None, None)})
    assert missed(row_checks(limits, bad, 0.9)) == {
        "soc_within_pct",
        "soc_cells_pct",
        "tte_within_pct",
        "tte_cells_pct",
        "times_best_plain",
        "times_reference",
        "told_pct",
    }


def test_a_wrong_profile_is_told_within_a_swing_or_covered_after_a_month():
    limits = RowBounds(is_wrong_profile=True)
    late = gauge(told_in_swing_pct=None, covered={"late_soc": covered(50.0, 50.0)})
    assert missed(row_checks(limits, late, 1.0)) == {"late_soc_cells_pct"}
    silent = gauge(told_in_swing_pct=75.0, covered={"late_soc": covered(None, None)})
    assert missed(row_checks(limits, silent, 1.0)) == {"told_in_swing_pct"}


def test_rows_together_are_judged_by_their_mean_squares():
    families = [
        row(replace(FAMILIES["lab-25"], days=0.6), physics, MODIFIERS["sudden-loss"])
        for physics in ("linear", "boundary")
    ]
    done = list(scores(families, [1], Options(), 1))
    assert [each.family.title for each in done] == [
        "lab-25 linear sudden-loss",
        "lab-25 boundary sudden-loss",
    ]
    ours = sum(each.gauge["soc_rmse_pct"] ** 2 for each in done) ** 0.5
    theirs = sum(
        min(b["soc_rmse_pct"] for b in each.plain_baselines.values()) ** 2 for each in done
    )
    whole = whole_score(done)
    assert whole.times_best_plain == pytest.approx(ours / theirs**0.5)
    assert whole.rows == 2
    assert whole.check.is_met == (ours / theirs**0.5 <= 0.7)
