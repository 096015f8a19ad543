"""Whether a sigma is honest: how much of what a gauge said lies within two of it.

Judged a cell at a time: one cell may be wrong all the time and be hidden by many that are right.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

MOST_OUTSIDE = 0.15  # of the samples of a cell that counts as covered


@dataclass(frozen=True, slots=True)
class CellCoverage:
    """Of one cell: how many errors had a sigma, and how many of them lie within two of it."""

    judged: int
    within: int

    @property
    def is_covered(self) -> bool:
        return self.within >= (1.0 - MOST_OUTSIDE) * self.judged

    @staticmethod
    def of(errors_and_sigmas: Iterable[tuple[float, float]]) -> "CellCoverage":
        """Of errors and their sigmas in one unit; an error without a sigma (NaN) is not judged,
        an error that is no number under a sigma is not within it."""
        judged = within = 0
        for error, sigma in errors_and_sigmas:
            if isfinite(sigma):
                judged += 1
                within += abs(error) <= 2.0 * sigma
        return CellCoverage(judged, within)


@dataclass(frozen=True, slots=True)
class RowCoverage:
    """Of all cells of a row, per cent; None where nothing is judged.

    samples_pct: share of all samples within two sigma. cells_pct: share of the cells that are
    covered, of those that have samples to judge.
    """

    samples_pct: float | None
    cells_pct: float | None

    @staticmethod
    def of(cells: Sequence[CellCoverage]) -> "RowCoverage":
        judged = [cell for cell in cells if cell.judged]
        if not judged:
            return RowCoverage(None, None)
        within = sum(cell.within for cell in judged)
        return RowCoverage(
            100.0 * within / sum(cell.judged for cell in judged),
            100.0 * sum(cell.is_covered for cell in judged) / len(judged),
        )
