"""docs/scenarios.md is what tools/scenario_page.py makes of the code."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_current() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "scenario_page.py"))
    assert tool["PAGE"].read_text() == tool["page"]()
