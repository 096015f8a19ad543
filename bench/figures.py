"""A figure as a section of the bench gives it, and docs/figures.md, which has the last ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "figures.md"
_HEAD = "| what | figure | bound |\n|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, its value with the unit, and the bound that it shall keep, if any."""

    what: str
    value: str
    bound: str = ""

    def line(self) -> str:
        """Return it as a line for the terminal."""
        return f"{self.what}: {self.value}" + (f" (bound {self.bound})" if self.bound else "")

    def row(self) -> str:
        """Return it as a row of a table."""
        return f"| {self.what} | {self.value} | {self.bound} |\n"


def replaced(page: str, section: str, figures: Iterable[Figure]) -> str:
    """Return the page with the table of one section renewed, between its two markers.

    Raises ValueError when the page has no such section.
    """
    begin, end = f"<!-- bench: {section} -->\n", f"<!-- end: {section} -->\n"
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{PAGE.name} has no place for the figures of {section}")
    return head + begin + _HEAD + "".join(figure.row() for figure in figures) + end + tail
