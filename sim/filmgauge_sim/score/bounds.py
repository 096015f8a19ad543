"""What the gauge has to reach in each family, and whether it does."""

from dataclasses import dataclass
from typing import Any

COVERAGE_PCT = (93.0, 99.0)
CAPACITY_AFTER_SWING_PCT = 2.0
CAPACITY_WITHOUT_PCT = 4.0  # no swing for 30 days
TTE_PCT = 10.0
BASELINE_SHARE = 0.5  # of the best baseline's RMSE
AVAILABLE_TIMES = 2.0  # of the family's RMSE of the state of charge
FAILURES: tuple[str, ...] = ("not_a_number", "out_of_range", "silent_jumps", "exceptions")


@dataclass(frozen=True, slots=True)
class FamilyBounds:
    """Bounds of one family, per cent; None for no bound."""

    rmse_pct: float
    worst_pct: float | None
    capacity_pct: float = CAPACITY_AFTER_SWING_PCT
    covers_before: bool = False  # whether sigma has to cover the errors before as well


_TIGHT = FamilyBounds(1.0, 3.0)
_WIDE = FamilyBounds(2.0, 5.0)
FAMILY_BOUNDS = {
    "lab-25": _TIGHT,
    "lab-60": _TIGHT,
    "implant-37": _TIGHT,
    "fast": _TIGHT,
    "outdoor": _WIDE,
    "window": _WIDE,
    "activation": _WIDE,
    "aged": _WIDE,
    "no-anchor": FamilyBounds(3.0, 8.0, CAPACITY_WITHOUT_PCT),
    "bad-sensor": FamilyBounds(3.0, 8.0),
    "cold-boot": FamilyBounds(3.0, None, covers_before=True),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One bound: the figure, where it has to lie, and whether it does."""

    name: str
    value: float | None
    low: float | None
    high: float | None

    @property
    def is_met(self) -> bool:
        """A figure that is missing meets nothing."""
        if self.value is None:
            return False
        return (self.low is None or self.value >= self.low) and (
            self.high is None or self.value <= self.high
        )


def checks(
    family: str, gauge: dict[str, Any], baselines: dict[str, dict[str, Any]]
) -> list[Check]:
    """Every bound of a family; only the failures for one that is not in the table."""
    found = [Check(name, float(gauge["failures"][name]), None, 0.0) for name in FAILURES]
    limits = FAMILY_BOUNDS.get(family)
    if limits is None:
        return found
    found.append(Check("soc_rmse_pct", gauge["soc_rmse_pct"], None, limits.rmse_pct))
    if limits.worst_pct is not None:
        found.append(Check("soc_max_pct", gauge["soc_max_pct"], None, limits.worst_pct))
    found.append(Check("coverage_pct", gauge["coverage_pct"], *COVERAGE_PCT))
    if limits.covers_before:
        before = gauge["before"]["coverage_pct"]
        found.append(Check("before.coverage_pct", before, COVERAGE_PCT[0], None))
    most = AVAILABLE_TIMES * limits.rmse_pct
    found.append(Check("available_rmse_pct", gauge["available_rmse_pct"], None, most))
    found.append(
        Check("capacity_error_pct", gauge["capacity_error_pct"], None, limits.capacity_pct)
    )
    found.append(Check("tte_error_pct", gauge["tte_error_pct"], None, TTE_PCT))
    best = min(
        (each["soc_rmse_pct"] for each in baselines.values() if each["soc_rmse_pct"] is not None),
        default=None,
    )
    if best is not None:
        share = None if gauge["soc_rmse_pct"] is None else gauge["soc_rmse_pct"] / best
        found.append(Check("share_of_best_baseline", share, None, BASELINE_SHARE))
    return found
