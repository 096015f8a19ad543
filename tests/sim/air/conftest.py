"""Fixtures of the air tests: programs on virtual boards come from the board's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "board"))
