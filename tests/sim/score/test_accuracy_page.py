"""docs/accuracy.md says what docs/accuracy.json says."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_page_is_current() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "accuracy_page.py"))
    score = json.loads((ROOT / "docs" / "accuracy.json").read_text(encoding="utf-8"))
    assert tool["PAGE"].read_text(encoding="utf-8") == tool["page"](score)


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
