"""What the gauge has to reach in each family, and whether it does."""

from dataclasses import dataclass
from typing import Any

COVERAGE_PCT = (93.0, 99.0)
TTE_PCT = 10.0
BASELINE_SHARE = 0.5  # of the best baseline's RMSE
AVAILABLE_TIMES = 2.0  # of the family's RMSE of the state of charge
SAMPLES_PCT = (90.0, 99.5)  # within two sigma, over a row
CELLS_PCT = 85.0  # of the cells of a row: 17 of 20
COVERED = ("soc", "available", "capacity", "tte")
TIMES_BEST_PLAIN = 1.1  # of the RMSE of the best plain baseline, in any row
TIMES_REFERENCE = 1.3
FAILURES: tuple[str, ...] = ("not_a_number", "out_of_range", "silent_jumps", "exceptions")


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyBounds:
    """Bounds of one family, per cent; None for no bound."""

    rmse_pct: float
    worst_pct: float | None = None
    capacity_pct: float = 2.0  # after a full swing
    covers_before: bool = False  # whether sigma has to cover the errors before as well


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBounds:
    """Bounds of one row of the whole table, which are the same whatever the family.

    reference_rmse_pct: RMSE of the state of charge that the linear physics once had, of which a
    gauge that copes with more may have a little more; None for no bound. is_wrong_profile: whether
    the gauge has to say that its cell is not that of its profile; None where that is a matter of
    taste.
    """

    reference_rmse_pct: float | None = None
    is_wrong_profile: bool | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One bound: the figure, where it has to lie, and whether it does."""

    name: str
    value: float | None
    low: float | None
    high: float | None

    @property
    def is_cautious(self) -> bool:
        """Whether sigma covers more than it should: worth a remark, but the gauge is no worse."""
        if self.low is None or self.high is None or self.value is None:
            return False
        return self.value > self.high

    @property
    def is_met(self) -> bool:
        """A figure that is missing meets nothing."""
        if self.value is None:
            return False
        return (self.low is None or self.value >= self.low) and (
            self.high is None or self.value <= self.high
        )


def checks(
    limits: FamilyBounds | None, gauge: dict[str, Any], baselines: dict[str, dict[str, Any]]
) -> list[Check]:
    """Every bound of a family; only the failures for one that has none."""
    found = [Check(name, float(gauge["failures"][name]), None, 0.0) for name in FAILURES]
    if limits is None:
        return found

    def judge(name: str, most: float, least: float | None = None) -> None:
        found.append(Check(name, gauge[name], least, most))

    judge("soc_rmse_pct", limits.rmse_pct)
    if limits.worst_pct is not None:
        judge("soc_max_pct", limits.worst_pct)
    judge("coverage_pct", COVERAGE_PCT[1], COVERAGE_PCT[0])
    if limits.covers_before:
        before = gauge["before"]["coverage_pct"]
        found.append(Check("before.coverage_pct", before, COVERAGE_PCT[0], None))
    judge("available_rmse_pct", AVAILABLE_TIMES * limits.rmse_pct)
    judge("capacity_error_pct", limits.capacity_pct)
    judge("tte_error_pct", TTE_PCT)
    rmses = [each["soc_rmse_pct"] for each in baselines.values()]
    best = min((rmse for rmse in rmses if rmse is not None), default=None)
    if best is not None:
        share = None if gauge["soc_rmse_pct"] is None else gauge["soc_rmse_pct"] / best
        found.append(Check("share_of_best_baseline", share, None, BASELINE_SHARE))
    return found


def row_checks(
    limits: RowBounds, gauge: dict[str, Any], best_plain_rmse_pct: float | None
) -> list[Check]:
    """Every bound of a row of the whole table."""
    found: list[Check] = []
    for what in COVERED:
        covered = gauge["covered"][what]
        found.append(Check(f"{what}_within_pct", covered["samples_pct"], *SAMPLES_PCT))
        found.append(Check(f"{what}_cells_pct", covered["cells_pct"], CELLS_PCT, None))
    rmse = gauge["soc_rmse_pct"]
    found.append(
        Check("times_best_plain", _over(rmse, best_plain_rmse_pct), None, TIMES_BEST_PLAIN)
    )
    if limits.reference_rmse_pct is not None:
        times = _over(rmse, limits.reference_rmse_pct)
        found.append(Check("times_reference", times, None, TIMES_REFERENCE))
    if limits.is_wrong_profile:
        if gauge["told_in_swing_pct"] is not None:
            found.append(Check("told_in_swing_pct", gauge["told_in_swing_pct"], 100.0, None))
        late = gauge["covered"]["late_soc"]["cells_pct"]
        if late is not None:
            found.append(Check("late_soc_cells_pct", late, CELLS_PCT, None))
    elif limits.is_wrong_profile is False:
        found.append(Check("told_pct", gauge["told_pct"], None, 0.0))
    return found


def _over(value: float | None, divisor: float | None) -> float | None:
    return None if value is None or not divisor else value / divisor
