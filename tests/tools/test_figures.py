"""The page of figures: a section is renewed, and nothing else changes."""

import pytest

from bench.__main__ import SECTIONS
from bench.figures import PAGE, Figure, replaced

_TEXT = """# Page
<!-- bench: a -->
old
<!-- end: a -->
between
<!-- bench: b -->
<!-- end: b -->
"""


def test_a_section_is_renewed_and_the_rest_stays() -> None:
    page = replaced(_TEXT, "a", [Figure("a day", "2 s", "3 s"), Figure("a week", "9 s")])
    before, _, after = page.partition("| a day | 2 s | 3 s |\n| a week | 9 s |  |\n")
    assert before == "# Page\n<!-- bench: a -->\n| what | figure | bound |\n|---|---|---|\n"
    assert after == "<!-- end: a -->\nbetween\n<!-- bench: b -->\n<!-- end: b -->\n"


def test_a_section_without_its_place_is_named() -> None:
    with pytest.raises(ValueError, match="of c"):
        replaced(_TEXT, "c", [])


def test_every_section_has_its_place() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for section in SECTIONS:
        assert replaced(page, section, [Figure("x", "y")]).count("| x | y |") == 1


def test_a_line_names_its_bound() -> None:
    assert Figure("a day", "2 s", "3 s").line() == "a day: 2 s (bound 3 s)"
    assert Figure("a day", "2 s").line() == "a day: 2 s"
