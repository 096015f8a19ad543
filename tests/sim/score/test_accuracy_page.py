"""docs/accuracy.md says what docs/accuracy.json says."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_page_is_current() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "accuracy_page.py"))
    score = json.loads(tool["SCORE"].read_text(encoding="utf-8"))
    kept = tool["WHOLE"]  # made by the longest run of all, which a checkout may still lack
    whole = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None
    assert tool["PAGE"].read_text(encoding="utf-8") == tool["page"](score, whole)


def test_a_missed_bound_stands_out() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "accuracy_page.py"))
    bounds = [
        {"name": "soc_rmse_pct", "value": 1.5, "low": None, "high": 1.0, "met": False},
        {"name": "coverage_pct", "value": 95.0, "low": 93.0, "high": 99.0, "met": True},
    ]
    family = {
        "gauge": {"soc_rmse_pct": 1.5, "coverage_pct": 95.0},
        "bounds": bounds,
        "baselines": {name: {"soc_rmse_pct": 7.0} for name in tool["_BASELINES"]},
    }
    text = tool["page"]({"seeds": 1, "first_seed": 3, "families": {"lab-25": family}})
    assert "| `lab-25` | **1.50** (at most 1) | - | 95.00 | - | - | - | - |" in text
    assert "| `lab-25` | 7.0 | 7.0 | 7.0 | 7.0 |" in text


def test_what_a_row_of_the_whole_misses_stands_out() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "accuracy_page.py"))
    inside = {"samples_pct": 97.0, "cells_pct": 100.0}
    outside = {"samples_pct": 80.04, "cells_pct": 50.0}
    errors = dict.fromkeys((key for key, _ in tool["_WHOLE_ERRORS"]), 2.0)
    unknown = dict.fromkeys(inside)
    covered = {"soc": outside, "available": inside, "capacity": inside, "tte": unknown}
    bounds = [
        {"name": "soc_within_pct", "value": 80.04, "low": 90.0, "high": 99.5, "met": False},
        {"name": "capacity_within_pct", "value": 99.9, "low": 90.0, "high": 99.5, "met": False},
        {"name": "times_best_plain", "value": 0.5, "low": None, "high": 1.1, "met": True},
        {"name": "told_in_swing_pct", "value": 25.0, "low": 100.0, "high": None, "met": False},
    ]
    row = {
        "gauge": {**errors, "covered": covered},
        "best_plain": "full-counter",
        "plain_baselines": {"full-counter": {"soc_rmse_pct": 4.0}},
        "bounds": bounds,
    }
    together = {"rows": 1, "rows_met": 0, "times_best_plain": 0.5, "worst_times_best_plain": 0.5}
    score = {"seeds": 1, "first_seed": 1, "whole": together, "families": {"a linear b": row}}
    text = tool["page"]({"seeds": 1, "first_seed": 1, "families": {}}, tool["shown_of"](score))
    assert (
        "| a linear b | 2.00 | 2.00 | 2.00 | 2.00 | 2.00 | 2.00 | **80/50** | 97/100 | 97/100 |"
        " - | 4.00 full-counter | 0.50 | **25 %** |"
    ) in text
    assert "0 of 1 meet their bounds; RMSE 0.50 times" in text
