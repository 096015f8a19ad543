"""How far a gauge is from the truth: the errors of its state of charge, and their figures.

All figures are per cent; None where there is nothing to judge.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from operator import mul, sub

from filmgauge_sim.score.coverage import CellCoverage

_SMALL = 0.01  # an error that nobody need be told of


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square, 95th percentile and worst of some errors."""

    rmse: float | None
    p95: float | None
    worst: float | None


def errors_of(values: Iterable[float]) -> Errors:
    """Of errors of either sign; NaN are left out (they are counted as failures)."""
    sizes = sorted(map(abs, filter(isfinite, values)))
    if not sizes:
        return Errors(None, None, None)
    square = sum(map(mul, sizes, sizes)) / len(sizes)
    rank = max(0, -(-95 * len(sizes) // 100) - 1)  # nearest rank
    return Errors(sqrt(square), sizes[rank], sizes[-1])


def mean_size(values: Iterable[float]) -> float | None:
    """Mean magnitude; NaN are left out."""
    sizes = [abs(value) for value in values if isfinite(value)]
    return sum(sizes) / len(sizes) if sizes else None


class SocErrors:
    """Errors of a state of charge, added one by one, and the share of them within two sigma.

    unexplained: how many were beyond both two sigma and 1 % while the gauge told no fault.
    """

    def __init__(self) -> None:
        self._errors_pct = array("d")
        self._judged = self._within = 0
        self.unexplained = 0

    def __len__(self) -> int:
        return len(self._errors_pct)

    def add(
        self, soc: float, true_soc: float, sigma: float | None, has_fault: bool = True
    ) -> None:
        """Add one estimate, all from 0 to 1. An unknown sigma (None, NaN) is not judged.

        has_fault: whether a fault was told with it, or it was of a gauge that tells none.
        """
        error = abs(soc - true_soc)
        self._errors_pct.append(100.0 * (soc - true_soc))
        if sigma is None or not isfinite(sigma):
            sigma = 0.0
        else:
            self._judged += 1
            self._within += error <= 2.0 * sigma
        self.unexplained += not has_fault and error > max(2.0 * sigma, _SMALL)

    def add_run(
        self, socs: Sequence[float], true_socs: Sequence[float], sigmas: Sequence[float]
    ) -> None:
        """Add the estimates of a gauge that tells no faults, a sample each."""
        errors = list(map(sub, socs, true_socs))
        self._errors_pct.extend([100.0 * error for error in errors])
        covered = CellCoverage.of(zip(errors, sigmas, strict=True))
        self._judged += covered.judged
        self._within += covered.within

    def extend(self, other: "SocErrors") -> None:
        """Add those of another run."""
        self._errors_pct.extend(other._errors_pct)
        self._judged += other._judged
        self._within += other._within
        self.unexplained += other.unexplained

    @property
    def figures(self) -> Errors:
        """Of all errors so far, per cent."""
        return errors_of(self._errors_pct)

    @property
    def coverage_pct(self) -> float | None:
        """Share of the errors that lie within two sigma."""
        return 100.0 * self._within / self._judged if self._judged else None

    def as_dict(self) -> dict[str, float | None]:
        """The figures by their names in a score."""
        return {**named("soc", self.figures), "coverage_pct": self.coverage_pct}


def named(what: str, errors: Errors) -> dict[str, float | None]:
    """Figures of errors by their names in a score."""
    return {
        f"{what}_rmse_pct": errors.rmse,
        f"{what}_p95_pct": errors.p95,
        f"{what}_max_pct": errors.worst,
    }
